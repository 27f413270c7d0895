"""The environment of the person who asks for jobs, and the code of their programs, as these remember it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from scheduler.experiments import Policy
from scheduler.experiments.command.program_file import program_files
from scheduler.queue.changes import Changes
from scheduler.queue.code import Codes
from scheduler.queue.code_rows import ask_with_present_code, remember
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
        self._codes: dict[tuple[str, ...], int | None] = {}

    def __call__(self, argv: Sequence[str], policy: Policy) -> int:
        kind = (tuple(argv[:1]), policy.environment)
        if kind not in self._numbers:
            found = surroundings_of(self._environment, argv, policy.environment, self.cwd)
            self._numbers[kind] = self._change.remember(found)
        return self._numbers[kind]

    def code(self, argv: Sequence[str]) -> int | None:
        """The number of what the program of this command line is now. Looked at once, however many jobs have it."""
        names = program_files(argv)
        if names not in self._codes:
            found = Codes().of(argv, self.cwd)
            self._codes[names] = remember(self._change, found) if found else None
        return self._codes[names]

    def renew(self, jobs: Iterable[Asked]) -> None:
        """A person asks for jobs that are there already: what they kept is forgotten."""
        kinds: dict[int, list[int]] = {}
        for number, argv, policy in jobs:
            kinds.setdefault(self(argv, policy), []).append(number)
        for kind, numbers in kinds.items():
            self._change.surround(numbers, kind)
        ask_with_present_code(self._change, [number for numbers in kinds.values() for number in numbers])


def file_from(cwd: str | Path, file: str) -> str:
    """How the queue knows a file that was named in the directory `cwd`."""
    return os.fsencode(os.path.realpath(Path(cwd) / file)).decode("utf-8", "backslashreplace")
