"""What it costs to put many jobs side by side: a store of 10,000 jobs that are over, and keeps what they have logged.

    python benchmarks/comparing.py [--jobs 10000] [--rows 20]

Times of the parts in one process, the best of three, then of the commands, each a process of its own, byte-compiled.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scheduler.actions.compare import compare, means  # noqa: E402 (the package of this checkout)
from scheduler.actions.compared import compared  # noqa: E402
from scheduler.actions.logged import summaries  # noqa: E402
from scheduler.experiments import read  # noqa: E402
from scheduler.home import open_home  # noqa: E402
from scheduler.queue.job import Attempt, Ending  # noqa: E402
from scheduler.queue.states import State  # noqa: E402
from scheduler.queue.store import Store  # noqa: E402
from scheduler.queue.submit import submit  # noqa: E402
from scheduler.report import comparison  # noqa: E402
from scheduler.runner.logs import keep_what_is_small  # noqa: E402

FILE = """
experiment_group: Many
command: [python, train.py, "${{args}}"]
base: {{net: {{width: 64, dropout: 0.1}}, data: {{name: lines, augment: true}}, epochs: 20}}
policy: {{objective: {{metric: val_loss, goal: minimize}}}}
grid: {{seed: [{seeds}], lr: [0.1, 0.03, 0.01, 0.003, 0.001], net.layers: [1, 2, 3, 4]}}
"""


def filled(store: Store, directory: Path, jobs: int, rows: int) -> None:
    """So many jobs that have succeeded, each with a metric log."""
    path = directory / "many.yaml"
    path.write_text(FILE.format(seeds=", ".join(map(str, range(jobs // 20)))))
    submitted = submit(store, list(read(str(path)).experiments()), str(directory)).jobs
    attempts: list[Attempt] = []
    with store.change() as change:
        for job in list(submitted):
            attempt = change.begin(job, "launcher", "")
            assert attempt
            attempts.append(attempt)
            change.end(attempt, Ending(State.DONE, 0), 60.0)
    for attempt in attempts:
        attempt.metrics.parent.mkdir(parents=True, exist_ok=True)
        attempt.metrics.write_text("".join(row(step) for step in range(rows)))
    for job, attempt in zip(submitted, store.latest_attempts(submitted).values(), strict=True):
        keep_what_is_small(store, job, attempt)  # as the runner of a job does at its end


def row(step: int) -> str:
    values = {"loss": random.random(), "val_loss": random.random(), "val_acc": random.random(), "lr": 0.1}  # noqa: S311
    return json.dumps({"_step": step, "_time": 1700000000.0 + step, **values}) + "\n"


def timed(what: str, ask: Callable[[], object]) -> None:
    took = []
    for _ in range(3):
        start = time.perf_counter()
        ask()
        took.append(time.perf_counter() - start)
    print(f"{what:50} {min(took):7.2f} s")


def command(directory: Path, *words: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"EXP_QUEUE_HOME": str(directory / "home"), "PYTHONPATH": str(ROOT)}
    line = [sys.executable, "-m", "scheduler.cli.main", *words]
    timed(" ".join(words), lambda: subprocess.run(line, env=environment, cwd=directory, check=True, capture_output=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="comparing-") as made:
        directory = Path(made)
        with Store(open_home(directory / "home")) as store:
            filled(store, directory, options.jobs, options.rows)
            print(f"{options.jobs} jobs of {options.rows} rows")
            jobs = store.jobs()
            timed("jobs from the store", store.jobs)
            timed("what they have logged", lambda: summaries(store, jobs))
            timed("all that they are compared by, with that", lambda: compared(store, jobs))
            timed("compare, the best 50", lambda: comparison.table(compare(store, limit=50)))
            timed("compare, all rows", lambda: comparison.table(compare(store)))
            timed("compare, only what differs", lambda: comparison.table(compare(store, only_different=True)))
            timed("means over seeds", lambda: comparison.table_of_means(means(store, (), ["seed"])))
        for options_of in ((), ("--limit", "0"), ("--group-by", "seed"), ("--format", "csv")):
            command(directory, "compare", *options_of)


if __name__ == "__main__":
    main()
