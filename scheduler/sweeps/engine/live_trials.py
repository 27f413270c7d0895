"""A sweep's trials in memory, as the store has them and as their live logs go on. The store is the truth."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict, replace

from scheduler.experiments import Experiment, argument_files
from scheduler.failpoints import reach
from scheduler.queue import trials as records
from scheduler.queue.code import Aged
from scheduler.queue.database import Unwritable
from scheduler.queue.here import Here, file_from
from scheduler.queue.job import Job
from scheduler.queue.remarks import remark
from scheduler.queue.states import ENDED, SUCCEEDED, State
from scheduler.queue.store import Store
from scheduler.queue.submit import outdated
from scheduler.queue.trials import Beside, SweepRecord, TrialRecord
from scheduler.sweeps.stopping.verdicts import Verdict
from scheduler.sweeps.sweep import SweepPlan
from scheduler.sweeps.trials import Trial, best_of
from scheduler.values import dataclass


@dataclass(frozen=True)
class Entry:
    """A trial with the job that runs it."""

    job: str
    record: TrialRecord
    trial: Trial

    @property
    def is_over(self) -> bool:
        return self.record.state in ENDED


def open_sweep(
    store: Store, plan: SweepPlan, cwd: str, pruner: str, *, again: bool, seed: int | None, evidence: Sequence[str] = ()
) -> tuple[SweepRecord, bool]:
    """The sweep that `plan` goes on with, or a new one; and whether it is new. `again` always begins a new one. `evidence`: the
    jobs of trials of other sweeps that it learns from too, from now on."""
    key, config = plan.key(cwd), plan.remembered(cwd, pruner)
    with store.change() as change:  # also to read: two commands at once must not make two sweeps
        found = None if again else records.latest_sweep(store, key)
        if found:
            records.renew_sweep(change, found.id, config)
            records.add_evidence(change, found.id, evidence)
            return replace(found, config=config), False
        number = secrets.randbits(31) if seed is None else seed
        made = SweepRecord(secrets.token_hex(16), key, plan.path, number, config, time.time())
        records.add_sweep(change, made)
        records.add_evidence(change, made.id, evidence)
    return made, True


class Book:
    """All trials of one sweep. Several runners may write to the sweep: `catch_up` and `overtaken` bring in what others did."""

    def __init__(self, store: Store, plan: SweepPlan, sweep: SweepRecord) -> None:
        self._store, self._plan, self.sweep = store, plan, sweep
        self._entries: dict[str, Entry] = {}
        self._numbers: list[str] = []
        self.queued: set[str] = set()  # jobs that could start and have not
        self._unwatched: set[str] = set()  # jobs that are not over, and whose attempt this runner does not watch
        self.best: float | None = None  # of all that the trials in the present space have logged
        self.seen = False  # whether any trial has logged the metric
        self.catch_up()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, job: str) -> bool:
        return job in self._entries

    def __getitem__(self, job: str) -> Entry:
        return self._entries[job]

    def entries(self) -> list[Entry]:
        """In the order in which they were asked."""
        return [self._entries[job] for job in self._numbers]

    def trials(self) -> list[Trial]:
        """Those that lie in the present space, and the others."""
        return [entry.trial for entry in self._entries.values()]

    def by_number(self, number: int) -> Entry:
        return self._entries[self._numbers[number]]

    def catch_up(self) -> list[Entry]:
        """Read the trials that were added since the last look. Returns them."""
        fresh = [self._read(record) for record in records.trials(self._store, self.sweep.id, len(self._numbers))]
        self._numbers += [entry.job for entry in fresh]
        self._unwatched.update(entry.job for entry in fresh if not entry.is_over)
        return fresh

    def overtaken(self) -> list[Entry]:
        """Read what became of trials that nobody here watches: a person may have cancelled them, and another runner may have
        run them from their start to their end between two looks. Returns those that are over."""
        changed = [job.id for job in self._store.by_ids(self._unwatched) if job.state in ENDED or job.state is State.HELD]
        entries = [self._read(records.trial(self._store, job)) for job in changed]
        return [entry for entry in entries if entry.is_over]

    def add(self, number: int, values: Sequence[object], cwd: str, environment: str, *, cap: int | None) -> Entry | None:
        """Queue the trial with this number, durably; None if somebody else was quicker, or the sweep has reached its cap.

        The file that its command may name is there before. One transaction: a point that was asked is queued, or was never asked.
        """
        reach("point-asked")
        _write_arguments(self._plan.experiment(values))
        with self._store.change() as change:
            if records.count_trials(change, self.sweep.id) != number or (cap is not None and number >= cap):
                return None
            experiment = replace(self._plan.experiment(values), environment=environment, trial=number)
            here = Here(change, cwd)
            (job,) = change.add({f"{self.sweep.id} {number}": experiment}, cwd, {}, here.kept).values()
            change.asked(os.path.realpath(cwd))
            records.add_trial(change, self.sweep.id, number, job, self._plan.point(values))
            change.asked_by([change.number(job)], file_from(cwd, self._plan.path))
            remark(change, [change.number(job)], self._plan.remarks)
        reach("trial-queued")
        # Only this one: what another runner has added since is for `catch_up` to return.
        entry = self._enter(records.trial(self._store, job))
        self._numbers.append(job)
        self._unwatched.add(job)
        return entry

    def job(self, entry: Entry) -> Job:
        return self._store.job(entry.job)

    def unfinished(self) -> list[Job]:
        """The jobs of trials that are not over, in the order in which they were asked."""
        return [self.job(entry) for entry in self.entries() if not entry.is_over]

    def aged(self) -> dict[Aged, list[int]]:
        """The jobs of trials that succeeded with other code than there is now, by their numbers, by what has changed since."""
        succeeded = self._store.by_ids(entry.job for entry in self.entries() if entry.record.state in SUCCEEDED)
        return outdated(self._store, (job.number for job in succeeded))

    def moved(self, job: str, state: State) -> Entry:
        """The trial's job is in another state now."""
        return self._enter(replace(self._entries[job].record, state=state))

    def began(self, job: str, attempt: int) -> Entry:
        """An attempt is under way; what an earlier one logged does not count any more."""
        record = self._entries[job].record
        rows, beside = (record.history, record.beside) if record.attempt == attempt else ((), ())
        self._unwatched.discard(job)
        return self._enter(replace(record, state=State.RUNNING, attempts=attempt, history=rows, summary=None, beside=beside))

    def logged(self, job: str, values: Sequence[float], beside: Beside = (), *, anew: bool = False) -> Entry:
        """More rows have come; `anew`: instead of those that the attempt had, which count no more, nor for `best`. `beside`: of
        several metrics, the others in all rows."""
        record = self._entries[job].record
        if not anew:
            entry = self._enter(replace(record, history=(*record.history, *values), beside=beside))
            self._count(entry.trial, *values)
            return entry
        entry, self.best = self._enter(replace(record, history=tuple(values), beside=beside)), None
        for each in self._entries.values():
            self._count(each.trial, *each.trial.logged)
        return entry

    def condemned(self, verdict: Verdict) -> Entry:
        """Note why a trial is being stopped, before it is. Without room on the disk it is stopped all the same."""
        entry = self.by_number(verdict.number)
        text = json.dumps(asdict(verdict))
        with contextlib.suppress(Unwritable), self._store.change() as change:
            records.note_verdict(change, entry.job, text)
        reach("verdict-noted")
        return self._enter(replace(entry.record, verdict=text))

    def closed(self, job: str, state: State, attempt: int, summary: float | None) -> Entry:
        """An attempt is over and its log read to the end: keep what it said. Without room on the disk the log is read
        again when the sweep goes on."""
        reach("end-unread")
        record = replace(self._entries[job].record, state=state, attempts=attempt, attempt=attempt, summary=summary)
        with contextlib.suppress(Unwritable), self._store.change() as change:
            records.note_history(change, job, attempt, record.history, summary, record.beside)
        return self._enter(record)

    def _read(self, record: TrialRecord) -> Entry:
        entry = self._enter(record)
        self._count(entry.trial, *record.history)
        return entry

    def _count(self, trial: Trial, *values: float) -> None:
        self.seen = self.seen or bool(values)
        if not trial.outside:
            self.best = best_of(self._plan.goal, values if self.best is None else (*values, self.best))

    def _enter(self, record: TrialRecord) -> Entry:
        before = self._entries.get(record.job)
        placed = before.trial if before else self._plan.placed(Trial(record.number, (), record.state), record.point)
        state, rows, summary = record.state, record.history, record.summary
        trial = replace(placed, state=state, rows=rows, summary=summary, beside=record.beside)
        self._entries[record.job] = Entry(record.job, record, trial)
        (self.queued.add if record.state is State.QUEUED else self.queued.discard)(record.job)
        if record.state is State.QUEUED:
            self._unwatched.add(record.job)
        elif record.state in ENDED:
            self._unwatched.discard(record.job)
        if record.summary is not None:
            self._count(trial, record.summary)
        return self._entries[record.job]


def _write_arguments(experiment: Experiment) -> None:
    try:
        argument_files.write(experiment)
    except OSError as error:
        raise Unwritable(f"cannot write {experiment.argument_file} ({error.strerror})") from error
