"""A runner's notices as plain lines for people, one per event, on standard error."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from scheduler.jobs.notices import Ended, Interrupted, Joined, Notice, Resized, Started, Trouble, Waiting, Warned
from scheduler.jobs.states import SUCCEEDED, State
from scheduler.jobs.values import Job
from scheduler.report.jobs import labels, outcome
from scheduler.report.log_view import last_lines
from scheduler.report.text import duration, number, plural, safe

TAIL = 5


class Progress:
    """Prints what happens. `known` says by job id what tells the jobs of this run apart, `name` does so for those that
    come later."""

    def __init__(
        self, known: Mapping[str, str], done: int, file: TextIO, name: Callable[[Job], str] = lambda job: labels([job])[job.id]
    ) -> None:
        self._labels, self._file, self._name = dict(known), file, name
        self._over, self._total = done, len(known)
        self.ended: list[str] = []  # the jobs that are over, by id
        self._tellers: dict[type, Callable[[Any], None]] = {
            Started: self._started,
            Joined: self._joined,
            Ended: self._ended,
            Waiting: self._waiting,
            Trouble: self._trouble,
            Interrupted: self._interrupted,
            Warned: self._warned,
            Resized: self._resized,
        }

    def tell(self, notice: Notice) -> None:
        """Print one notice."""
        self._tellers[type(notice)](notice)

    def _started(self, notice: Started) -> None:
        again = f" (attempt {notice.attempt.number})" if notice.attempt.number > 1 else ""
        where = f" on GPU {notice.attempt.gpus}" if notice.attempt.gpus else ""
        self._say(f"{notice.job.short_id} started{where}{again}: {self._label(notice.job)}")

    def _joined(self, notice: Joined) -> None:
        self._say(f"{notice.job.short_id} is already running, waiting for it: {self._label(notice.job)}")

    def _ended(self, notice: Ended) -> None:
        if not notice.again:
            self._over += 1
            self.ended.append(notice.job.id)
        took = f" after {duration(notice.duration)}" if notice.duration is not None else ""
        self._say(f"{notice.job.short_id} {notice.ending.state}{took}{self._detail(notice)}{self._count()}")
        if notice.ending.state in (State.FAILED, State.TIMEOUT):
            for line in last_lines(notice.attempt.log, TAIL):
                self._write(f"    | {line}")

    def _waiting(self, notice: Waiting) -> None:
        self._say(f"{notice.job.short_id} waits: {notice.reason}")

    def _trouble(self, notice: Trouble) -> None:
        self._say(f"nothing is started for now: {notice.what}. What runs goes on; this command tries again by itself.")

    def _interrupted(self, notice: Interrupted) -> None:
        running = plural(notice.running, "job")
        if notice.times == 1:
            self._say(f"Ctrl-C: nothing more is started; waiting for {running} to finish. Ctrl-C again stops them.")
        else:
            self._say(
                f"Ctrl-C: stopping {running} (SIGINT, after 10 s SIGTERM, then SIGKILL). Ctrl-C again leaves without waiting."
            )

    def _warned(self, notice: Warned) -> None:
        self._say(f"warning: {notice.text}")

    def _resized(self, notice: Resized) -> None:
        self._say(f"now {notice.note}: at most {notice.slots} at once")

    def _detail(self, notice: Ended) -> str:
        if notice.ending.state in SUCCEEDED:
            if notice.ending.reason:  # a trial that was stopped early
                return f": {notice.ending.reason}"
            result = outcome(notice.attempt)
            return f", {result.objective.name} {number(result.objective_value)}" if result.objective else ""
        again = f"; {notice.why_again}" if notice.again else ""
        return f": {notice.ending.reason}{again}" if notice.ending.reason else again

    def _count(self) -> str:
        return f"   [{self._over}/{self._total}]" if self._total else ""

    def _label(self, job: Job) -> str:
        if job.id not in self._labels:
            self._labels[job.id] = self._name(job)
        return self._labels[job.id]

    def _say(self, text: str) -> None:
        self._write(safe(text))

    def _write(self, text: str) -> None:
        # Whoever read our progress may have gone (`2>&1 | head`), or the disk of its file be full: no reason to leave the jobs.
        with contextlib.suppress(OSError):
            self._file.write(text + "\n")
            self._file.flush()
