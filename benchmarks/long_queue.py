"""What a queue of 100,000 jobs costs: to submit it, to look at it, to hold, release and cancel it, to find the next job, in time
and in memory.

    python benchmarks/long_queue.py [--jobs 100000]

Each command is a process of its own, byte-compiled, with its wall and CPU time and its largest resident memory. The next job is
a query of the store, the median of 100, also where all of the queue belongs to somebody else and our ten jobs stand behind it.
Then the queries once more with twice as many jobs that come after these. The floors, in a table of as many bare rows: a Python
that writes them in one durable commit, finds all by their keys, writes ten more, counts or changes them; a row found by its key,
as many rows read, two rows written in a durable commit.
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
from benchmarks.harness.figures import ALONE, Asked, Figure, Floor, NoFloor, joined
from benchmarks.harness.scratch import scratch
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
store.execute("CREATE TABLE IF NOT EXISTS job (id TEXT PRIMARY KEY, number INT, spec TEXT)")
store.execute("BEGIN")
first, last = map(int, sys.argv[2:])
store.executemany("INSERT INTO job VALUES (?, ?, ?)", ((f"{n:032x}", n, "x" * 200) for n in range(first, last)))
store.execute("COMMIT")
"""
FIND = """
import sqlite3, sys
store = sqlite3.connect(sys.argv[1])
for n in range(int(sys.argv[2])):
    store.execute("SELECT number FROM job WHERE id = ?", (f"{n:032x}",)).fetchone()
"""
CHANGE = """
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None)
store.execute("PRAGMA synchronous = FULL")
store.execute("UPDATE job SET number = number + 1")
"""
COUNT = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT COUNT(*) FROM job').fetchall())"
WRITTEN, COUNTED = "a Python that writes as many rows", "a Python that counts the rows"
CHANGED = "a Python that changes a number in as many rows"
MOVES = ("hold", "release", "cancel")  # of all jobs
LARGE = 4 << 20  # bytes of a file with more values than may stand in one unasked
MANY = 1000  # jobs that are looked at before one that waits: `explain` names no more


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
    more = ("--max-values", "10000000") if words[0] == "submit" and Path(words[1]).stat().st_size > LARGE else ()
    return cost([*COMMAND, *words, *more], directory)


def cost(line: list[str], directory: Path) -> Cost:
    start = time.perf_counter()
    said = directory / "stderr"
    with said.open("wb") as file:
        process = subprocess.Popen(line, env=environment(directory), cwd=directory, stdout=subprocess.DEVNULL, stderr=file)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (line, said.read_text())
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
            "jobs before the last": query(lambda: before(store, store.jobs(limit=1, newest=True)[0], MANY)),
        }


def bare_queries(path: Path) -> dict[str, Floor]:
    """Their floors, in the database of ROWS."""
    with sqlite3.connect(path, isolation_level=None) as store:
        store.execute("PRAGMA synchronous = FULL")
        find = query(lambda: store.execute("SELECT * FROM job WHERE id = ?", (f"{7:032x}",)).fetchone())
        write = query(lambda: _two_rows(store))
        first = query(lambda: store.execute("SELECT * FROM job LIMIT ?", (MANY,)).fetchall())
    by_key = Floor("a row found by its key", (find,))
    return {
        **dict.fromkeys(("next", "next behind others'", "next begin", "anything to come"), by_key),
        "begin and end": Floor("two rows changed in a durable commit", (write,)),
        "jobs before the last": Floor("as many rows read", (first,)),
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


def moves(directory: Path, file: str) -> dict[str, Cost]:
    """All jobs of a file held, released and cancelled, in a queue of their own."""
    directory.mkdir()
    command(directory, "submit", file)
    return {what: command(directory, what, "all") for what in MOVES}


def figures(asked: Asked, jobs: int = 0) -> list[Figure]:
    jobs = jobs or (5_000 if asked.quick else 100_000)
    directory = Path(tempfile.mkdtemp(prefix="queue-", dir=asked.folder))
    command(directory, "status")  # an empty queue, and byte-compiled
    bare = None if asked.alone else Bare(directory, jobs)
    file, more = written(directory / "long.yaml", 0, jobs), written(directory / "more.yaml", jobs, 10)
    words = {"submit": ("submit", file), "submit again": ("submit", file), "ten more": ("submit", more), "status": ("status",)}
    costs = bare.costs() if bare else {}
    found = {what: command(directory, *each) for what, each in words.items()} | moves(directory / "moved", file)
    asked_for = query_figures(queries(directory), bare.queries() if bare else {}, jobs)
    if not asked.quick:
        asked_for += query_figures(dependents(directory, jobs), bare.queries(3) if bare else {}, jobs, after=True)
    waiting = Figure("queue.processes", f"processes that wait while {jobs:,} jobs do", "", (processes_of(directory),), UNNEEDED)
    return [*_commands(found, costs, jobs), *asked_for, waiting]


UNNEEDED = NoFloor("jobs that are rows need none")


class Bare:
    """A table of as many rows, by a Python that does nothing else."""

    def __init__(self, directory: Path, jobs: int) -> None:
        self._directory, self._jobs, self._path = directory, jobs, directory / "rows.db"

    def costs(self) -> dict[str, tuple[str, Cost]]:
        """Of the commands, each by its floor in words."""
        jobs = self._jobs
        return {
            "submit": (WRITTEN, self._run(ROWS, 0, jobs)),
            "submit again": ("a Python that finds as many rows by their keys", self._run(FIND, jobs)),
            "ten more": ("a Python that writes ten rows", self._run(ROWS, jobs, jobs + 10)),
            "status": (COUNTED, self._run(COUNT)),
            **{what: (CHANGED, self._run(CHANGE)) for what in MOVES},
        }

    def queries(self, times: int = 1) -> dict[str, Floor]:
        """With so many times the rows."""
        if times > 1:
            self._run(ROWS, self._jobs + 10, times * self._jobs)
        return bare_queries(self._path)

    def _run(self, script: str, *words: int) -> Cost:
        return cost([sys.executable, "-I", "-c", script, str(self._path), *map(str, words)], self._directory)


def _commands(found: dict[str, Cost], floors: dict[str, tuple[str, Cost]], jobs: int) -> list[Figure]:
    return [
        Figure(
            f"queue.{what}{end}",
            f"{NAMES[what].format(jobs=f'{jobs:,}')}{more}",
            unit,
            (took[place],),
            Floor(floors[what][0], (floors[what][1][place],)) if floors else ALONE,
        )
        for what, took in found.items()
        for place, end, more, unit in ((0, "", "", "s"), (1, ".cpu", ", CPU time", "s"), (2, ".memory", ", memory", "MB"))
    ]


NAMES = {
    "submit": "to submit {jobs} jobs",
    "submit again": "to submit the same {jobs} again",
    "ten more": "to submit ten more behind {jobs}",
    "status": "`status` of a queue of {jobs}",
    **{what: f"to {what} {{jobs}}" for what in MOVES},
    "next": "the next job of {jobs} found",
    "next behind others'": "our next job found behind {jobs} of others",
    "next begin": "when the next of {jobs} may begin",
    "anything to come": "whether anything of {jobs} is to come",
    "begin and end": "begin and end of a job written, {jobs} queued",
    "jobs before the last": "jobs before the last of {jobs} counted",
}


def query_figures(asks: dict[str, float], floors: dict[str, Floor], jobs: int, *, after: bool = False) -> list[Figure]:
    end, more = (", after", f", {2 * jobs:,} after them") if after else ("", "")
    return [
        Figure(
            f"queue.{what}{end}",
            f"{NAMES[what].format(jobs=f'{jobs:,}')}{more}",
            "ms",
            (took,),
            floors[what] if floors else ALONE,
        )
        for what, took in asks.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    with scratch() as folder:
        asked = Asked(quick=False, folder=folder, python=sys.executable)
        print("\n".join(shown(joined(figures(asked, options.jobs) for _ in range(options.rounds)))))


if __name__ == "__main__":
    main()
