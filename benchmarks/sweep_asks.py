"""How long a sweep waits for its next point: the time of one ask, per sampler, after 100, 1,000 and 10,000 trials.

    python benchmarks/sweep_asks.py [--quick] [--rounds 5] [--samplers tpe,random] [--gp-trials 100]

The space has eight parameters of the common kinds (learning rate, width, dropout, choices, steps). The trials are drawn at
random with the value of a known function; one in ten failed, and three run. "taken in" is the time in which a new search
takes in all of them, as after a crash. The time of one ask is the median of `--rounds`, each for another number, with the
end of one trial told in between, as in a sweep. The last column is the ratio to the first sampler, `random`.
Also: one decision of early stopping with W&B's rule, 8 trials running among 1,000 of 100 rows.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

if not __package__:  # started by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness.figures import ALONE, Asked, Figure, Floor
from scheduler.queue.states import State
from scheduler.sweeps.files.early_terminate import EarlyTerminate
from scheduler.sweeps.files.sweep_file import Sweep
from scheduler.sweeps.search.search import (
    LIBRARIES,
    SAMPLERS,
    RandomSearch,
    Search,
    open_search,
)
from scheduler.sweeps.space.distributions import FIELDS, Distribution, Parameter
from scheduler.sweeps.stopping.stopping import WandbStopping
from scheduler.sweeps.trials import Trial

SIZES = (100, 1_000, 10_000)
MILLISECONDS = 1e3


def parameter(name: str, kind: str, **fields: object) -> Parameter:
    return Parameter((name,), Distribution(kind, {**FIELDS[kind][1], **fields}))


SPACE = (
    parameter("activation", "categorical", values=["relu", "gelu", "silu"]),
    parameter("batch", "q_log_uniform_values", min=8, max=256, q=8),
    parameter("decay", "log_uniform_values", min=1e-6, max=1e-1),
    parameter("dropout", "uniform", min=0.0, max=0.5),
    parameter("layers", "int_uniform", min=1, max=8),
    parameter("lr", "log_uniform_values", min=1e-5, max=1e-1),
    parameter("momentum", "beta", a=9, b=1),
    parameter("width", "q_uniform", min=64, max=512, q=64),
)
SWEEP = Sweep("bayes", SPACE, metric={"name": "loss", "goal": "minimize"})


def loss(values: tuple) -> float:
    activation, batch, decay, dropout, layers, lr, momentum, width = values
    flat = (math.log10(lr) + 3) ** 2 + (math.log10(decay) + 4) ** 2 / 9 + abs(layers - 4) / 4 + (dropout - 0.2) ** 2
    return flat + (activation != "gelu") / 3 + abs(momentum - 0.9) + abs(width - 256) / 512 + abs(batch - 64) / 256


def trials(count: int) -> list[Trial]:
    points = RandomSearch(SPACE, seed=1)
    found = []
    for number in range(count):
        values = points.ask(number) or ()
        rows = tuple(loss(values) + 1 / row for row in range(1, 11))
        state = State.RUNNING if number >= count - 3 else State.FAILED if number % 10 == 5 else State.DONE
        found.append(Trial(number, values, state, rows))
    return found


def ask(search: Search, number: int) -> tuple[float, tuple]:
    began = time.perf_counter()
    point = search.ask(number)
    return time.perf_counter() - began, point or ()


def measure(sampler: str, size: int, rounds: int) -> tuple[float, float]:
    """Seconds to take in all trials, up to and with the first ask; median seconds of an ask after that."""
    past = trials(size)
    search = open_search(SWEEP, sampler=sampler)
    began = time.perf_counter()
    for trial in past:
        search.tell(trial)
    _, point = ask(search, size)
    taken_in = time.perf_counter() - began
    asks = []
    for number in range(size + 1, size + 1 + rounds):
        search.tell(Trial(number - 1, point, State.DONE, (loss(point),)))
        seconds, point = ask(search, number)
        asks.append(seconds)
    return taken_in, statistics.median(asks)


def warm_up(sampler: str) -> None:
    """Imports and compiled kernels are paid once in a process, not at each ask."""
    search = open_search(SWEEP, sampler=sampler)
    for trial in trials(20):
        search.tell(trial)
    search.ask(20)


def rows(samplers: list[str], sizes: tuple[int, ...], rounds: int, gp_trials: int) -> Iterator[str]:
    base: dict[int, float] = {}
    for sampler in samplers:
        missing = [name for name in LIBRARIES.get(sampler, ()) if not find_spec(name)]
        if missing:
            yield f"| {sampler} | left out: {', '.join(missing)} not installed | | | |"
            continue
        warm_up(sampler)
        for size in sizes:
            if sampler == "gp" and size > gp_trials:
                continue
            taken_in, median = measure(sampler, size, rounds)
            base.setdefault(size, median)
            times = f"{taken_in * MILLISECONDS:,.0f} ms | {median * MILLISECONDS:,.2f} ms | {median / base[size]:,.0f}"
            yield f"| {sampler} | {size:,} | {times} |"


def figures(asked: Asked) -> list[Figure]:
    """One ask after so many trials, by the methods that are here; the floors: the same by a search that draws at random, and a
    sort of as many values."""
    size, rounds = (100, 3) if asked.quick else (1_000, 9)
    samplers = [name for name in ("tpe", "cmaes") if all(find_spec(each) for each in LIBRARIES.get(name, ()))]
    again, drawn = (ALONE, ALONE) if asked.alone else _at_random(size, rounds)
    found = []
    for sampler in samplers:
        warm_up(sampler)
        taken_in, once = measure(sampler, size, rounds)
        found.append(
            Figure(f"asks.{sampler}", f"the next point by {sampler}, after {size:,} trials", "ms", (once * MILLISECONDS,), drawn)
        )
        what = f"{size:,} trials taken in by {sampler}, as after a crash"
        found.append(Figure(f"asks.{sampler}.again", what, "ms", (taken_in * MILLISECONDS,), again))
    stopping = decision(rounds) * MILLISECONDS
    least = ALONE if asked.alone else Floor("a sort of as many values", (sort(1_000) * MILLISECONDS,))
    return [*found, Figure("asks.stopping", "one decision of early stopping among 1,000 trials", "ms", (stopping,), least)]


def _at_random(size: int, rounds: int) -> tuple[Floor, Floor]:
    taken_in, once = measure("random", size, rounds)
    return Floor("the same by `random`", (taken_in * MILLISECONDS,)), Floor("a point drawn at random", (once * MILLISECONDS,))


def sort(count: int) -> float:
    """Median seconds."""
    values, times = [math.sin(number) for number in range(count)], []
    for _ in range(9):
        began = time.perf_counter()
        sorted(values)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def decision(rounds: int) -> float:
    """Median seconds of one decision of W&B's rule after one row has arrived."""
    everyone = [
        Trial(n, (), State.RUNNING if n >= 992 else State.DONE, tuple(math.sin(n * k) for k in range(100))) for n in range(1_000)
    ]
    stopping = WandbStopping(EarlyTerminate(min_iter=1), "minimize", "loss")
    stopping.verdicts(everyone)
    times = []
    for number in range(rounds * 8):
        place = 992 + number % 8
        everyone[place] = replace(everyone[place], rows=(*everyone[place].rows, 0.5))
        began = time.perf_counter()
        stopping.verdicts(everyone)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100 and 1,000 trials, three rounds, without gp")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samplers", default="random,qmc,tpe,cmaes,gp")
    parser.add_argument("--gp-trials", type=int, default=100, help="the largest number of trials for gp, which takes seconds")
    given = parser.parse_args()
    samplers = [name for name in given.samplers.split(",") if name in SAMPLERS and not (given.quick and name == "gp")]
    print("| sampler | trials | taken in | one ask | ratio to the first |\n|---|---|---|---|---|")
    for line in rows(samplers, SIZES[:2] if given.quick else SIZES, 3 if given.quick else given.rounds, given.gp_trials):
        print(line, flush=True)
    print(f"\none decision of early stopping: {decision(given.rounds) * MILLISECONDS:.2f} ms")


if __name__ == "__main__":
    main()
