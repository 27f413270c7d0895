"""An experiment: a frozen value that says what to run. Same content, same id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import field, fields
from functools import cached_property, lru_cache
from json.encoder import encode_basestring_ascii
from pathlib import Path

from scheduler.experiments.command.command import Launch, fill, slots
from scheduler.values import dataclass

GROUP_KEY = "experiment_group"
NO_ENVIRONMENT = "{}"
# In `vars` of an experiment: what `argv` and `argv_as_json` give; a copy by `replace` has them no more.
KNOWN_LINE, KNOWN_TEXT = "known line", "known text"
MARK = 12  # hexadecimal digits of an id: enough for all that is ever run from one directory
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode  # json.dumps would make an encoder for each
_as_json = lru_cache(json.dumps)  # of a group: thousands have the same


@dataclass(frozen=True)
class Resources:
    """What an experiment asks for. None means: not said. `gpu_memory` is in MiB, on each GPU. `share`: so many such jobs at most
    on one GPU, whatever memory they need."""

    gpus: int | None = None
    gpu_memory: int | None = None
    cpus: int | None = None
    exclusive: bool = False
    share: int | None = None


@dataclass(frozen=True)
class Ranking:
    """Which experiments are better: those whose `metric` is small (`goal` minimize) or large (maximize)."""

    metric: str
    goal: str


@dataclass(frozen=True)
class Policy:
    """How its job is treated: further attempts after a failure, seconds for one attempt, whether it can resume.

    `max_failures`: after so many failures in a row, each just after its start, the rest of its program is not started; None:
    however many.
    `leftovers`: what becomes of processes that its script leaves behind: they may go on as long as they `work` (use a core, or
    read, or write), or to their end (`wait`), or are ended at once (`kill`). `grace`: seconds from the first signal of a stop to
    the next.
    `environment`: names of variables whose values it keeps, beside those that decide about its programs. `objective`: what ranks
    it among others. `priority`: the higher starts first. `after_any`: one of the jobs that it comes after is enough, not all;
    `after_failure`: where they do not succeed, `skip` it, or `run` it however they ended.
    `ports`: so many ports in a row that no other job of the machine has, and MASTER_PORT is the first; 0: it does not ask.
    `warm`: whether it may be forked from an interpreter that has its imports loaded, or these modules; None: where that pays.
    """

    retries: int = 0
    timeout: float | None = None
    resumable: bool = False
    leftovers: str = "work"
    grace: float = 10.0
    max_failures: int | None = 5
    environment: tuple[str, ...] = ()
    objective: Ranking | None = None
    priority: int = 0
    after_any: bool = False
    after_failure: str = "skip"
    ports: int = 0
    warm: bool | tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "environment", tuple(self.environment))  # JSON, in which it is kept, has lists only
        if isinstance(self.warm, list):
            object.__setattr__(self, "warm", tuple(self.warm))
        if isinstance(self.objective, dict):  # and no values of ours
            object.__setattr__(self, "objective", Ranking(self.objective["metric"], self.objective["goal"]))


@dataclass(frozen=True)
class Experiment:
    """One experiment.

    `command` is the template as it was written, before macros; `arguments` is the configuration as JSON text, keys in
    order, without the group; `launch` is the command with everything filled in but the arguments. `passes_group` says whether
    the program is told its group; scripts of sweep files know no such key.
    """

    command: tuple[str, ...]
    arguments: str
    group: str | None = None
    resources: Resources = Resources()
    policy: Policy = Policy()
    launch: Launch = field(default=(), compare=False, repr=False)
    passes_group: bool = field(default=True, compare=False, repr=False)
    # JSON: variables for its attempts; see `Job.additions`.
    environment: str = field(default=NO_ENVIRONMENT, compare=False, repr=False)
    trial: int | None = field(default=None, compare=False, repr=False)  # its number: a sweep may try one point twice

    @property
    def config(self) -> dict:
        """The configuration, without the group, as a new dictionary."""
        return json.loads(self.arguments)

    @property
    def argv(self) -> tuple[str, ...]:
        """The command line, every macro filled in. A file that it names is written by `argument_files.written`."""
        known = vars(self).get(KNOWN_LINE)
        if known is not None:
            return known
        return fill(self.launch, self.arguments, self.arguments_as_json, lambda: str(self.argument_file), lambda: self.mark)

    @property
    def argv_as_json(self) -> str:
        """The command line as JSON text, as the queue keeps it."""
        known = vars(self).get(KNOWN_TEXT)
        return command_as_json(self.argv) if known is None else known

    @property
    def mark(self) -> str:
        """What no other has in its name: the beginning of the id, and the number of the trial where it is one."""
        return self.id[:MARK] + (f"-{self.trial}" if self.trial is not None else "")

    @property
    def first_word(self) -> tuple[str, ...]:
        """The first word of the command line, without making the rest of it where that is not needed; empty if there is none."""
        first = self.launch[0] if self.launch else None
        return (first,) if isinstance(first, str) else self.argv[:1]

    @property
    def argument_file(self) -> Path | None:
        """The file that `${args_json_file}` stands for, named by what it holds: the experiment's id, without the group where the
        program is not told that. None if the command has none."""
        folder = next((slot.folder for slot in slots(self.launch) if slot.folder), None)
        if folder is None:
            return None
        return Path(folder, f"{self.id if self.passes_group else _digest(self.command, self.arguments)}.json")

    @property
    def arguments_as_json(self) -> str:
        """What `${args_json}` stands for: the configuration, with `experiment_group` as its last key where that is passed."""
        return self._arguments_with_group if self.passes_group else self.arguments

    @property
    def _arguments_with_group(self) -> str:
        return arguments_with_group(self.arguments, self.group)

    @property
    def content(self) -> str:
        """The command template and the configuration with its group, in canonical JSON."""
        return _content(self.command, self._arguments_with_group)

    @cached_property
    def id(self) -> str:
        """SHA-256 (64 hex digits) of the content.

        It does not depend on the order of keys, on how the file is written, on resources, on policy or on the machine.
        """
        return id_of(self.content)


def id_of(content: str) -> str:
    """The id of an experiment with this content."""
    return hashlib.sha256(content.encode()).hexdigest()


def command_as_json(argv: Iterable[str]) -> str:
    """As `json.dumps` writes it, which takes five times as long: it makes an encoder for each list."""
    return f"[{', '.join(map(encode_basestring_ascii, argv))}]"


def arguments_with_group(arguments: str, group: str | None) -> str:
    """The configuration as JSON text, with `experiment_group` as its last key where there is a group."""
    if group is None:
        return arguments
    comma = ", " if arguments != "{}" else ""
    return f'{arguments[:-1]}{comma}"{GROUP_KEY}": {_as_json(group)}}}'


def canonical(value: object) -> str:
    """JSON that is the same however a file is written; of what JSON has been read to."""
    return _CANONICAL(value)


def _content(command: tuple[str, ...], arguments: str) -> str:
    return canonical([list(command), json.loads(arguments)])


def _digest(command: tuple[str, ...], arguments: str) -> str:
    return id_of(_content(command, arguments))


def known(like: Experiment) -> Callable[[str, str, tuple[str, ...] | None, str | None], Experiment]:
    """Makes experiments that are `like` this one but for their arguments, of which the id is known too, and the command line, as
    words and as JSON text, where it is not None. As `replace` does, in a tenth of the time."""
    shared = {each.name: getattr(like, each.name) for each in fields(like)}

    def made(arguments: str, own_id: str, argv: tuple[str, ...] | None, text: str | None) -> Experiment:
        found: Experiment = object.__new__(Experiment)
        vars(found).update(shared, arguments=arguments, id=own_id, **{KNOWN_LINE: argv, KNOWN_TEXT: text})
        return found

    return made
