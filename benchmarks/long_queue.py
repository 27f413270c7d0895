"""What a queue of 100,000 jobs costs: to submit it, to look at it, to find the next job, in time and in memory.

    python benchmarks/long_queue.py [--jobs 100000]

Each command is a process of its own, byte-compiled, with its wall and CPU time and its largest resident memory. `next job` is
a query of the store, the median of 100, also where all of the queue belongs to somebody else and our ten jobs stand behind it.
Then all of it once more with twice as many jobs that come after these.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from scheduler.queue.job import Ending, Job
from scheduler.queue.mine import Mine, before
from scheduler.queue.states import State

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scheduler.home import open_home  # noqa: E402 (the package of this checkout)
from scheduler.queue.store import Store  # noqa: E402


def written(path: Path, first: int, count: int) -> str:
    path.write_text(
        f"experiment_group: First\ncommand: ['true', '${{args}}']\ngrid: {{x: {list(range(first, first + count))}}}\n"
    )
    return str(path)


def command(directory: Path, *words: str) -> None:
    """Run a command and print what it took."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"EXP_QUEUE_HOME": str(directory / "home"), "PYTHONPATH": str(ROOT)}
    start = time.perf_counter()
    line = [sys.executable, "-m", "scheduler.cli.main", *words]
    process = subprocess.Popen(line, env=environment, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    wall = time.perf_counter() - start
    cpu, memory = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    print(f"{words[0]:28} {wall:7.2f} s   CPU {cpu:6.2f} s   {memory:5.0f} MB   exit status {os.waitstatus_to_exitcode(status)}")


def query(what: str, ask: Callable[[], object]) -> None:
    took = []
    for _ in range(100):
        start = time.perf_counter()
        ask()
        took.append(1000 * (time.perf_counter() - start))
    print(f"{what:28} {statistics.median(took):7.3f} ms")


def queries(directory: Path) -> None:
    with Store(open_home(directory / "home")) as store:
        everything, newest = Mine(store), Mine(store, store.jobs(limit=10, newest=True))
        query("next job", lambda: everything.waiting(1, time.time()))
        query("next job, behind others'", lambda: newest.waiting(1, time.time()))
        query("next begin", everything.next_begin)
        query("is anything to come", everything.are_queued)
        first = everything.waiting(1, time.time())[0]
        query("begin and end of a job", lambda: begin_and_end(store, first))
        query("jobs before the last", lambda: before(store, store.jobs(limit=1, newest=True)[0], 1000))


def begin_and_end(store: Store, job: Job) -> None:
    """As a runner writes them; the job is queued again."""
    with store.change() as change:
        attempt = change.begin(store.job(job.id), "launcher", "")
        assert attempt
        change.end(attempt, Ending(State.FAILED, 1), 0.1)
        change.retry_by_policy(attempt)
        change.connection.execute("UPDATE job SET not_before = 0 WHERE number = ?", (job.number,))


def dependents(directory: Path, options: argparse.Namespace) -> None:
    """As many jobs again that come after all of these, and as many that begin tomorrow; then the same questions."""
    group = "experiment_group: Second\n"
    path = directory / "second.yaml"
    values = list(range(options.jobs))
    path.write_text(f"{group}command: ['true', '${{args}}']\ngrid: {{y: {values}}}\n")
    command(directory, "submit", str(path), "--after", "group:First")
    path.write_text(f"{group}command: ['true', '${{args}}']\ngrid: {{z: {values}}}\n")
    command(directory, "submit", str(path), "--begin", "24h", "--after", "group:First")
    queries(directory)


def processes_of(directory: Path) -> int:
    """How many living processes have the queue's directory in their environment."""
    needle, found = os.fsencode(directory), 0
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            found += needle in path.read_bytes()
        except OSError:
            continue
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100_000)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="queue-"))
    file, more = written(directory / "long.yaml", 0, options.jobs), written(directory / "more.yaml", options.jobs, 10)
    print(f"{options.jobs} queued jobs")
    for words in (("status",), ("submit", file), ("submit", file), ("submit", more), ("status",)):
        command(directory, *words)
    queries(directory)
    print(f"and {2 * options.jobs} that come after them, half of these tomorrow")
    dependents(directory, options)
    print(f"{'processes that wait':28} {processes_of(directory):7d}")


if __name__ == "__main__":
    main()
