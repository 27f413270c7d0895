"""Failures in a row: a program that fails job after job, just after each start, has one cause that all its jobs share. Pure."""

from __future__ import annotations

import math
import shlex
from itertools import takewhile

from scheduler.queue.job import Ending, Job
from scheduler.queue.states import SUCCEEDED, State
from scheduler.values import dataclass

QUICK = 10.0  # seconds; whoever has run longer had all that it needs to begin
WIDTH = 80


@dataclass(frozen=True)
class Program:
    """What jobs have in common that one missing module breaks for all: the first words of the command, and the directory."""

    words: tuple[str, ...]
    cwd: str

    def __str__(self) -> str:
        command = shlex.join(self.words)
        return f"`{command if len(command) <= WIDTH else command[: WIDTH - 3] + '...'}` in {self.cwd}"


def program_of(job: Job) -> Program:
    """The job's program: its command line up to the first word that can come from the configuration, as the macros write it.
    All jobs of one file have the same."""
    return Program((job.argv[0], *takewhile(lambda word: not _is_argument(word, job), job.argv[1:])), job.cwd)


def _is_argument(word: str, job: Job) -> bool:
    return word.startswith(("--", "+", "{")) or "=" in word or job.experiment in word  # a file is named by the experiment


@dataclass(frozen=True)
class Streak:
    """The jobs of one program that failed within QUICK seconds of a start, without a success of any in between.

    A job that its policy tries again counts once: ten retries of one job say nothing about the others.
    """

    jobs: frozenset[str] = frozenset()

    def after(self, job: str, ending: Ending, duration: float | None) -> Streak:
        """The streak once one more attempt has ended. Time-outs, cancels, and whatever ran for a while leave it as it is."""
        if ending.state in SUCCEEDED:
            return Streak()
        quick = ending.state is State.FAILED and (duration or 0.0) < QUICK
        return Streak(self.jobs | {job}) if quick else self

    def reaches(self, limit: float) -> bool:
        return len(self.jobs) >= limit


class Streaks:
    """The streak of every program that has one. `limit` stands above the policies of the jobs: math.inf means never."""

    def __init__(self, limit: float | None = None) -> None:
        self._limit = limit
        self._of: dict[Program, Streak] = {}

    def ended(self, job: Job, ending: Ending, duration: float | None) -> None:
        """An attempt at `job` is over."""
        if not self._of and ending.state in SUCCEEDED:
            return
        program = program_of(job)
        streak = self._of.get(program, Streak()).after(job.id, ending, duration)
        if streak.jobs:
            self._of[program] = streak
        else:
            self._of.pop(program, None)

    def stopped(self, job: Job) -> Program | None:
        """The job's program, if it has failed so often in a row that `job` should not start."""
        program = program_of(job) if self._of else None
        return program if program and program in self._of and self._of[program].reaches(self._most(job)) else None

    def forgive(self, program: Program) -> None:
        """Begin again: a person has asked for a job of this program."""
        self._of.pop(program, None)

    def failures(self, program: Program) -> int:
        """How many jobs of the program have failed in a row."""
        return len(self._of.get(program, Streak()).jobs)

    def _most(self, job: Job) -> float:
        own = math.inf if job.policy.max_failures is None else job.policy.max_failures
        return own if self._limit is None else self._limit
