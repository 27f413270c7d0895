"""The trials of a sweep as the source of a runner's jobs, whoever chooses them: queues them, reads what they log, and keeps how
they end.

Everything that must survive is in the store before it takes effect: a point before its trial can start, a verdict before
the stop, a history when its trial is over.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Protocol

from scheduler.linux.wakeups import Wakeups
from scheduler.queue.database import Unwritable
from scheduler.queue.job import Attempt, Ending, Job
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.runner.logs import follower_of, keep_logged
from scheduler.runner.sources import EarlyStop, QueueAlone
from scheduler.sweeps.engine.budget import Budget, Outcomes, why_over
from scheduler.sweeps.engine.live_trials import Book, Entry
from scheduler.sweeps.engine.resuming import read_back, read_log
from scheduler.sweeps.engine.sightings import FIRST_WITHOUT, Sightings
from scheduler.sweeps.engine.trial_logs import LastWords, Listening, read_whole
from scheduler.sweeps.engine.whole_rows import whole_rows
from scheduler.sweeps.stopping.verdicts import Verdict
from scheduler.sweeps.sweep import SweepPlan
from scheduler.sweeps.trials import Point, Trial
from scheduler.tracking.left import Grown


class Asked(Protocol):
    """Who is asked for points. `fileno` is readable when there is an answer; `pending`: whether one is still to be taken."""

    @property
    def pending(self) -> bool: ...

    def fileno(self) -> int: ...

    def close(self) -> None: ...


class TrialSource(QueueAlone):
    """The trials of one sweep, whoever chooses and stops them. `say` gets sentences for people, `over` every trial that has
    ended."""

    def __init__(
        self,
        mine: Mine,
        plan: SweepPlan,
        book: Book,
        asked: Asked,
        budget: Budget,
        say: Callable[[str], None],
        over: Callable[[Trial], None] = lambda trial: None,
    ) -> None:
        self._mine, self._store, self._plan, self._book, self._asked = mine, mine.store, plan, book, asked
        self._budget, self._say, self._trial_over = budget, say, over
        self._cwd = str(Path.cwd())
        self._outcomes, self._sightings = Outcomes(), Sightings(plan.metric, plan.needs_metric)
        self._added = 0
        self._over = ""
        self._condemned: set[str] = set()
        self._spared: set[str] = set()  # they were behind at their last row
        self._told: set[str] = set()
        self._news, self._said = True, False
        self._unsure = False  # whether it is over by its target, and must look once more
        self._keeps_it = False  # whether it is over, and says so when the last trial has started

    def open(self, wakeups: Wakeups) -> None:
        self._listening = Listening(wakeups, self._heard, self._metrics)
        wakeups.watch(self._asked, self._hear)
        read_back(self._store, self._book, self._metrics)
        for entry in self._book.entries():
            self._tell(entry)

    def refill(self, free: int) -> bool:
        self._listening.look()
        for entry in self._book.catch_up():  # another runner of this sweep has added them
            self._mine.add([self._book.job(entry)])
            if entry.is_over:
                self._over_elsewhere(entry)
            else:
                self._tell(entry)
        self._take_in()
        self._take_answer()
        self._unsure = False
        if over := self._why_over():
            self._say_why(over)
            return not self._over and self._listening.is_busy  # what they log to their end may undo it
        if self._said:
            self._said = False
            self._say("new trials after all: what had reached the target does not count any more")
        # One at a time: whoever is asked later knows more.
        if free > 0 and not (self._asked.pending or self._book.queued):
            self._ask()
        return True

    def patience(self) -> float | None:
        # The last look before a sleep: what another runner has ended in the meantime wakes nobody.
        if self._keeps_it and not self._book.queued:
            self._keeps_it = False
            return 0.0
        return 0.0 if self._take_in() or self._unsure else self._listening.patience()

    def reads(self, job: Job) -> bool:
        return job.id in self._book

    def grown(self, job: Job) -> Grown | None:
        return self._listening.grown(job.id)

    def why_not(self, job: Job) -> str:
        return ""

    def began(self, job: Job, attempt: Attempt) -> None:
        # A trial that a killed runner was about to stop counts as running: its log, read again, condemns it again.
        if job.id not in self._book:
            return
        self._tell(self._book.began(job.id, attempt.number))
        follower = follower_of(self._store, job, attempt, self._metrics)
        whole = whole_rows(self._store, job, attempt, self._metrics)
        self._listening.follow(job.id, Path(attempt.directory), follower, whole)

    def ended(self, job: Job, attempt: Attempt, ending: Ending, *, again: bool) -> None:
        if job.id not in self._book:
            return
        last = self._listening.finish(job.id, ending)
        with contextlib.suppress(Unwritable):  # then the next runner reads it
            keep_logged(self._store, attempt, last.logged, last.objective)
        self._condemned.discard(job.id)
        self._spared.discard(job.id)
        if again:
            self._book.moved(job.id, State.QUEUED)
            return
        self._say_last_words(self._book[job.id].record.number, last, ending)
        if ending.state is State.DONE:
            self._sightings.ended(missing=last.is_absent, instead=last.instead, near=last.near)
        self._book.logged(job.id, last.values, last.beside, anew=last.anew)
        entry = self._book.closed(job.id, ending.state, attempt.number, last.summary)
        self._tell(entry)
        self._say_what_is_missing(entry.trial)
        self._trial_over(entry.trial)
        self._outcomes.states.append(ending.state)
        self._news, self._unsure = True, self._said and not self._over

    def never_ran(self, job: Job, attempt: Attempt) -> None:
        if job.id in self._book:
            self._listening.forget(job.id)
            self._book.moved(job.id, State.QUEUED)

    def close(self) -> None:
        with ExitStack() as leaving:  # the last of them first, and each of them
            for act in (self._listening.close, self._asked.close, self._take_in):
                leaving.callback(act)

    def sightings(self) -> Sightings:
        """What was seen of the metric. Where this command has run no trial to its end, the last ones of earlier commands are read
        once more."""
        found = self._sightings
        found.seen = found.seen or self._book.seen
        if not (found.seen or found.without):
            for entry in [each for each in self._book.entries() if each.record.state is State.DONE][-FIRST_WITHOUT:]:
                last = read_whole(self._store, entry.job, entry.record.attempts, self._metrics)
                found.ended(missing=not last or last.is_absent, instead=last.instead if last else ())
        return found

    @property
    def _metrics(self) -> tuple[str, ...]:
        return self._plan.metrics

    def _tell(self, entry: Entry) -> None:
        """Where a trial stands, and what it has logged: for whoever chooses."""
        raise NotImplementedError

    def _hear(self) -> None:
        """There is news of whoever is asked: a turn of the loop takes it."""

    def _ask(self) -> None:
        """There is a place for one more trial."""
        raise NotImplementedError

    def _take_answer(self) -> None:
        """Queue the point that was asked for, if it has come."""
        raise NotImplementedError

    def _take_in(self) -> bool:
        """Take in the trials that another runner of this sweep has ended before we could join them; True if there were any."""
        over = self._book.overtaken()
        for entry in over:
            self._over_elsewhere(entry)
        return bool(over)

    def _over_elsewhere(self, entry: Entry) -> None:
        # The other runner writes down the end of a trial before it has read its log: until then we read it too.
        found = entry if entry.record.is_read else read_log(self._store, self._book, entry, self._metrics)
        self._tell(found)
        self._trial_over(found.trial)
        self._outcomes.states.append(found.record.state)
        self._news = True

    def _heard(self, job: str) -> None:
        """A log has grown."""
        heard = self._listening.read(job)
        if heard.anew:
            self._say_of_a_kind(f"anew {heard.source}", _taken_over(self._book[job], heard.source))
        if heard.values or heard.anew:
            self._book.logged(job, heard.values, heard.beside, anew=heard.anew)
            self._news = True
        for text in self._listening.notices():
            self._say_once(text)

    def _say_last_words(self, number: int, last: LastWords, ending: Ending) -> None:
        if ending.state is State.DONE and last.missing:
            self._say_of_a_kind(last.kind, f"trial {number}: {last.missing}")
        for miss in last.near:
            self._say_of_a_kind(f"near {miss.why}", f"trial {number} prints {miss}")
        if last.choice:
            self._say_of_a_kind(last.choice.kind, f"trial {number}: {last.choice.sentence}")

    def _say_what_is_missing(self, trial: Trial) -> None:
        """Of several metrics: without one of them a trial cannot be compared, and a misspelt name makes none comparable."""
        if trial.state is State.DONE and trial.rows and trial.beside and trial.outcome(self._plan.goal) is None:
            missing = [each.name for place, each in enumerate(self._plan.sweep.beside) if trial.beside[-1][place] is None]
            names = " and ".join(f'"{name}"' for name in missing)
            kind = f"not beside {names}"
            self._say_of_a_kind(kind, f"trial {trial.number} has never logged {names}: it cannot be compared with others")

    def _say_once(self, text: str) -> None:
        self._say_of_a_kind(text, text)

    def _say_of_a_kind(self, kind: str, text: str) -> None:
        """The first text of its kind."""
        if text and kind not in self._told:
            self._told.add(kind)
            self._say(text)

    def _add(self, number: int, values: Point) -> Entry | None:
        """As `Book.add`, and the runner has it."""
        environment = self._environment(number, values)
        entry = self._book.add(number, values, self._cwd, environment, cap=self._budget.cap)
        if entry:
            self._added += 1
            self._mine.add([self._book.job(entry)])
        return entry

    def _environment(self, number: int, values: Point) -> str:
        """As `Job.environment`, for the trial with this number. Unwritable where there is no room."""
        raise NotImplementedError

    def _why_over(self) -> str:
        """Why there are no more trials; "" while there are. All reasons last but the target: the row that reached it may be of
        a log whose place another takes."""
        why = partial(why_over, self._budget, trials=len(self._book), added=self._added, now=time.monotonic())
        self._sightings.seen = self._sightings.seen or self._book.seen
        self._over = self._over or why(best=None) or self._outcomes.why_enough() or self._sightings.why_enough()
        return self._over or why(best=self._book.best)

    def _say_why(self, over: str) -> None:
        self._keeps_it = not self._said and bool(self._book.queued)  # the last one is yet to start: then it would read as if not
        if not self._said and not self._keeps_it:
            self._said = True
            running = sum(not entry.is_over for entry in self._book.entries())
            self._say(f"no new trials: {over}" + (f"; {running} still to finish" if running else ""))

    def _condemn(self, verdict: Verdict) -> EarlyStop:
        entry = self._book.condemned(verdict)
        self._condemned.add(entry.job)
        return EarlyStop(f"{entry.job}/{entry.record.attempts}", verdict.sentence)


def _taken_over(entry: Entry, source: str) -> str:
    count = len(entry.record.history)
    rows = "the 1 row before it counts" if count == 1 else f"the {count} rows before it count"
    return f"trial {entry.record.number}: the metric is taken from a better log now ({source}); {rows} no more"
