"""How much time 1000 jobs that do nothing take, beside what people use now; and how long a slot is idle between two jobs.

    python benchmarks/noop_jobs.py [--jobs 1000] [--slots 2] [--rounds 3] [--peers PYTHON]

Prints medians and ratios to a bare Popen loop. Peers that are not installed are named as missing: xargs, parallel and tsp
(task-spooler) are looked for in PATH; simple_gpu_scheduler and HyperQueue's Python API (packages of the same names) where the
interpreter PYTHON finds them, so that they can have an environment of their own. All run in one go on one machine, in turns,
so that other load hits all alike.

Every job is `true` with one argument of its own. exp-queue is run as people have it: byte-compiled, with a queue that exists.
Only exp-queue's record survives a kill and a power cut; `parallel --joblog`, tsp and HyperQueue keep one as long as they
live, the others none. HyperQueue is measured with the start of its server and worker.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median

if not __package__:  # started by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import promises
from benchmarks.harness.checkouts import COMMAND, environment
from benchmarks.harness.figures import ALONE, Asked, Figure, Floor, Missing, in_turns, joined
from benchmarks.harness.scratch import scratch
from benchmarks.harness.tables import shown

FLOOR = "a bare Popen loop, no record"
# Its own clock at its start and its end; $1: seconds between.
STAMPED = 's=$EPOCHREALTIME; [ "$1" = 0 ] || sleep "$1"; echo "$s $EPOCHREALTIME" >> stamps'
HYPERQUEUE = """
import sys
from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig

with LocalCluster() as cluster:
    cluster.start_worker(WorkerConfig(cores=int(sys.argv[2])))
    client, job = cluster.client(), Job()
    for number in range(int(sys.argv[1])):
        job.program(["true", str(number)], stdout=None, stderr=None)
    client.wait_for_jobs([client.submit(job)])
"""

Peer = Callable[[int, int, Path], None]


def popen_loop(count: int, slots: int, directory: Path) -> None:
    """The floor: start processes and wait for any of them; nothing is recorded."""
    _popen_loop((["true", str(number)] for number in range(count)), slots, directory)


def _popen_loop(commands: Iterable[list[str]], slots: int, directory: Path) -> None:
    running: dict[int, subprocess.Popen] = {}
    for command in commands:
        if len(running) == slots:
            _reap(running)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=directory)
        running[process.pid] = process
    while running:
        _reap(running)


def _reap(running: dict[int, subprocess.Popen]) -> None:
    pid, status = os.wait()
    running.pop(pid).returncode = status  # Popen must not wait for it a second time


def exp_queue(count: int, slots: int, directory: Path) -> None:
    file = directory / "noop.yaml"
    file.write_text(f"command: ['true', '${{args}}']\ngrid: {{x: {list(range(count))}}}\n")
    ours(directory, "run", str(file), f"-j{slots}")


def ours(directory: Path, *words: str) -> None:
    """A command of exp-queue with its home in `directory`."""
    subprocess.run([*COMMAND, *words], env=environment(directory), cwd=directory, check=True, capture_output=True)


def parallel(count: int, slots: int, directory: Path) -> None:
    _quietly(["parallel", f"-j{slots}", "true", ":::", *map(str, range(count))], {}, directory)


def parallel_joblog(count: int, slots: int, directory: Path) -> None:
    log = ["--joblog", str(directory / "log"), "--results", str(directory / "results")]
    _quietly(["parallel", f"-j{slots}", *log, "true", ":::", *map(str, range(count))], {}, directory)


def xargs(count: int, slots: int, directory: Path) -> None:
    lines = "\n".join(map(str, range(count)))
    subprocess.run(["xargs", f"-P{slots}", "-n1", "true"], input=lines, text=True, check=True)


def task_spooler(count: int, slots: int, directory: Path) -> None:
    """One call of tsp for each job, which is how it is used. Every queued job is a process that waits."""
    changes = {"TS_SOCKET": str(directory / "socket"), "TMPDIR": str(directory), "TS_SLOTS": str(slots)}
    adds = "\n".join(f"tsp true {number}" for number in range(count))
    waits = "\n".join(f"tsp -w {number}" for number in range(max(0, count - slots), count))
    _quietly(["sh", "-c", f"{adds}\n{waits}\ntsp -K"], changes, directory)


def simple_gpu_scheduler(python: str) -> Peer:
    def run(count: int, slots: int, directory: Path) -> None:
        command = [str(Path(python).parent / "simple_gpu_scheduler"), "--gpus", *map(str, range(slots))]
        lines = "".join(f"true {number}\n" for number in range(count))
        subprocess.run(command, input=lines, text=True, check=True, capture_output=True, cwd=directory)

    return run


def hyperqueue(python: str) -> Peer:
    def run(count: int, slots: int, directory: Path) -> None:
        _quietly([python, "-c", HYPERQUEUE, str(count), str(slots)], {}, directory)

    return run


def _quietly(command: list[str], changes: dict[str, str], directory: Path) -> None:
    subprocess.run(command, env={**os.environ, **changes}, cwd=directory, check=True, capture_output=True)


def peers(python: str) -> dict[str, Peer | None]:
    """By name: what runs the jobs with it; None: it is not here."""
    beside = Path(python).parent
    has_hyperqueue = subprocess.run([python, "-c", "import hyperqueue"], capture_output=True).returncode == 0
    return {
        "xargs -P (no record)": xargs if shutil.which("xargs") else None,
        "HyperQueue (in memory)": hyperqueue(python) if has_hyperqueue else None,
        "task-spooler (in memory)": task_spooler if shutil.which("tsp") else None,
        "GNU parallel (no record)": parallel if shutil.which("parallel") else None,
        "GNU parallel --joblog --results": parallel_joblog if shutil.which("parallel") else None,
        "simple_gpu_scheduler (no record)": simple_gpu_scheduler(python) if (beside / "simple_gpu_scheduler").exists() else None,
        "a Popen loop that keeps our promises": promises.committed,
    }


def fresh_directory() -> Path:
    """It is kept until the end: removing thousands of files slows the next round. With an empty queue in it."""
    directory = Path(tempfile.mkdtemp(prefix="noop-"))
    ours(directory, "status")
    return directory


def seconds(peer: Peer, count: int, slots: int) -> float:
    """One round in a fresh directory."""
    directory = fresh_directory()
    start = time.perf_counter()
    peer(count, slots, directory)
    return time.perf_counter() - start


def throughput(asked: Asked, count: int = 0, slots: int = 2) -> list[Figure]:
    """How long all of them take, one after the other."""
    count = count or (200 if asked.quick else 1000)
    known = {} if asked.alone else peers(asked.python)
    present = {name: partial(seconds, peer, count, slots) for name, peer in known.items() if peer}
    found = in_turns(
        partial(seconds, exp_queue, count, slots), (FLOOR, partial(seconds, popen_loop, count, slots)), present, alone=asked.alone
    )
    missing = tuple(name for name, peer in known.items() if not peer)
    return [Figure("noop.run", f"{count} x `true`, {slots} slots, every start and end durable", "s", missing=missing, **found)]


def stamped_by_popen(count: int, length: float, directory: Path) -> None:
    _popen_loop((["bash", "-c", STAMPED, "bash", str(length), str(number)] for number in range(count)), 1, directory)


def stamped_by_us(count: int, length: float, directory: Path) -> None:
    file = directory / "stamped.yaml"
    file.write_text(f"command: [bash, -c, '{STAMPED}', bash, '{length:g}', '${{args}}']\ngrid: {{x: {list(range(count))}}}\n")
    ours(directory, "run", str(file), "-j1")


def hand_offs(run: Callable[[int, float, Path], None], count: int, length: float) -> list[float]:
    """Milliseconds from the end of each job to the start of the next, by the jobs' own clock, on one slot."""
    directory = fresh_directory()
    run(count, length, directory)
    stamps = [tuple(map(float, line.split())) for line in (directory / "stamps").read_text().splitlines()]
    return [1000 * (start - end) for (_, end), (start, _) in pairwise(stamps)]


HANDED = (("short", "short jobs", 0, 300), ("long", "jobs of 60 ms", 0.06, 60))
STAMPED_BY: dict[str, Callable[[int, float, Path], None]] = {"": stamped_by_us, FLOOR: stamped_by_popen}


def hand_off(asked: Asked) -> list[Figure]:
    """From a job's last act to the next one's first: short jobs, which are sent ahead, and jobs that are too long for that."""
    if not shutil.which("bash"):
        raise Missing("bash, whose clock the jobs use (apt install bash)")
    return [figure for handed in HANDED for figure in _handed(asked, *handed)]


def _handed(asked: Asked, key: str, what: str, length: float, count: int) -> list[Figure]:
    ways = {"": stamped_by_us} if asked.alone else STAMPED_BY
    gaps = {name: sorted(hand_offs(run, count // 4 if asked.quick else count, length)) for name, run in ways.items()}
    return [
        Figure(
            f"handoff.{key}{end}",
            f"one slot idle between {what}{words}",
            "ms",
            (value(gaps[""]),),
            ALONE if asked.alone else Floor(FLOOR, (value(gaps[FLOOR]),)),
        )
        for end, words, value in (("", "", median), (".p95", ", 95th percentile", late))
    ]


def late(ordered: list[float]) -> float:
    return ordered[int(len(ordered) * 0.95)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON")
    options = parser.parse_args()
    with scratch() as folder:
        asked = Asked(quick=False, folder=folder, python=options.peers)
        measures = [
            partial(throughput, asked, options.jobs, options.slots),
            *([partial(hand_off, asked)] if shutil.which("bash") else []),
        ]
        for measure in measures:
            print("\n".join(shown(joined(measure() for _ in range(options.rounds)))), flush=True)


if __name__ == "__main__":
    main()
