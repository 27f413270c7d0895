"""A verdict of early stopping, in values and in words; and what stopping has saved. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from scheduler.queue.states import State
from scheduler.sweeps.trials import Trial
from scheduler.values import dataclass


@dataclass(frozen=True)
class Verdict:
    """That one trial is to be stopped, and why.

    `better` are the trials that set the threshold, best first. Optuna's pruners say no threshold: None, and nobody.
    """

    number: int
    rows: int  # how many the trial had logged
    band: int  # the row at which it was compared
    value: float  # what of it was compared
    threshold: float | None  # the worst value that would have passed
    better: tuple[int, ...]
    sentence: str  # "its best loss in 9 rows was 0.7, worse than 0.53, the 2nd best of the 3 trials at row 9"


@dataclass(frozen=True)
class Saved:
    """What early stopping has saved, in rows of the metric."""

    stopped: int  # trials stopped early
    full: float  # rows of a trial that was left to its end: the median
    rows: float  # rows not computed
    computed: int  # rows computed, by trials in every state

    @property
    def share(self) -> float:
        """The part of all rows, computed or not, that was not computed; 0 to 1."""
        return self.rows / (self.rows + self.computed) if self.rows else 0.0


def saved(trials: Iterable[Trial]) -> Saved | None:
    """The rows that early stopping left uncomputed; None where no trial has ended by itself, for then nobody knows.

    Each trial that was stopped early is taken to have otherwise logged as many rows as the median trial that is `done`, and
    never fewer than it did. This is exact where all trials are equally long; it counts rows, not seconds, and does not know
    that a larger model takes longer for a row.
    """
    everyone = tuple(trials)
    whole = [len(trial.rows) for trial in everyone if trial.state == State.DONE]
    if not whole:
        return None
    stopped = [len(trial.rows) for trial in everyone if trial.state == State.STOPPED_EARLY]
    full = float(median(whole))
    spared = sum(max(0.0, full - rows) for rows in stopped)
    return Saved(len(stopped), full, spared, sum(len(trial.rows) for trial in everyone))


def apart(one: float, other: float) -> tuple[str, str]:
    """Two different numbers in the fewest digits, 4 or more, that tell them apart.

    >>> apart(0.70001, 0.5), apart(0.530001, 0.53)
    (('0.7', '0.5'), ('0.530001', '0.53'))
    """
    for digits in range(4, 17):
        texts = f"{one:.{digits}g}", f"{other:.{digits}g}"
        if texts[0] != texts[1]:
            return texts
    return repr(one), repr(other)


def ordinal(place: int) -> str:
    """`best`, `2nd best`, `3rd best`, ... for 1, 2, 3, ...

    >>> [ordinal(place) for place in (1, 2, 3, 11, 22)]
    ['best', '2nd best', '3rd best', '11th best', '22nd best']
    """
    if place == 1:
        return "best"
    ending = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending} best"
