"""What the searches of `search_quality.py` have found, as tables. Intervals are of 95 %, by a bootstrap over tables and seeds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random

AFTER = (10, 25, 50, 100)  # trials
RESAMPLES = 2_000
Found = Mapping[tuple[str, str], Mapping[int, float]]  # of a table and a method, by seed, the regret after so many trials


def report(lines: Sequence[dict], against: str) -> Iterator[str]:
    """`against`: the method with which the others are compared."""
    longest = max(len(line["curve"]) for line in lines)
    for trials in [each for each in AFTER if each <= longest] or [longest]:
        yield from whole(lines, at(lines, trials), trials, against)
    yield from by_table(at(lines, longest), longest)


def at(lines: Sequence[dict], trials: int) -> Found:
    found: dict[tuple[str, str], dict[int, float]] = {}
    for line in lines:
        if len(line["curve"]) >= trials:
            found.setdefault((line["table"], line["method"]), {})[line["seed"]] = line["curve"][trials - 1]
    return found


def whole(lines: Sequence[dict], found: Found, trials: int, against: str) -> Iterator[str]:
    """All tables together, one row for each method."""
    tables, methods = sorted({table for table, _ in found}), list(dict.fromkeys(method for _, method in found))
    ranks = [ranked({method: found[table, method] for method in methods if (table, method) in found}) for table in tables]
    yield f"\nafter {trials} trials, {len(tables)} tables\n"
    columns = ("method", "seeds", "regret: median (quartiles)", "mean rank", "points tried again")
    yield f"| {' | '.join(columns)} | regret less {against} | {against} better |"
    yield "|---|---|---|---|---|---|---|"
    for method in methods:
        regrets = [each for table in tables for each in found.get((table, method), {}).values()]
        seeds = len(regrets) / len(tables)
        rank = statistics.fmean(each[method] for each in ranks if method in each)
        again = statistics.fmean(line["again"] / line["trials"] for line in lines if line["method"] == method)
        difference = "| |" if method == against else compared(found, tables, method, against)
        yield f"| {method} | {seeds:.3g} | {spread(regrets)} | {rank:.2f} | {again:.0%} {difference}"


def spread(regrets: Sequence[float]) -> str:
    if len(regrets) < 2:
        return f"{regrets[0]:.3f}"
    low, middle, high = statistics.quantiles(regrets, n=4)
    return f"{middle:.3f} ({low:.3f} to {high:.3f})"


def ranked(found: Mapping[str, Mapping[int, float]]) -> dict[str, float]:
    """Of one table, the place of each method by its median; those that are even share theirs."""
    medians = {method: statistics.median(each.values()) for method, each in found.items()}
    ordered = sorted(medians.values())
    return {method: ordered.index(each) + (ordered.count(each) + 1) / 2 for method, each in medians.items()}


def compared(found: Found, tables: Sequence[str], method: str, against: str) -> str:
    """By how much its regret is higher than that of `against`, and how often that is the lower one, ties counting half."""
    pairs = []
    for table in tables:
        base, theirs = found.get((table, against), {}), found.get((table, method), {})
        pairs.append([(base[seed], theirs[seed]) for seed in sorted(base.keys() & theirs.keys())])
    pairs = [each for each in pairs if each]
    if not pairs:
        return "| |"
    more = interval([[theirs - base for base, theirs in each] for each in pairs], "+.3f")
    better = interval([[(theirs > base) + (theirs == base) / 2 for base, theirs in each] for each in pairs], ".0%")
    return f"| {more} | {better} |"


def interval(samples: Sequence[Sequence[float]], form: str) -> str:
    """The mean over tables of the mean over seeds, and where it lies in 95 % of tables and seeds drawn again."""
    random = Random(0)  # noqa: S311
    drawn = sorted(mean(samples, lambda each: random.choices(each, k=len(each))) for _ in range(RESAMPLES))
    low, high = drawn[int(0.025 * RESAMPLES)], drawn[int(0.975 * RESAMPLES)]
    return f"{mean(samples, list):{form}} ({low:{form}} to {high:{form}})"


def mean(samples: Sequence[Sequence[float]], pick: Callable[[Sequence], list]) -> float:
    return statistics.fmean(statistics.fmean(pick(each)) for each in pick(samples))


def by_table(found: Found, trials: int) -> Iterator[str]:
    """The median regret of each method that has so many trials, and its rank."""
    methods = list(dict.fromkeys(method for _, method in found))
    yield f"\nmedian regret after {trials} trials, by table (rank)\n"
    yield f"| table | {' | '.join(methods)} |"
    yield f"|---|{'---|' * len(methods)}"
    for table in sorted({table for table, _ in found}):
        there = {method: found[table, method] for method in methods if (table, method) in found}
        ranks = ranked(there)
        cells = [f"{statistics.median(there[name].values()):.3f} ({ranks[name]:g})" if name in there else "" for name in methods]
        yield f"| {table} | {' | '.join(cells)} |"
