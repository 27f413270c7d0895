"""A runner's notices as plain lines for people, one per event, on standard error."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TextIO

from scheduler.actions.notices import Driving, Submitted, SweepOpened, Told
from scheduler.actions.results import outcome_at_end
from scheduler.queue.evidence import is_elsewhere
from scheduler.queue.job import Attempt, Job, waits_elsewhere, where
from scheduler.queue.states import SUCCEEDED, State
from scheduler.report.course import course
from scheduler.report.hydra_outputs import announcement
from scheduler.report.labels import Labels
from scheduler.report.log_view import advice, last_lines
from scheduler.report.notice_sentences import SENTENCES
from scheduler.report.pace import at_once
from scheduler.report.submission import described
from scheduler.report.text import duration, number, plural, skipped, waiting
from scheduler.runner.notices import (
    Ended,
    Halted,
    Joined,
    Skipped,
    Started,
    UnderWay,
    Waiting,
)
from scheduler.runner.streaks import QUICK
from scheduler.shortage import passing
from scheduler.terminal import line
from scheduler.tracking.metric_log import Outcome

TAIL = 5


class Progress:
    """Prints what happens."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._name: Callable[[Job], str] = lambda job: Labels([job])[job.id]  # of a job that no notice has named before
        self._metric = ""  # that a sweep listens to
        self._reached: Callable[[Job], str] = lambda job: ""
        self.names: Labels | None = None  # of the jobs of this run; None: nobody knows them before
        self._labels: dict[str, str] = {}
        self._is_viewed = False
        self._over = self._total = 0
        self._begun: dict[str, tuple[str, str, str]] = {}  # what was told of starts, by job, until it is over
        self._tellers: dict[type, Callable[[Any], None]] = {
            Started: self._started,
            Joined: self._joined,
            UnderWay: self._under_way,
            Ended: self._ended,
            Waiting: self._waiting,
            Skipped: self._skipped,
            Halted: self._halted,
            Submitted: self._submitted,
            Driving: self._driving,
            SweepOpened: self._sweep_opened,
        }

    def tell(self, notice: Told) -> None:
        """Print one notice."""
        if words := SENTENCES.get(type(notice)):
            for sentence in words(notice):
                self._say(sentence)
        else:
            self._tellers[type(notice)](notice)

    @contextlib.contextmanager
    def beside_a_view(self, file: TextIO) -> Iterator[None]:
        """Meanwhile print to `file`, and nothing of what a view shows there: what starts and what waits. What ends has its label
        then, which its start would have told."""
        before, self._file, self._is_viewed = self._file, file, True
        try:
            yield
        finally:
            self._file, self._is_viewed = before, False

    def beside_no_view(self) -> None:
        """The view is gone: all is told again."""
        self._is_viewed = False

    def called(self, job: Job) -> str:
        """What people call a job; of any thread."""
        return self._labels.get(job.id) or Labels([job])[job.id]

    def meet(self, jobs: Sequence[Job]) -> None:
        """From now on these are called by what tells them from one another, unless they have a name already."""
        if any(job.id not in self._labels for job in jobs):
            self._labels = {**Labels(jobs), **self._labels}

    def _submitted(self, notice: Submitted) -> None:
        for sentence in [*described(notice.submission, notice.file), *announcement(notice.launch)]:
            self._say(sentence)

    def _driving(self, notice: Driving) -> None:
        if notice.jobs is not None:
            self.names = Labels(notice.jobs)
            self._labels = dict(self.names)
            self._over, self._total = notice.done, len(self.names)
            if notice.done == len(notice.jobs):
                return
        if notice.before:
            self._say(f"also runs what these come after: {plural(notice.before, 'job')}, already in the queue")
        forever = "; waiting for jobs until Ctrl-C" if notice.forever else ""
        self._say(f"{at_once(notice.slots, notice.why)}; {notice.note}{forever}")

    def _sweep_opened(self, notice: SweepOpened) -> None:
        from scheduler.report import evidence
        from scheduler.report.objectives import reached
        from scheduler.report.spaces import outside
        from scheduler.report.sweep_opening import opening
        from scheduler.report.sweeps import label

        self._name = partial(label, notice.plan, notice.book)
        self._metric = notice.plan.metric or ""
        self._reached = partial(reached, notice.plan, notice.book)
        told = (notice.plan, notice.book, notice.budget, notice.pruner)
        opened = opening(*told, new=notice.new, revived=notice.revived, outdated=notice.outdated)
        strangers = outside(notice.plan, notice.book.trials(), learns=notice.learns_outside)
        for sentence in (*opened, *strangers, *evidence.lines(notice.evidence, learns=notice.learns)):
            self._say(sentence)

    def _started(self, notice: Started) -> None:
        begun = _given(notice.attempt.launcher) if is_elsewhere(notice.attempt) else "started"
        start = (notice.attempt.name, notice.attempt.gpus, begun)
        if self._begun.get(notice.job.id) == start:  # it was taken back, and is tried anew
            return
        self._begun[notice.job.id] = start
        label = self._label(notice.job)
        if self._is_viewed:
            return
        again = f" (attempt {notice.attempt.number})" if notice.attempt.number > 1 else ""
        where = f" on {notice.attempt.place}" if notice.attempt.gpus else ""
        self._say(f"{notice.job.short_id} {begun}{where}{again}: {label}")

    def _joined(self, notice: Joined) -> None:
        label = self._label(notice.job)
        if not self._is_viewed:
            waits = waits_elsewhere(notice.job, notice.attempt)
            runs = "is being stopped" if notice.job.state is State.STOPPING else "is already running"
            stands = f"was {_given(notice.attempt.launcher)} before" if waits else runs
            self._say(f"{notice.job.short_id} {stands}, waiting for it: {label}")

    def _under_way(self, notice: UnderWay) -> None:
        with passing():
            self._say(f"{notice.job.short_id} has run {duration(notice.seconds)}: {self._course(notice.job, notice.attempt)}")

    def _ended(self, notice: Ended) -> None:
        self._begun.pop(notice.job.id, None)
        if not notice.again:
            self._over += 1
        took = f" after {duration(notice.duration)}" if notice.duration is not None else ""
        label = f" {self._label(notice.job)}:" if self._is_viewed else ""
        self._say(f"{notice.job.short_id}{label} {notice.ending.state}{took}{self._detail(notice)}{self._count()}")
        if notice.ending.state in (State.FAILED, State.TIMEOUT):
            self._tail(notice.attempt)

    def _waiting(self, notice: Waiting) -> None:
        if not self._is_viewed:
            self._say(waiting(notice.job.short_id, notice.jobs, notice.reason))

    def _skipped(self, notice: Skipped) -> None:
        self._over += len(notice.jobs)
        self._say(f"{skipped(notice.jobs[0].short_id, len(notice.jobs), notice.reason, now=True)}{self._count()}")

    def _halted(self, notice: Halted) -> None:
        self._say(
            f"{notice.failures} jobs in a row failed within {QUICK:g} s of their start: that looks like one cause that all have. "
            f"{notice.program} is started no more; {notice.waiting:,} stay queued. The log of {notice.attempt.job[:8]} ends with"
        )
        self._tail(notice.attempt)

    def _detail(self, notice: Ended) -> str:
        if notice.ending.state in SUCCEEDED:
            # Of a trial that was stopped early, or of what its script left behind.
            reason = f": {notice.ending.reason}" if notice.ending.reason else ""
            if notice.ending.state is State.DONE and (reached := self._reached(notice.job)):
                return f", {reached}{reason}"
            result = _result(notice)
            return (f", {result.objective.name} {number(result.objective_value)}" if result.objective else "") + reason
        again = f"; {notice.why_again}" if notice.again else ""
        return f": {notice.ending.reason}{again}" if notice.ending.reason else again

    def _count(self) -> str:
        return f"   [{self._over}/{self._total}]" if self._total else ""

    def _label(self, job: Job) -> str:
        if job.id not in self._labels:
            self._labels[job.id] = self._name(job)
        return self._labels[job.id]

    def _course(self, job: Job, attempt: Attempt) -> str:
        return course(attempt, self._metric) or f"{self._label(job)}; it has said nothing yet"

    def _tail(self, attempt: Attempt) -> None:
        lines = last_lines(attempt.log, TAIL)
        for text in lines:
            self._say(f"    | {text}", keep="\t")
        if known := advice(lines):
            self._say(f"    {known}")

    def _say(self, text: str, keep: str = "") -> None:
        # Whoever read our progress may have gone (`2>&1 | head`), or the disk of its file be full: no reason to leave the jobs.
        with contextlib.suppress(OSError):
            line(text, self._file, keep)
            self._file.flush()


def _result(notice: Ended) -> Outcome:
    """What the attempt's logs say; nothing where no file can be opened now: that is no reason to leave the jobs."""
    if notice.silent and not notice.job.policy.objective:
        return Outcome()
    with passing():
        return outcome_at_end(notice.attempt, notice.job.policy, notice.ending)
    return Outcome()


def _given(launcher: str) -> str:
    return f"sent to {where(launcher)}" if launcher.startswith("ssh/") else "given to Slurm"
