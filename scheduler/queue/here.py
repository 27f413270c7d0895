"""The environment of the person who asks for jobs, and the code of their programs, as these remember it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path

from scheduler.experiments import Experiment, Policy
from scheduler.experiments.command.command import Launch
from scheduler.experiments.command.program_file import program_files, settles
from scheduler.queue.changes import Changes
from scheduler.queue.code import Codes
from scheduler.queue.code_rows import ask_with_present_code, present, remember
from scheduler.queue.latest import Latest
from scheduler.queue.new_rows import Keeps
from scheduler.queue.surroundings import surroundings_of

Asked = tuple[int, Sequence[str], Policy]  # a job's number, its command line (the first word will do) and its policy


def directory() -> str:
    """The real path of the working directory; "" where it is gone."""
    try:
        return os.path.realpath(os.getcwd())  # noqa: PTH109 (a Path raises at other things too)
    except FileNotFoundError:
        return ""


class Here:
    """For one change, and one working directory. Calling it gives the number of what a job with this command line and policy
    keeps."""

    def __init__(self, change: Changes, cwd: str, environment: Mapping[str, str] | None = None) -> None:
        self._change, self.cwd = change, cwd
        self._environment = dict(os.environ if environment is None else environment)
        self._numbers: dict[tuple[Sequence[str], tuple[str, ...]], int] = {}
        self._programs = Codes()
        self._codes: dict[tuple[str, ...], int | None] = {}
        self._now: dict[int, int] = {}  # the numbers of codes, by those of what the same programs were before
        self._last: tuple[Launch, Policy] | None = None
        self._keeps: Keeps | None = None  # what `kept` gives, where these two decide about it

    def __call__(self, argv: Sequence[str], policy: Policy) -> int:
        kind = (tuple(argv[:1]), policy.environment)
        if kind not in self._numbers:
            found = surroundings_of(self._environment, argv, policy.environment, self.cwd)
            self._numbers[kind] = self._change.remember(found)
        return self._numbers[kind]

    def kept(self, experiment: Experiment) -> Keeps:
        """The numbers of what a new job of this experiment keeps, and of what its program is now. Those of a file share their
        launch: where that says which program it is, they are asked for once."""
        launch, policy = experiment.launch, experiment.policy
        if self._last is None or self._last[0] is not launch or self._last[1] is not policy:
            words = [token for token in takewhile(lambda token: isinstance(token, str), launch) if isinstance(token, str)]
            self._last = launch, policy
            self._keeps = (self(words, policy), self.code(words)) if settles(words) else None
        return self._keeps or (self(experiment.first_word, policy), self.code(experiment.argv))

    def code(self, argv: Sequence[str]) -> int | None:
        """The number of what the program of this command line is now. Looked at once, however many jobs have it."""
        names = program_files(argv)
        if names not in self._codes:
            found = self._programs.of(argv, self.cwd)
            self._codes[names] = remember(self._change, found) if found else None
        return self._codes[names]

    def is_kept_by(self, job: Latest, experiment: Experiment) -> bool:
        """Whether this job of the experiment keeps already what `renew` would give it."""
        if job.surroundings != self(experiment.first_word, experiment.policy):
            return False
        if job.code is None:
            return True
        if job.code not in self._now:
            self._now[job.code] = present(self._change, job.code, self._programs)
        return self._now[job.code] == job.code

    def renew(self, jobs: Iterable[Asked]) -> None:
        """A person asks for jobs that are there already: what they kept is forgotten."""
        kinds: dict[int, list[int]] = {}
        for number, argv, policy in jobs:
            kinds.setdefault(self(argv, policy), []).append(number)
        for kind, numbers in kinds.items():
            self._change.surround(numbers, kind)
        if kinds:
            every = [number for numbers in kinds.values() for number in numbers]
            ask_with_present_code(self._change, every, self._programs)


def file_from(cwd: str | Path, file: str) -> str:
    """How the queue knows a file that was named in the directory `cwd`."""
    return os.fsencode(os.path.realpath(Path(cwd) / file)).decode("utf-8", "backslashreplace")
