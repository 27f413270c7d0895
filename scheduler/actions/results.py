"""Jobs with what came out of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler.errors import UserError
from scheduler.experiments import Policy
from scheduler.goals import MAXIMIZE, MINIMIZE
from scheduler.queue.job import NO_PAUSE, Attempt, Ending, Job, Pause, waits_elsewhere
from scheduler.queue.kept import Kept, kept
from scheduler.queue.states import SUCCEEDED, State
from scheduler.queue.waits import lacks, why_skipped
from scheduler.tracking import outcomes
from scheduler.tracking.left import left
from scheduler.tracking.metric_log import Objective, Outcome
from scheduler.values import dataclass

if TYPE_CHECKING:
    from scheduler.actions.bound import Way
    from scheduler.queue.store import Store

NAMED = 8  # metrics that a sentence lists
NO_POLICY = Policy()


@dataclass(frozen=True)
class Line:
    """A job with all that a row about it needs."""

    job: Job
    attempt: Attempt | None
    outcome: Outcome
    note: str = ""  # what its launcher has noted last, of an attempt that is not over
    obstacle: str = ""  # why it can never start `there`
    pause: Pause = NO_PAUSE  # of an attempt that is not over
    lack: str = ""  # what it waits for that is neither a slot nor a GPU of this machine, or why it was skipped
    way: Way | None = None  # to other machines, where a runner sends it there
    there: str = "here"

    @property
    def started(self) -> float | None:
        """When its latest attempt began, in seconds since 1970; None: there is none, or it waits on another machine."""
        return None if self.attempt is None or waits_elsewhere(self.job, self.attempt) else self.attempt.started

    @property
    def seconds(self) -> float | None:
        """How long its latest attempt ran, or has run until now."""
        return ran_for(self.job, self.attempt, self.pause)

    @property
    def exit_status(self) -> int | None:
        return self.attempt.ending.exit_status if self.attempt and self.attempt.ending else None

    @property
    def reason(self) -> str:
        ended = self.attempt.ending.reason if self.attempt and self.attempt.ending else ""
        return f"can never run {self.there}: {self.obstacle}" if self.obstacle else ended or self.lack


@dataclass(frozen=True)
class Sort:
    """The order that somebody asks for: by `metric`; `goal` None: as the jobs have it, else minimize."""

    metric: str
    goal: str | None = None

    @classmethod
    def read(cls, text: str) -> Sort:
        """From `METRIC`, `METRIC:max` or `METRIC:min`; a metric may have colons of its own. UserError for none."""
        metric, _, goal = text.rpartition(":")
        found = cls(metric, _GOALS[goal]) if goal in _GOALS else cls(text)
        if not found.metric:
            raise UserError(f'"{text}" names no metric to sort by', next_step="write --sort val_loss, or --sort accuracy:max")
        return found

    def objective(self, lines: Iterable[Line]) -> Objective:
        """What ranks these lines then."""
        declared = (each.outcome.objective for each in lines)
        goals = (each.goal for each in declared if each and each.name == self.metric)
        return Objective(self.metric, self.goal or next(goals, MINIMIZE))


def sort_of(policy: Policy) -> Sort | None:
    """The order that a file asks for, also of jobs that were queued before it did."""
    return Sort(policy.objective.metric, policy.objective.goal) if policy.objective else None


_GOALS = {"min": MINIMIZE, "max": MAXIMIZE, MINIMIZE: MINIMIZE, MAXIMIZE: MAXIMIZE}


def lines(store: Store, jobs: Sequence[Job], never: Mapping[str, str] | None = None) -> list[Line]:
    """The jobs with their latest attempts and what these have logged. `never`: by job id, why some can never run here."""
    latest = store.latest_attempts(jobs)
    gone = ways_of(store, jobs)
    there = {job.id: why for job in jobs if job.id in gone and (why := gone[job.id].why(job))}
    waits = there | {job: lack.reason for job, lack in lacks(store, jobs, time.time()).items()} | why_skipped(store, jobs)
    read = kept(store, latest.values())

    def line(job: Job) -> Line:
        attempt = latest.get(job.id)
        found = attempt and read.get(attempt.name)
        came_out = _ranked_by(job.policy, _kept(found)) if found else outcome(attempt, job.policy)
        line = _line(store, job, attempt, came_out, (never or {}).get(job.id, ""), waits.get(job.id, ""))
        return replace(line, way=gone[job.id]) if job.id in gone else line

    return [line(job) for job in jobs]


def ways_of(store: Store, jobs: Sequence[Job]) -> Mapping[str, Way]:
    """Of these jobs those that a runner sends to other machines, by their ids."""
    if not any(job.state is State.QUEUED for job in jobs) or not any(store.home.words):
        return {}
    from scheduler.actions.bound import ways  # most runners say nothing, and start what they have here

    return ways(store, jobs)


def _line(store: Store, job: Job, attempt: Attempt | None, outcome: Outcome, obstacle: str, lack: str) -> Line:
    if attempt is None or attempt.ending:
        return Line(job, attempt, outcome, obstacle=obstacle, lack=lack)
    from scheduler.runner.recovery import standing_of  # with what looks at processes

    return Line(job, attempt, outcome, standing_of(store.home, attempt), obstacle, pause_by_now(store, attempt), lack)


def pause_by_now(store: Store, attempt: Attempt | None) -> Pause:
    """How an attempt was paused until now; one that is over counts only the time that it worked."""
    if attempt is None or attempt.ending:
        return NO_PAUSE
    from scheduler.queue.evidence import pause_of  # as above

    return pause_of(store.home, attempt)


def ran_for(job: Job, attempt: Attempt | None, pause: Pause) -> float | None:
    """The seconds that an attempt at a job ran, or has run until now, without its pauses; None: there is none, or it waits on
    another machine."""
    if attempt is None or waits_elsewhere(job, attempt):
        return None
    return attempt.duration if attempt.ending else max(0.0, time.time() - attempt.started - pause.rested)


def outcome(attempt: Attempt | None, policy: Policy = NO_POLICY) -> Outcome:
    """What an attempt's logs say so far, or at its very end: its metric log, else what the runner that follows it has left. The
    objective of its job's policy is before that of its log."""
    return _ranked_by(policy, newest(attempt) if attempt else Outcome())


def outcome_at_end(attempt: Attempt, policy: Policy, ending: Ending) -> Outcome:
    """What an attempt that has just ended says of the objective of its job."""
    found = outcomes.read(attempt.metrics)
    if not found.rows and policy.objective:
        from scheduler.runner.logs import said_at_its_end

        said = said_at_its_end(attempt, ending)
        found = Outcome(said.last, found.objective, said.rows)
    return _ranked_by(policy, found)


def newest(attempt: Attempt) -> Outcome:
    """The same, whatever its job's policy says."""
    found = outcomes.read(attempt.metrics)
    if not found.rows and (beside := left(Path(attempt.directory))):
        return Outcome(beside.last, found.objective, beside.rows)
    return found


def _kept(found: Kept) -> Outcome:
    return Outcome(found.short["last"], found.objective, found.short["rows"])


def _ranked_by(policy: Policy, found: Outcome) -> Outcome:
    asked = policy.objective
    return replace(found, objective=Objective(asked.metric, asked.goal)) if asked else found


def ranked(lines: Iterable[Line], sort: Sort) -> list[Line]:
    """The same lines with the objective that `sort` gives all of them."""
    lines = list(lines)
    objective = sort.objective(lines)
    return [replace(line, outcome=replace(line.outcome, objective=objective)) for line in lines]


def unlogged(lines: Sequence[Line]) -> str:
    """A sentence if these lines, ranked by one metric, have not one number of it; else nothing."""
    objective = lines[0].outcome.objective if lines else None
    if objective is None or any(line.outcome.objective_value is not None for line in lines):
        return ""
    names = list(dict.fromkeys(name for line in lines for name in line.outcome.last))
    known = f"they log {', '.join(names[:NAMED])}{', ...' * (len(names) > NAMED)}" if names else "they have logged nothing yet"
    return f'no job here has a number for "{objective.name}": {known}'


def best_first(lines: Iterable[Line], sort: Sort | None = None) -> list[Line]:
    """Those that succeeded, by their objective or as `sort` has it, the best first; then the others, in the same way.

    Experiments with different objectives stand in groups: they cannot be compared.
    """
    lines = ranked(lines, sort) if sort else list(lines)
    groups = list(dict.fromkeys(line.outcome.objective for line in lines))
    return sorted(lines, key=lambda line: (line.job.state not in SUCCEEDED, groups.index(line.outcome.objective), _rank(line)))


def _rank(line: Line) -> float:
    return line.outcome.objective.rank(line.outcome.objective_value) if line.outcome.objective else 0.0
