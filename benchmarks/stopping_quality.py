"""What early stopping costs and saves: the best value that a sweep has seen after so many rows, by the rule that stops trials.

    python benchmarks/stopping_quality.py [--quick] [--orders 50] [--at-once 4] [--curves FILE]

`data/recogniser_curves.json` has the curves of 72 small recognisers with random settings, each trained to its end
(`recogniser_curves.py` makes them). A random sweep over them is replayed: each order is the same for all rules, four trials run
at once, and a row of one takes up to four times as long as one of another. Regret is in points of accuracy: how far the best row
so far is from the best of all curves. It is judged after shares of the rows that all curves have; a rule that has tried all
trials before that stands where it ended. In brackets: the mean regret less that of `wandb`, where 95 % of samples of the orders
(bootstrap) have it; that there is one pool of curves alone is not in it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from heapq import heappop, heappush
from pathlib import Path
from random import Random

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parent.parent)]

from scheduler.queue.states import State  # noqa: E402 (the package of this checkout)
from scheduler.sweeps.files.early_terminate import EarlyTerminate  # noqa: E402
from scheduler.sweeps.files.sweep_file import Sweep  # noqa: E402
from scheduler.sweeps.stopping.stopping import Stopping, open_stopping  # noqa: E402
from scheduler.sweeps.trials import Trial  # noqa: E402

SHARES = (0.05, 0.1, 0.2, 0.4, 1.0)
RESAMPLES = 2_000
DEFAULT = "wandb"
Rules = dict[str, tuple[str, EarlyTerminate | None]]  # the name of a row: the pruner, and what the file says
RULES: Rules = {
    "none": ("none", None),
    DEFAULT: ("wandb", EarlyTerminate(min_iter=3)),
    "wandb, strict": ("wandb", EarlyTerminate(min_iter=3, strict=True)),
    "wandb, min_iter 1": ("wandb", EarlyTerminate(min_iter=1)),
    "wandb, min_iter 1, strict": ("wandb", EarlyTerminate(min_iter=1, strict=True)),
    "asha": ("asha", EarlyTerminate(min_iter=3)),
    "asha, min_iter 1": ("asha", EarlyTerminate(min_iter=1)),
    "hyperband of Optuna": ("hyperband", EarlyTerminate(min_iter=3)),
    "median of Optuna": ("median", EarlyTerminate(min_iter=3)),
    "iepoch, min_iter 1": ("iepoch", EarlyTerminate(type="iepoch", min_iter=1, keep=3)),
    "iepoch, min_iter 3": ("iepoch", EarlyTerminate(type="iepoch", min_iter=3, keep=3)),
    "iepoch, min_iter 9": ("iepoch", EarlyTerminate(type="iepoch", min_iter=9, keep=3)),
}


def stopping(pruner: str, rule: EarlyTerminate | None) -> Stopping:
    return open_stopping(Sweep("random", (), {"name": "accuracy", "goal": "maximize"}, early_terminate=rule), pruner)


def replay(curves: Sequence[Sequence[float]], rule: Stopping, at_once: int, seed: int) -> tuple[list[float], int]:
    """The best value after each row that was computed, and how many trials were stopped."""
    random = Random(seed)  # noqa: S311
    order = random.sample(range(len(curves)), len(curves))
    pace = [4 ** random.random() for _ in curves]
    trials: list[Trial] = []
    due: list[tuple[float, int]] = []
    best: list[float] = []

    def begin(now: float) -> None:
        if len(trials) < len(order):
            trials.append(Trial(len(trials), (), State.RUNNING))
            heappush(due, (now + pace[order[len(trials) - 1]], len(trials) - 1))

    for _ in range(at_once):
        begin(0.0)
    while due:
        now, number = heappop(due)
        curve, rows = curves[order[number]], len(trials[number].rows) + 1
        best.append(max(curve[rows - 1], best[-1] if best else 0.0))
        over = rows == len(curve)
        trials[number] = replace(trials[number], rows=tuple(curve[:rows]), state=State.DONE if over else State.RUNNING)
        condemned = {verdict.number for verdict in rule.verdicts(trials)}
        for each in condemned:
            trials[each] = replace(trials[each], state=State.STOPPED_EARLY)
        due = sorted(event for event in due if event[1] not in condemned)
        if not over and number not in condemned:
            heappush(due, (now + pace[order[number]], number))
        for _ in range(len(condemned) + over):
            begin(now)
    return best, sum(trial.state == State.STOPPED_EARLY for trial in trials)


def row(
    name: str,
    curves: Sequence[Sequence[float]],
    found: Sequence[tuple[list[float], int]],
    base: Sequence[tuple[list[float], int]],
) -> str:
    everything, top = sum(map(len, curves)), max(map(max, curves))
    stopped = statistics.fmean(count for _, count in found) / len(curves)
    rows = statistics.fmean(len(best) for best, _ in found) / everything
    cells = []
    for share in SHARES:
        mine, theirs = (
            [100 * (top - best[min(len(best), int(share * everything)) - 1]) for best, _ in each] for each in (found, base)
        )
        cells.append(f"{statistics.fmean(mine):.2f} {interval([a - b for a, b in zip(mine, theirs, strict=True)])}")
    return f"| {name} | {stopped:.0%} | {rows:.0%} | {' | '.join(cells)} |"


def interval(differences: Sequence[float]) -> str:
    if not any(differences):
        return ""
    random = Random(0)  # noqa: S311
    means = sorted(statistics.fmean(random.choices(differences, k=len(differences))) for _ in range(RESAMPLES))
    return f"({means[int(0.025 * RESAMPLES)]:+.2f} to {means[int(0.975 * RESAMPLES)]:+.2f})"


def report(curves: Sequence[Sequence[float]], orders: int, at_once: int) -> Iterator[str]:
    found = {name: [replay(curves, stopping(*rule), at_once, seed) for seed in range(orders)] for name, rule in RULES.items()}
    rows, best = sum(map(len, curves)), max(map(max, curves))
    yield f"{len(curves)} curves, {rows} rows, best {best:.4f}; {orders} orders, {at_once} at once\n"
    yield f"| rule | trials stopped | rows for all | {' | '.join(f'regret after {share:.0%}' for share in SHARES)} |"
    yield "|---|---|---|" + "---|" * len(SHARES)
    for name, each in found.items():
        yield row(name, curves, each, found[DEFAULT])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three orders")
    parser.add_argument("--orders", type=int, default=50)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--curves", type=Path, default=HERE.parent / "data/recogniser_curves.json")
    options = parser.parse_args()
    curves = json.loads(options.curves.read_text())
    print("\n".join(report(curves, 3 if options.quick else options.orders, options.at_once)))


if __name__ == "__main__":
    main()
