"""How long a sweep goes on asking for trials. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from scheduler.goals import MAXIMIZE, MINIMIZE
from scheduler.queue.states import SUCCEEDED, State
from scheduler.sweeps.trials import Trial
from scheduler.values import dataclass

FIRST_FAILURES = 3  # a sweep whose first trials all fail has a mistake, not bad luck
FAILURES_IN_A_ROW = 5
FAILED = frozenset({State.FAILED, State.TIMEOUT, State.LOST})


@dataclass(frozen=True)
class Budget:
    """`cap` limits the trials of the sweep, `count` those that this command adds; `deadline` is on the monotonic clock."""

    cap: int | None = None
    count: int | None = None
    deadline: float | None = None
    target: float | None = None
    goal: str = MINIMIZE


@dataclass
class Outcomes:
    """How the trials of this command ended, one after the other."""

    states: list[State] = field(default_factory=list)

    def why_enough(self) -> str:
        """Why no more trials should be tried after these; "" while they may."""
        ended = [state for state in self.states if state in SUCCEEDED or state in FAILED]
        if len(ended) >= FIRST_FAILURES and all(state in FAILED for state in ended[:FIRST_FAILURES]):
            return f"the first {FIRST_FAILURES} trials failed: that looks like a mistake that every trial has"
        if len(ended) >= FAILURES_IN_A_ROW and all(state in FAILED for state in ended[-FAILURES_IN_A_ROW:]):
            return f"{FAILURES_IN_A_ROW} trials in a row failed"
        return ""


def why_over(budget: Budget, *, trials: int, added: int, best: float | None, now: float) -> str:
    """Why the sweep asks for no more, given the number of its trials, of those that this command added, the best value so
    far and the monotonic time; "" while it goes on."""
    if budget.cap is not None and trials >= budget.cap:
        return f"run_cap {budget.cap} is reached"
    if budget.count is not None and added >= budget.count:
        return f"--count {budget.count} is reached"
    if budget.deadline is not None and now >= budget.deadline:
        return "the time is up"
    if reaches(best, budget.target, budget.goal):
        return f"the target {budget.target:g} is reached"
    return ""


def reaches(best: float | None, target: float | None, goal: str) -> bool:
    """Whether the best value is as good as the target, where there are both."""
    if best is None or target is None:
        return False
    return best >= target if goal == MAXIMIZE else best <= target


def best_trial(trials: Sequence[Trial], goal: str) -> Trial | None:
    """The trial with the best value in the present space, failed ones left out; the first of equals."""
    return _best([trial for trial in trials if not trial.outside], goal)


def better_outside(trials: Sequence[Trial], goal: str) -> Trial | None:
    """The best of those that lie outside of the present space, where none in it is as good."""
    best = _best(trials, goal)
    return best if best and best.outside else None


def _best(trials: Sequence[Trial], goal: str) -> Trial | None:
    found = [trial for trial in trials if trial.best(goal) is not None and trial.state not in FAILED]
    sign = -1.0 if goal == MAXIMIZE else 1.0
    return min(found, key=lambda trial: (sign * (trial.best(goal) or 0.0), bool(trial.outside)), default=None)
