"""Tables of real trainings, and the ways of searching them that `search_quality.py` compares."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import heappop, heappush
from pathlib import Path
from random import Random
from typing import Any, Protocol

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parent.parent)]

from scheduler.experiments.document.document import open_document  # noqa: E402 (the package of this checkout)
from scheduler.queue.states import State  # noqa: E402
from scheduler.sweeps.files.sweep_file import Sweep, read_sweep  # noqa: E402
from scheduler.sweeps.search.search import open_search  # noqa: E402
from scheduler.sweeps.space.distributions import identity  # noqa: E402
from scheduler.sweeps.trials import Trial  # noqa: E402

AT_ONCE = 4
Places = tuple[int, ...]  # of a point, the place of each value in its list


@dataclass(frozen=True)
class Table:
    """What was trained: of every point, the last parameter varying fastest, the results and the seconds of its trainings."""

    space: Mapping[str, Sequence[Any]]
    goal: str
    values: Sequence[Sequence[float]]
    seconds: Sequence[Sequence[float]]

    def index(self, point: Places) -> int:
        found = 0
        for place, axis in zip(point, self.space.values(), strict=True):
            found = found * len(axis) + place
        return found

    def training(self, point: Places, random: Random) -> tuple[float, float]:
        """The result and the seconds of one of its trainings."""
        values, seconds = self.values[self.index(point)], self.seconds[self.index(point)]
        which = random.randrange(len(values))
        return values[which], seconds[which]


def regrets(table: Table) -> list[float]:
    """Of every point: 0 is the best, 1 the median."""
    sign = -1 if table.goal == "maximize" else 1
    means = [sign * statistics.fmean(each) for each in table.values]
    best, middle = min(means), statistics.median(means)
    return [(each - best) / (middle - best) for each in means]


@lru_cache(maxsize=2)
def opened(path: Path) -> tuple[Table, list[float]]:
    table = Table(**json.loads(path.read_text()))
    return table, regrets(table)


class Searching(Protocol):
    """One search: asked for a point, told results."""

    def ask(self, number: int) -> Places: ...

    def tell(self, number: int, value: float) -> None: ...


class Ours:
    """A sweep file of these lists, and the search that a sweep opens for it, told what a sweep tells it."""

    def __init__(self, table: Table, seed: int, sampler: str | None = None) -> None:
        self._axes = [[identity(value) for value in axis] for axis in table.space.values()]
        sweep = sweep_of(table)
        self._order = [[each.name for each in sweep.parameters].index(name) for name in table.space]
        self._search, self.points = open_search(sweep, sampler=sampler, seed=seed), dict[int, tuple]()

    def hear(self, number: int, point: tuple) -> None:
        """That a trial has begun."""
        self.points[number] = point
        self._search.tell(Trial(number, point, State.RUNNING))

    def ask(self, number: int) -> Places:
        point = self._search.ask(number) or ()
        self.hear(number, point)
        ordered = [point[place] for place in self._order]
        return tuple(axis.index(identity(value)) for axis, value in zip(self._axes, ordered, strict=True))

    def tell(self, number: int, value: float) -> None:
        self._search.tell(Trial(number, self.points[number], State.DONE, (value,)))


class GpThenTpe:
    """What a sweep does that begins with `--sampler gp` and goes on with tpe after fifty trials."""

    MOST = 50

    def __init__(self, table: Table, seed: int) -> None:
        self._both = Ours(table, seed, "gp"), Ours(table, seed)

    def ask(self, number: int) -> Places:
        first, then = self._both
        if number < self.MOST:
            point = first.ask(number)
            then.hear(number, first.points[number])
            return point
        return then.ask(number)

    def tell(self, number: int, value: float) -> None:
        self._both[1].tell(number, value)
        if number in self._both[0].points:
            self._both[0].tell(number, value)


def sweep_of(table: Table) -> Sweep:
    parameters = {name: {"values": list(axis)} for name, axis in table.space.items()}
    written = {"method": "bayes", "metric": {"name": "value", "goal": table.goal}, "parameters": parameters}
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump(written, file)
        file.flush()
        return read_sweep(open_document(file.name))


class ByHand:
    """Optuna as one writes it by hand: every parameter a choice, and the sampler that Optuna takes."""

    def __init__(self, table: Table, seed: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        direction = optuna.study.StudyDirection[table.goal.upper()]
        self._study = optuna.create_study(direction=direction, sampler=optuna.samplers.TPESampler(seed=seed))
        self._space, self._trials = table.space, dict[int, Any]()

    def ask(self, number: int) -> Places:
        trial = self._trials[number] = self._study.ask()
        return tuple(list(axis).index(trial.suggest_categorical(name, axis)) for name, axis in self._space.items())

    def tell(self, number: int, value: float) -> None:
        self._study.tell(self._trials[number], value)


class Peer:
    """A search in the Python of the cache."""

    def __init__(self, name: str, table: Table, seed: int, python: Path) -> None:
        command = [str(python), str(HERE.with_name("search_quality_peers.py")), name]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._over: list[tuple[int, float]] = []
        self._say({"space": table.space, "goal": table.goal, "seed": seed})

    def _say(self, what: Mapping[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def ask(self, number: int) -> Places:
        assert self._process.stdout
        self._say({"over": self._over, "ask": number})
        self._over = []
        return tuple(json.loads(self._process.stdout.readline()))

    def tell(self, number: int, value: float) -> None:
        self._over.append((number, value))

    def close(self) -> None:
        self._process.communicate()


def searched(table: Table, known: Sequence[float], searching: Searching, trials: int, seed: int) -> tuple[list[float], int]:
    """The regret after each trial that has ended, in that order, and how many trials were of a point that was tried before."""
    sign = -1 if table.goal == "maximize" else 1
    running: list[tuple[float, int, float, Places]] = []
    curve: list[float] = []
    tried: set[Places] = set()
    best, now = (float("inf"), 1.0), 0.0
    for number in range(trials + AT_ONCE):
        if number >= AT_ONCE and running:
            now, ended, value, point = heappop(running)
            searching.tell(ended, value)
            best = min(best, (sign * value, known[table.index(point)]))
            curve.append(best[1])
        if number < trials:
            point = searching.ask(number)
            tried.add(point)
            value, seconds = table.training(point, Random(f"{seed}:{number}"))  # noqa: S311
            heappush(running, (now + seconds, number, value, point))
    return curve, trials - len(tried)
