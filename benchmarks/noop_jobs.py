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
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLOOR = "Popen loop (no record)"
OURS = "exp-queue run (durable)"
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
    changes = {"EXP_QUEUE_HOME": str(directory / "home"), "PYTHONPATH": str(ROOT)}
    _quietly([sys.executable, "-m", "scheduler.cli.main", *words], changes, directory)


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
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, env={**environment, **changes}, cwd=directory, check=True, capture_output=True)


def peers(python: str) -> dict[str, tuple[bool, Peer]]:
    """By name: whether it is there, and what runs the jobs with it."""
    beside = Path(python).parent
    found = {name: shutil.which(name) is not None for name in ("xargs", "parallel", "tsp")}
    has_hyperqueue = subprocess.run([python, "-c", "import hyperqueue"], capture_output=True).returncode == 0
    return {
        FLOOR: (True, popen_loop),
        "xargs -P (no record)": (found["xargs"], xargs),
        OURS: (True, exp_queue),
        "HyperQueue (in memory)": (has_hyperqueue, hyperqueue(python)),
        "task-spooler (in memory)": (found["tsp"], task_spooler),
        "GNU parallel (no record)": (found["parallel"], parallel),
        "GNU parallel --joblog --results": (found["parallel"], parallel_joblog),
        "simple_gpu_scheduler (no record)": ((beside / "simple_gpu_scheduler").exists(), simple_gpu_scheduler(python)),
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


def table(count: int, slots: int, rounds: int, python: str) -> None:
    """Run the peers in turns and print how long they took."""
    known = peers(python)
    present = {name: peer for name, (is_there, peer) in known.items() if is_there}
    times: dict[str, list[float]] = {name: [] for name in present}
    for _ in range(rounds):
        for name, peer in present.items():
            times[name].append(seconds(peer, count, slots))
    floor = statistics.median(times[FLOOR])
    print(f"{count} x true, {slots} slots, medians of {rounds}")
    for name, measured in times.items():
        median = statistics.median(measured)
        print(f"{name:34} {median:7.2f} s  {median / floor:5.2f} x   {1000 * median / count:6.2f} ms a job")
    for name in known.keys() - present.keys():
        print(f"{name:34} missing")


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


def latencies(rounds: int) -> None:
    """Print the hand-off of short jobs, which are sent ahead, and of jobs that are too long for that."""
    print(f"\nhand-off on one slot: from a job's last act to the next one's first, ms (medians of {rounds})")
    for what, count, length in (("short jobs", 300, 0), ("jobs of 60 ms", 60, 0.06)):
        for name, run in ((FLOOR, stamped_by_popen), (OURS, stamped_by_us)):
            found = [sorted(hand_offs(run, count, length)) for _ in range(rounds)]
            middle, late = (statistics.median(each[int(len(each) * share)] for each in found) for share in (0.5, 0.95))
            print(f"{what:16} {name:26} median {middle:6.2f}   p95 {late:6.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON")
    options = parser.parse_args()
    table(options.jobs, options.slots, options.rounds, options.peers)
    if shutil.which("bash"):
        latencies(options.rounds)


if __name__ == "__main__":
    main()
