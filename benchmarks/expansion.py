"""How fast and how lean experiments files become experiments and lines.

    python benchmarks/expansion.py [--experiments 1000000]

Prints a table: for each kind of file the number of experiments made, experiments per second, and the most memory that
the process held (VmHWM of a fresh process, in MiB); then the time from the start of `exp-queue prepare` to its first
line, the median of several starts. The plain grid is also printed as lines, to a pipe that is read and thrown away.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BASE = "base: {dataset: EMNISTLines, train_args: {epochs: 8, lr: 3e-4}}\n"
DIGITS = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"
STARTS = 9

# Reads a file, makes its experiments, and says how many, in what time, at what cost.
CHILD = """
import json, pathlib, sys, time
from itertools import islice
from scheduler.sweeps import read_file
from scheduler.experiments.document.limits import Limits
began = time.perf_counter()
found = read_file(sys.argv[1], limits=Limits(experiments=10**9))
count = sum(1 for _ in islice(found.experiments(), int(sys.argv[2])))
seconds = time.perf_counter() - began
peak = pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
print(json.dumps([count, seconds, int(peak) / 1024]))
"""


def grid(axes: int) -> str:
    return "grid:\n" + "".join(f"  k{number}: {DIGITS}\n" for number in range(axes))


def sweep(axes: int) -> str:
    parameters = "".join(f"  k{number}: {{values: {DIGITS}}}\n" for number in range(axes))
    return f"method: grid\nprogram: train.py\nparameters:\n{parameters}"


def files(axes: int) -> dict[str, str]:
    """Every kind of file, by what is special about it."""
    return {
        "grid": BASE + grid(axes),
        "grid with exclude": BASE + grid(axes) + "exclude: [{k0: 1, k1: 2}, {k2: 3, k0: 0}]\n",
        "grid with include": BASE + grid(axes) + "include: [{k0: 1, extra: 2}]\n",
        "zip of two in a grid": BASE + grid(axes - 1) + f"zip: {{a: {DIGITS}, b: {DIGITS}}}\n",
        "sweep file": sweep(axes),
        "grid with config groups": "defaults: [_self_, net: small]\n" + BASE + grid(axes),
        "grid with interpolation": BASE + grid(axes).replace("grid:\n", 'grid:\n  name: ["${k0}-${k1}"]\n'),
    }


def measured(folder: Path, name: str, text: str, most: int) -> None:
    path = folder / "file.yaml"
    path.write_text(text)
    done = subprocess.run([sys.executable, "-c", CHILD, str(path), str(most)], capture_output=True, text=True, check=True)
    count, seconds, peak = json.loads(done.stdout)
    print(f"{name:28} {count:>10,} {count / seconds:>14,.0f} {peak:>10.1f}", flush=True)


def printed(folder: Path, text: str) -> None:
    path = folder / "file.yaml"
    path.write_text(text)
    began = time.perf_counter()
    with subprocess.Popen(prepare(path), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        count = sum(1 for _ in process.stdout)
    seconds = time.perf_counter() - began
    print(f"{'grid, printed as lines':28} {count:>10,} {count / seconds:>14,.0f}")


def prepare(path: Path) -> list[str]:
    return [sys.executable, "-m", "scheduler.cli.main", "prepare", str(path)]


def first_line(path: Path) -> float:
    """Seconds from the start of the process to its first line."""
    began = time.perf_counter()
    with subprocess.Popen(prepare(path), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        seconds = time.perf_counter() - began
        process.kill()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--experiments", type=int, default=1_000_000, help="a power of ten, at least 10,000")
    arguments = parser.parse_args()
    axes = len(str(arguments.experiments)) - 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "net").mkdir()
        (folder / "net" / "small.yaml").write_text("layers: 2\n")
        print(f"{'file':28} {'experiments':>10} {'per second':>14} {'peak MiB':>10}")
        for kind, text in files(axes).items():
            measured(folder, kind, text, 5_000 if "interpolation" in kind else arguments.experiments)
        printed(folder, BASE + grid(axes))
        times = [first_line(folder / "file.yaml") for _ in range(STARTS)]
        figures = f"{statistics.median(times):.3f} s (median of {STARTS}, worst {max(times):.3f})"
        print(f"first line of {arguments.experiments:,}: {figures}")


if __name__ == "__main__":
    main()
