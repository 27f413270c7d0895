"""What it costs to write down what jobs use of the machine: CPU seconds in an hour of 1, 10 and 100 attempts, a row each 5 s.

    python benchmarks/sampling.py [--attempts 1 10 100] [--children 4] [--threads 8] [--memory 16] [--seconds 20]

Real launchers run real trees (a Python with threads and memory of its own, and children that sleep) and write a row each second;
their own CPU time is compared to that of launchers that write none, and counted for the 720 rows of an hour. The time of
the runner is that of its rows about GPUs, one GPU for each attempt, with a reading each 2 s, which it takes in any case. The
floor of a row: the kernel's line about each process of a tree is read once; of the rows about GPUs: as many rows are written.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

if not __package__:  # started by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness.figures import ALONE, Asked, Figure, Floor, joined
from benchmarks.harness.scratch import scratch
from benchmarks.harness.tables import shown
from scheduler.attempt_files import SYSTEM
from scheduler.gpus.observation import Observation, Settings
from scheduler.gpus.placement import ClaimRecord
from scheduler.gpus.reading import Gpu, Process, Reading
from scheduler.gpus.view import View
from scheduler.home import open_home
from scheduler.launcher.client import Slot, open_slot
from scheduler.launcher.spawning import Order
from scheduler.linux import processes
from scheduler.queue.job import Attempt
from scheduler.runner.gpu_rows import GpuRows

EVERY = 1.0
HOUR = 3600
ROWS, READINGS = HOUR // 5, HOUR // 2
TREE = """
import subprocess, sys, threading, time
children, threads, mib = map(int, sys.argv[1:])
held = bytearray(mib << 20)
started = [subprocess.Popen(["sleep", "3600"]) for _ in range(children)]
for _ in range(threads - 1):
    threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
time.sleep(3600)
"""


def cpu_of(slots: list[Slot]) -> float:
    """Seconds of CPU time of the launchers themselves: their jobs live, so nothing of these is in it."""
    return sum(processes.usage(slot.process.pid)[0] for slot in slots)


def launchers(count: int, every: float, tree: list[int], seconds: float, folder: Path) -> tuple[float, int]:
    """CPU seconds of so many launchers during `seconds`, and the rows that they wrote meanwhile."""
    home = open_home(folder / "home")
    slots = [open_slot(home) for _ in range(count)]
    logs = [folder / str(number) / SYSTEM for number in range(count)]
    argv = [sys.executable, "-c", TREE, *map(str, tree)]
    try:
        for number, slot in enumerate(slots):
            slot.start(Order(f"{number}/1", argv, "/", str(folder / str(number)), grace=0.1, leftovers="kill", system=every), [])
        time.sleep(5 + 0.1 * count)  # until all have started
        before, rows = cpu_of(slots), sum(map(lines, logs))
        time.sleep(seconds)
        return cpu_of(slots) - before, sum(map(lines, logs)) - rows
    finally:
        for number, slot in enumerate(slots):
            slot.stop(f"{number}/1", "cancelled", 0.1)
            slot.close()
        for slot in slots:
            slot.process.wait(90)


def lines(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0


def runner(count: int, folder: Path) -> float:
    """CPU seconds in an hour of the rows about GPUs."""
    claims = tuple(ClaimRecord(f"claim-{n}", {f"GPU-{n}": None}, uid=1) for n in range(count))
    rows, readings = GpuRows(), 100
    for number, claim in enumerate(claims):
        (folder / f"gpu-{number}").mkdir()
        rows.begin(claim.id, Attempt("job", number, "", str(folder / f"gpu-{number}"), time.time()), 5.0)
    began, now = time.process_time(), time.monotonic()
    for number in range(readings):
        gpus = tuple(
            Gpu(f"GPU-{n}", n, total=80_000, used=900, utilization=90, power=300.0, energy=300.0 * number, throttled=())
            for n in range(count)
        )
        gpus = tuple(
            Gpu(**{**vars(gpu), "processes": (Process(n, 900, uid=1, claim=f"claim-{n}"),)}) for n, gpu in enumerate(gpus)
        )
        rows.take(View(Reading(gpus, now + 2 * number), claims, Observation(), Settings()), now + 2 * number)
    rows.close()
    return (time.process_time() - began) / readings * READINGS


FLOOR, WRITTEN = "/proc/PID/stat of each process read", "`json.dumps` and a write of as many rows"


def reading(count: int) -> float:
    """Milliseconds of CPU time that it takes to read the kernel's line about so many processes, of this one here."""
    path, again = Path("/proc/self/stat"), 200
    began = time.process_time()
    for _ in range(again * count):
        path.read_bytes()
    return 1000 * (time.process_time() - began) / again


def writing(count: int) -> float:
    """CPU seconds of so many rows about a GPU, made and written."""
    row = {"gpu.0.used": 900, "gpu.0.utilization": 90, "gpu.0.power": 300.0, "energy": 300.0}
    with tempfile.TemporaryFile("w", buffering=1) as file:
        began = time.process_time()
        for _ in range(count):
            file.write(json.dumps(row) + "\n")
        return time.process_time() - began


def figures(asked: Asked, counts: tuple[int, ...] = (), tree: tuple[int, ...] = (4, 8, 16), seconds: float = 0.0) -> list[Figure]:
    """`tree`: the children, threads and MiB of each attempt."""
    counts, seconds = counts or ((2,) if asked.quick else (1, 10, 100)), seconds or (5.0 if asked.quick else 20.0)
    return [figure for count in counts for figure in _of(asked, count, tree, seconds, count == counts[-1])]


def _of(asked: Asked, count: int, tree: tuple[int, ...], seconds: float, last: bool) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="sampling-", dir=asked.folder) as name:
        folder = Path(name)
        (folder / "without").mkdir()
        used, rows = launchers(count, EVERY, list(tree), seconds, folder)
        without, _ = launchers(count, 0.0, list(tree), seconds, folder / "without")
        row, gpus = max(0.0, used - without) / max(1, rows), runner(count, folder)
    end, whose = "" if last else f", {count}", f"of {count} attempts"
    once = 0.0 if asked.alone else reading(1 + tree[0])
    least, hour, written = (
        (ALONE, ALONE, ALONE)
        if asked.alone
        else (Floor(FLOOR, (once,)), Floor(FLOOR, (once * ROWS * count / 1000,)), Floor(WRITTEN, (writing(ROWS * count),)))
    )
    return [
        Figure(
            f"sampling.row{end}", f"a row about a tree of {1 + tree[0]} processes, {whose}: CPU time", "ms", (1000 * row,), least
        ),
        Figure(f"sampling.hour{end}", f"all rows {whose} in an hour: CPU time", "s", (row * ROWS * count,), hour),
        Figure(f"sampling.gpus{end}", f"rows about GPUs {whose} in an hour: CPU time", "s", (gpus,), written),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attempts", type=int, nargs="+", default=[1, 10, 100])
    for name, number in (("children", 4), ("threads", 8), ("memory", 16)):
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    tree = options.children, options.threads, options.memory
    with scratch() as folder:
        asked = Asked(quick=False, folder=folder, python=sys.executable)
        rounds = [figures(asked, tuple(options.attempts), tree, options.seconds) for _ in range(options.rounds)]
        print("\n".join(shown(joined(rounds))))


if __name__ == "__main__":
    main()
