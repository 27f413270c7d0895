"""Early termination by comparing trials at bands: the rule of W&B, `early_terminate: {type: hyperband}`, and i-Epoch. Pure.

A band is a number of logged rows. Every trial that gets there leaves its value at that row, whatever becomes of the trial.
With eta 3, a running trial goes on only while it is within about the best third of the values at its latest band:

    >>> from scheduler.queue.states import State
    >>> first = Trial(0, (), State.DONE, rows=(1.0, 0.8, 0.6, 0.5))
    >>> second = Trial(1, (), State.RUNNING, rows=(1.2, 1.1, 0.9))
    >>> rule = EarlyTerminate(min_iter=3)
    >>> bands(rule)[:4]
    (3, 9, 27, 81)
    >>> [(band.rows, band.threshold) for band in standings(rule, "minimize", [first, second])]
    [(3, 0.6), (9, None)]
    >>> [verdict.sentence for verdict in verdicts(rule, "minimize", [first, second], metric="loss")]
    ['its best loss in 3 rows was 0.9, worse than 0.6, the best of the 2 trials at row 3']

The rule is not successive halving as published (https://arxiv.org/abs/1603.06560): there are no rounds, nothing waits, and
a trial is judged again whenever better ones arrive. It is what W&B documents
(https://docs.wandb.ai/guides/sweeps/sweep-config-keys#early_terminate) and computes (package `sweeps` 0.3.0).

i-Epoch (https://arxiv.org/abs/2307.15422) trains every configuration for i epochs, and then the best K to the end. Nothing waits
here either: a trial goes on while it is among the best K so far. Who is not, will never be, whatever comes; so no trial is
stopped that the published rule lets go on, and those that were among the best for a while cost some more rows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from itertools import takewhile

from scheduler.errors import UserError
from scheduler.goals import MAXIMIZE
from scheduler.queue.states import ENDED, SUCCEEDED, State
from scheduler.sweeps.files.early_terminate import HYPERBAND, IEPOCH, EarlyTerminate
from scheduler.sweeps.stopping.rules import by_row, place
from scheduler.sweeps.stopping.verdicts import Verdict, apart, ordinal
from scheduler.sweeps.trials import Trial, best_of
from scheduler.values import dataclass

JUDGED = frozenset({State.STARTING, State.RUNNING})
FALLEN_OUT = ENDED - SUCCEEDED  # they do not go to the end, and take no place among those that do
MOST_BANDS = 100


@dataclass(frozen=True)
class Reached:
    """A trial that got to a band, and the metric in the row that took it there."""

    number: int
    value: float


@dataclass(frozen=True)
class Band:
    """A band, the trials that have reached it (best first), and the worst value that still passes (None: any does)."""

    rows: int
    reached: tuple[Reached, ...]
    threshold: float | None


def bands(rule: EarlyTerminate) -> tuple[int, ...]:
    """After how many rows trials are compared, ascending, each once; at most 100. Raises UserError where there is none.

    >>> bands(EarlyTerminate(max_iter=27, s=2)), bands(EarlyTerminate(max_iter=19, s=2, min_iter=7))
    ((3, 9), (2, 6))
    """
    if rule.type == IEPOCH:
        return (rule.min_iter or 1,)
    found = _divided(rule) if rule.max_iter is not None else _multiplied(rule)
    rows = tuple(sorted(set(found)))
    if not rows:
        what = f"early_terminate with max_iter {rule.max_iter}, s {rule.s} and eta {rule.eta} leaves no band to compare trials at"
        raise UserError(what, next_step="raise max_iter or s, lower eta, or give min_iter alone")
    return rows


def _divided(rule: EarlyTerminate) -> Iterator[int]:
    """From `max_iter` down; it is no band itself. `max_iter` wins over `min_iter`, as in W&B."""
    band = float(rule.max_iter or 0)
    for _ in range(int(rule.s or 0)):
        band /= rule.eta
        if band < 1:
            return
        yield int(band)


def _multiplied(rule: EarlyTerminate) -> Iterator[int]:
    # Multiplied step by step, not raised to a power: the roundings of the two differ, and W&B's are these.
    band: float = rule.min_iter or 1
    for _ in range(MOST_BANDS):
        if band == float("inf"):
            return
        yield int(band)
        band *= rule.eta


def strictness(rule: EarlyTerminate) -> str | None:
    """What to tell the user where the file leaves `strict` open; None where it says."""
    if rule.strict is not None or rule.type != HYPERBAND:
        return None
    return (
        "early_terminate does not say strict: a trial is judged by its best row so far (strict: false, W&B's documented default; "
        "newer versions of W&B take true); write strict: false or strict: true to be sure"
    )


class Bands:
    """The standings, kept up to date row by row: telling costs O(log trials), a verdict O(rows of the one trial).

    The functions `standings` and `verdicts` are the same rule for a list of trials at once.
    """

    def __init__(self, rule: EarlyTerminate, goal: str) -> None:
        self.rule, self.goal = rule, goal
        self.rows = bands(rule)
        self._sign = -1.0 if goal == MAXIMIZE else 1.0
        self._sorted: list[list[tuple[float, int]]] = [[] for _ in self.rows]  # per band (sign * value, trial), best first
        self._crossed: dict[int, tuple[float, ...]] = {}

    def tell(self, trial: Trial) -> None:
        """News of a trial in any state. Its earlier rows may have been others (a new attempt): the latest count."""
        before = self._crossed.get(trial.number, ())
        now = self._keys(trial)
        if before == now:
            return
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, now, strict=False)))
        for band, key in enumerate(before[same:], same):
            del self._sorted[band][bisect_left(self._sorted[band], (key, trial.number))]
        for band, key in enumerate(now[same:], same):
            insort(self._sorted[band], (key, trial.number))
        self._crossed[trial.number] = now

    def standings(self) -> tuple[Band, ...]:
        """The bands from the first to the first that no trial has reached."""
        return tuple(self._band(band) for band in range(min(self._count() + 1, len(self.rows))))

    def verdict(self, trial: Trial, metric: str = "metric") -> Verdict | None:
        """Why this trial is to be stopped, or None: it may go on, is below the first band, or is not running."""
        if trial.state not in JUDGED:
            return None
        band = bisect_right(self.rows, len(trial.rows)) - 1
        if band < 0 or not self._sorted[band]:
            return None
        value = trial.rows[self.rows[band] - 1] if by_row(self.rule) else best_of(self.goal, trial.rows)
        limit = self._threshold_key(band)
        if value is None or limit is None or not self._sign * value > limit:
            return None
        return self._verdict(trial, band, value, metric)

    def _keys(self, trial: Trial) -> tuple[float, ...]:
        if self.rule.type == IEPOCH and trial.state in FALLEN_OUT:
            return ()
        crossed = takewhile(lambda band: band <= len(trial.rows), self.rows)
        return tuple(self._sign * trial.rows[band - 1] for band in crossed)

    def _count(self) -> int:
        return sum(1 for _ in takewhile(bool, self._sorted))

    def _band(self, band: int) -> Band:
        reached = tuple(Reached(number, self._sign * key) for key, number in self._sorted[band])
        limit = self._threshold_key(band)
        return Band(self.rows[band], reached, None if limit is None else self._sign * limit)

    def _threshold_key(self, band: int) -> float | None:
        """The worst that passes; None where any does."""
        last = place(self.rule, len(self._sorted[band])) if self._sorted[band] else None
        return None if last is None else self._sorted[band][last][0]

    def _verdict(self, trial: Trial, band: int, value: float, metric: str) -> Verdict:
        last, rows = place(self.rule, len(self._sorted[band])) or 0, self.rows[band]
        threshold = self._sign * self._sorted[band][last][0]
        its, limit = apart(value, threshold)
        mine = f"its {metric} in row {rows} was {its}"
        if not by_row(self.rule):
            mine = f"its best {metric} in {len(trial.rows)} rows was {its}"
        among = f"the {ordinal(last + 1)} of the {len(self._sorted[band])} trials at row {rows}"
        if self.rule.type == IEPOCH:
            among += f", and only the best {self.rule.keep} go on" if self.rule.keep != 1 else ", and only the best goes on"
        better = tuple(number for _, number in self._sorted[band][: last + 1])
        return Verdict(trial.number, len(trial.rows), rows, value, threshold, better, f"{mine}, worse than {limit}, {among}")


def _told(rule: EarlyTerminate, goal: str, trials: Iterable[Trial]) -> Bands:
    found = Bands(rule, goal)
    for trial in trials:
        found.tell(trial)
    return found


def standings(rule: EarlyTerminate, goal: str, trials: Iterable[Trial]) -> tuple[Band, ...]:
    """Every band that a trial in any state has reached, and the first that none has."""
    return _told(rule, goal, trials).standings()


def verdicts(rule: EarlyTerminate, goal: str, trials: Iterable[Trial], *, metric: str = "metric") -> tuple[Verdict, ...]:
    """One verdict for each running trial that is to be stopped, in the order of `trials`.

    With `strict` the value in the row of the latest band is judged, else the best of all rows so far; a trial is stopped if
    that is worse than the band's threshold. Waiting, stopping and ended trials are not judged, but their rows count.
    """
    everyone = tuple(trials)
    found = _told(rule, goal, everyone)
    judged = (found.verdict(trial, metric) for trial in everyone)
    return tuple(verdict for verdict in judged if verdict is not None)
