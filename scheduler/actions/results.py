"""Jobs with what came out of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scheduler.queue.job import Attempt, Job
from scheduler.queue.states import SUCCEEDED
from scheduler.queue.store import Store
from scheduler.queue.waits import lacks, why_skipped
from scheduler.runner.recovery import standing_of
from scheduler.tracking import metric_log
from scheduler.tracking.metric_log import Outcome


@dataclass(frozen=True)
class Line:
    """A job with all that a row about it needs."""

    job: Job
    attempt: Attempt | None
    outcome: Outcome
    note: str = ""  # what its launcher has noted last, of an attempt that is not over
    obstacle: str = ""  # why it can never start here
    lack: str = ""  # what it waits for that is neither a slot nor a GPU, or why it was skipped

    @property
    def seconds(self) -> float | None:
        """How long its latest attempt ran, or has run until now."""
        if self.attempt is None:
            return None
        return self.attempt.duration if self.attempt.ending else max(0.0, time.time() - self.attempt.started)

    @property
    def exit_status(self) -> int | None:
        return self.attempt.ending.exit_status if self.attempt and self.attempt.ending else None

    @property
    def reason(self) -> str:
        ended = self.attempt.ending.reason if self.attempt and self.attempt.ending else ""
        return f"can never run here: {self.obstacle}" if self.obstacle else ended or self.lack


def lines(store: Store, jobs: Sequence[Job], never: Mapping[str, str] | None = None) -> list[Line]:
    """The jobs with their latest attempts and what their metric logs say. `never`: by job id, why some can never run here."""
    latest = store.latest_attempts(jobs)
    waits = {job: lack.reason for job, lack in lacks(store, jobs, time.time()).items()} | why_skipped(store, jobs)
    return [_line(store, job, latest.get(job.id), (never or {}).get(job.id, ""), waits.get(job.id, "")) for job in jobs]


def _line(store: Store, job: Job, attempt: Attempt | None, obstacle: str, lack: str) -> Line:
    note = standing_of(store.home, attempt) if attempt and not attempt.ending else ""
    return Line(job, attempt, outcome(attempt), note, obstacle, lack)


def outcome(attempt: Attempt | None) -> Outcome:
    """What an attempt's metric log says so far."""
    return metric_log.read(attempt.metrics) if attempt else Outcome()


def best_first(lines: Iterable[Line]) -> list[Line]:
    """Those that succeeded, by their objective, the best first; then the others, in the order of the queue.

    Experiments with different objectives stand in groups: they cannot be compared.
    """
    lines = list(lines)
    groups = list(dict.fromkeys(line.outcome.objective for line in lines))
    return sorted(lines, key=lambda line: (line.job.state not in SUCCEEDED, groups.index(line.outcome.objective), _rank(line)))


def _rank(line: Line) -> float:
    return line.outcome.objective.rank(line.outcome.objective_value) if line.outcome.objective else 0.0
