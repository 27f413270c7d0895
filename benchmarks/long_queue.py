"""What a queue of 100,000 jobs costs: to submit it, to look at it, to find the next job, in time and in memory.

    python benchmarks/long_queue.py [--jobs 100000]

Each command is a process of its own, byte-compiled, with its wall and CPU time and its largest resident memory. The next job is
a query of the store, the median of 100, also where all of the queue belongs to somebody else and our ten jobs stand behind it.
Then the queries once more with twice as many jobs that come after these. The floors: a Python that writes as many rows into
SQLite in one durable commit; one that counts them; a row found by its key; two rows written in a durable commit.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

if not __package__:  # started by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness.checkouts import COMMAND, environment
from benchmarks.harness.figures import Asked, Figure, Floor, joined
from benchmarks.harness.tables import shown
from scheduler.home import open_home
from scheduler.queue.job import Ending, Job
from scheduler.queue.mine import Mine, before
from scheduler.queue.states import State
from scheduler.queue.store import Store

# As many rows, about as long as those of a job, written by a Python that does nothing else.
ROWS = """
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None)
for line in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"):
    store.execute(line)
store.execute("CREATE TABLE job (id TEXT PRIMARY KEY, number INT, spec TEXT)")
store.execute("BEGIN")
store.executemany("INSERT INTO job VALUES (?, ?, ?)", ((f"{n:032x}", n, "x" * 200) for n in range(int(sys.argv[2]))))
store.execute("COMMIT")
"""
COUNT = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT COUNT(*) FROM job').fetchall())"


class Cost(NamedTuple):
    """Of a process: seconds by the wall and of CPU time, MB."""

    wall: float
    cpu: float
    memory: float


def written(path: Path, first: int, count: int) -> str:
    path.write_text(
        f"experiment_group: First\ncommand: ['true', '${{args}}']\ngrid: {{x: {list(range(first, first + count))}}}\n"
    )
    return str(path)


def command(directory: Path, *words: str) -> Cost:
    return cost([*COMMAND, *words], directory)


def cost(line: list[str], directory: Path) -> Cost:
    start = time.perf_counter()
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(line, env=environment(directory), cwd=directory, stdout=quiet, stderr=quiet)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, line
    return Cost(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def query(ask: Callable[[], object]) -> float:
    """Milliseconds."""
    took = []
    for _ in range(100):
        start = time.perf_counter()
        ask()
        took.append(1000 * (time.perf_counter() - start))
    return median(took)


def queries(directory: Path) -> dict[str, float]:
    with Store(open_home(directory / "home")) as store:
        everything, newest = Mine(store), Mine(store, store.jobs(limit=10, newest=True))
        first = everything.waiting(1, time.time())[0]
        return {
            "next": query(lambda: everything.waiting(1, time.time())),
            "next behind others'": query(lambda: newest.waiting(1, time.time())),
            "next begin": query(everything.next_begin),
            "anything to come": query(everything.are_queued),
            "begin and end": query(lambda: begin_and_end(store, first)),
            "jobs before the last": query(lambda: before(store, store.jobs(limit=1, newest=True)[0], 1000)),
        }


def bare_queries(path: Path) -> dict[str, Floor]:
    """The floors of two of them, in the database of ROWS."""
    with sqlite3.connect(path, isolation_level=None) as store:
        store.execute("PRAGMA synchronous = FULL")
        find = query(lambda: store.execute("SELECT * FROM job WHERE id = ?", (f"{7:032x}",)).fetchone())
        write = query(lambda: _two_rows(store))
    return {
        "next": Floor("a row found by its key", (find,)),
        "begin and end": Floor("two rows changed in a durable commit", (write,)),
    }


def _two_rows(store: sqlite3.Connection) -> None:
    store.execute("BEGIN IMMEDIATE")
    for number in (7, 8):
        store.execute("UPDATE job SET number = number + 1 WHERE id = ?", (f"{number:032x}",))
    store.execute("COMMIT")


def begin_and_end(store: Store, job: Job) -> None:
    """As a runner writes them; the job is queued again."""
    with store.change() as change:
        attempt = change.begin(store.job(job.id), "launcher", "")
        assert attempt
        change.end(attempt, Ending(State.FAILED, 1), 0.1)
        change.retry_by_policy(attempt)
        change.connection.execute("UPDATE job SET not_before = 0 WHERE number = ?", (job.number,))


def dependents(directory: Path, jobs: int) -> dict[str, float]:
    """As many jobs again that come after all of these, and as many that begin tomorrow; then the same questions."""
    group = "experiment_group: Second\n"
    path = directory / "second.yaml"
    for name, options in (("y", ()), ("z", ("--begin", "24h"))):
        path.write_text(f"{group}command: ['true', '${{args}}']\ngrid: {{{name}: {list(range(jobs))}}}\n")
        command(directory, "submit", str(path), *options, "--after", "group:First")
    return queries(directory)


def processes_of(directory: Path) -> int:
    """How many living processes have the queue's directory in their environment."""
    needle, found = os.fsencode(directory), 0
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            found += needle in path.read_bytes()
        except OSError:
            continue
    return found


def figures(asked: Asked, jobs: int = 0) -> list[Figure]:
    jobs = jobs or (5_000 if asked.quick else 100_000)
    directory = Path(tempfile.mkdtemp(prefix="queue-", dir=asked.folder))
    command(directory, "status")  # an empty queue, and byte-compiled
    floors, least = ({}, {}) if asked.alone else _floors(directory, jobs)
    file, more = written(directory / "long.yaml", 0, jobs), written(directory / "more.yaml", jobs, 10)
    words = {"submit": ("submit", file), "submit again": ("submit", file), "ten more": ("submit", more), "status": ("status",)}
    found = {what: command(directory, *each) for what, each in words.items()}
    asks = {"": queries(directory)}
    if not asked.quick:
        asks[f", {2 * jobs:,} after them"] = dependents(directory, jobs)
    waiting = Figure("queue.processes", f"processes that wait while {jobs:,} jobs do", "", (processes_of(directory),))
    return [*_commands(found, floors, jobs), *_queries(asks, least, jobs), waiting]


def _floors(directory: Path, jobs: int) -> tuple[dict[str, tuple[str, Cost]], dict[str, Floor]]:
    path = str(directory / "rows.db")
    rows = cost([sys.executable, "-I", "-c", ROWS, path, str(jobs)], directory)
    counted = cost([sys.executable, "-I", "-c", COUNT, path], directory)
    words = {"submit": ("a Python that writes as many rows", rows), "status": ("a Python that counts the rows", counted)}
    return words, bare_queries(Path(path))


def _commands(found: dict[str, Cost], floors: dict[str, tuple[str, Cost]], jobs: int) -> list[Figure]:
    return [
        Figure(
            f"queue.{what}{end}",
            f"{NAMES[what].format(jobs=f'{jobs:,}')}{more}",
            unit,
            (took[place],),
            Floor(floors[what][0], (floors[what][1][place],)) if what in floors else None,
        )
        for what, took in found.items()
        for place, end, more, unit in ((0, "", "", "s"), (1, ".cpu", ", CPU time", "s"), (2, ".memory", ", memory", "MB"))
    ]


NAMES = {
    "submit": "to submit {jobs} jobs",
    "submit again": "to submit the same {jobs} again",
    "ten more": "to submit ten more behind {jobs}",
    "status": "`status` of a queue of {jobs}",
    "next": "the next job of {jobs} found",
    "next behind others'": "our next job found behind {jobs} of others",
    "next begin": "when the next of {jobs} may begin",
    "anything to come": "whether anything of {jobs} is to come",
    "begin and end": "begin and end of a job written, {jobs} queued",
    "jobs before the last": "jobs before the last of {jobs} counted",
}


def _queries(asks: dict[str, dict[str, float]], floors: dict[str, Floor], jobs: int) -> list[Figure]:
    return [
        Figure(
            f"queue.{what}{', after' if more else ''}",
            f"{NAMES[what].format(jobs=f'{jobs:,}')}{more}",
            "ms",
            (took,),
            None if more else floors.get(what),
        )
        for more, each in asks.items()
        for what, took in each.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    asked = Asked(quick=False, folder=Path(tempfile.gettempdir()), python=sys.executable)
    print("\n".join(shown(joined(figures(asked, options.jobs) for _ in range(options.rounds)))))


if __name__ == "__main__":
    main()
