"""Whether a figure is worse here than in another checkout, as far as so many rounds can say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.harness.figures import Figure, spread, times

MARGIN = 0.05
ENOUGH = 3  # rounds: of fewer, each may lie beside each other by chance
RULE = (
    f"A figure is worse if every round here was worse than every round there, and the median by more than {MARGIN:.0%}; "
    f"of fewer than {ENOUGH} rounds nothing is said."
)


@dataclass(frozen=True)
class Verdict:
    """`ratio` of the medians, and the least and most of a round here to the one there beside it; above 1 is worse, and
    None is no number (see `times`). `word`: "worse", "better", "same" or "too few rounds"."""

    key: str
    name: str
    unit: str
    here: float
    there: float
    ratio: float | None
    low: float | None
    high: float | None
    word: str


def verdict(here: Figure, there: Figure) -> Verdict:
    middle = spread(here.ours).median, spread(there.ours).median
    ratio = times(*middle, here.better)
    beside = [times(*pair, here.better) for pair in zip(here.ours, there.ours, strict=False)]
    finite = [each for each in beside if each is not None]
    word = _word(ratio, _costs(here), _costs(there))
    return Verdict(here.key, here.name, here.unit, *middle, ratio, min(finite, default=None), max(finite, default=None), word)


def _costs(figure: Figure) -> list[float]:
    """The values, turned so that more is worse."""
    return [value if figure.better == "lower" else -value for value in figure.ours]


def _word(ratio: float | None, here: Sequence[float], there: Sequence[float]) -> str:
    if min(len(here), len(there)) < ENOUGH:
        return "too few rounds"
    if min(here) > max(there) and (ratio is None or ratio > 1 + MARGIN):
        return "worse"
    return "better" if max(here) < min(there) and (ratio is None or ratio < 1 / (1 + MARGIN)) else "same"


def verdicts(here: Sequence[Figure], there: Sequence[Figure]) -> list[Verdict]:
    """Of all figures that both have."""
    others: Mapping[str, Figure] = {figure.key: figure for figure in there}
    return [verdict(figure, others[figure.key]) for figure in here if figure.key in others]
