"""An experiment: a frozen value that says what to run. Same content, same id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import field, fields
from functools import cached_property, lru_cache
from json.encoder import encode_basestring_ascii
from pathlib import Path

from scheduler.experiments.asks import NO_WISHES, Policy, Resources, SlurmWishes
from scheduler.experiments.command.command import Launch, fill, slots
from scheduler.values import dataclass

GROUP_KEY = "experiment_group"
NO_ENVIRONMENT = "{}"
# In `vars` of an experiment: what `argv` and `argv_as_json` give, and pieces of `content`; a copy by `replace` has them no more.
KNOWN_LINE, KNOWN_TEXT, KNOWN_CONTENT = "known line", "known text", "known content"
MARK = 12  # hexadecimal digits of an id: enough for all that is ever run from one directory
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode  # json.dumps would make an encoder for each
_as_json = lru_cache(json.dumps)  # of a group: thousands have the same


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
    slurm: SlurmWishes = NO_WISHES  # what its file says of the cluster that it may run on

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
        known = vars(self).get(KNOWN_CONTENT)
        return _content(self.command, self._arguments_with_group) if known is None else "".join(known)

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


def known(like: Experiment) -> Callable[[str, tuple[str, ...], tuple[str, ...] | None, str | None], Experiment]:
    """Makes experiments that are `like` this one but for their arguments, of which the content is known too, in pieces, and the
    command line, as words and as JSON text, where it is not None. As `replace` does, in a tenth of the time."""
    shared = {each.name: getattr(like, each.name) for each in fields(like)}

    def made(arguments: str, content: tuple[str, ...], argv: tuple[str, ...] | None, text: str | None) -> Experiment:
        found: Experiment = object.__new__(Experiment)
        its = vars(found)
        its.update(shared)
        its["arguments"], its[KNOWN_CONTENT], its[KNOWN_LINE], its[KNOWN_TEXT] = arguments, content, argv, text
        return found

    return made
