"""How fast and how lean experiments files become experiments and lines.

    python benchmarks/expansion.py [--experiments 1000000] [--rounds 1]

For each kind of file: experiments made per second, and the most memory that the process held (VmHWM of a fresh process, in
MiB); then the time from the start of `exp-queue prepare` to its first line, the median of several starts. The plain grid is
also printed as lines, to a pipe that is read and thrown away. The floor of every kind: dicts of the product of the plain grid.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

if not __package__:  # started by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness.checkouts import COMMAND, environment
from benchmarks.harness.figures import ALONE, Asked, Figure, Floor, NoFloor, joined
from benchmarks.harness.tables import shown

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

COUNTED = """
import sys
for number in range(int(sys.argv[1])):
    print(number)
"""
# The same points as dicts: a loop that knows no files, no ids, no checks.
PLAIN = """
import itertools, json, pathlib, sys, time
began = time.perf_counter()
names = [f"k{number}" for number in range(int(sys.argv[1]))]
count = sum(1 for _ in (dict(zip(names, values)) for values in itertools.product(range(10), repeat=len(names))))
seconds = time.perf_counter() - began
peak = pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
print(json.dumps([count, seconds, int(peak) / 1024]))
"""
FLOOR, EMPTY = "dicts of a product of lists", "a Python that does nothing"
Least = Floor | NoFloor


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


def measured(folder: Path, text: str, most: int) -> tuple[float, float]:
    """Experiments a second, and MiB."""
    path = folder / "file.yaml"
    path.write_text(text)
    return _told(folder, CHILD, str(path), str(most))


def _told(folder: Path, script: str, *words: str) -> tuple[float, float]:
    line = [sys.executable, "-c", script, *words]
    done = subprocess.run(line, env=environment(folder), cwd=folder, capture_output=True, text=True, check=True)
    count, seconds, peak = json.loads(done.stdout)
    return count / seconds, peak


def printed(folder: Path, text: str) -> float:
    """Lines a second."""
    path = folder / "file.yaml"
    path.write_text(text)
    return _lines(prepare(path), folder)


def _lines(command: list[str], folder: Path) -> float:
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(folder)) as process:
        assert process.stdout is not None
        count = sum(1 for _ in process.stdout)
    return count / (time.perf_counter() - began)


def prepare(path: Path) -> list[str]:
    return [*COMMAND, "prepare", str(path)]


def first_line(path: Path) -> float:
    """Milliseconds from the start of the process to its first line."""
    began = time.perf_counter()
    with subprocess.Popen(prepare(path), stdout=subprocess.PIPE, env=environment(path.parent)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        taken = time.perf_counter() - began
        process.kill()
    return 1000 * taken


def nothing() -> float:
    """Milliseconds of a Python that starts and ends."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-c", "pass"], check=True)
    return 1000 * (time.perf_counter() - began)


def figures(asked: Asked, experiments: int = 0) -> list[Figure]:
    """Of the plain grid; of all kinds of files, but for a quick look."""
    experiments = experiments or (10_000 if asked.quick else 1_000_000)
    axes = len(str(experiments)) - 1
    folder = Path(tempfile.mkdtemp(prefix="expansion-", dir=asked.folder))
    (folder / "net").mkdir()
    (folder / "net" / "small.yaml").write_text("layers: 2\n")
    kinds, floors = files(axes), _floors(folder, axes, asked)
    found = _plain(folder, kinds.pop("grid"), axes, floors) + _first(folder, BASE + grid(axes), experiments, asked)
    more = {} if asked.quick else kinds
    return found + [each for kind in more.items() for each in _kind(folder, *kind, experiments, floors)]


def _floors(folder: Path, axes: int, asked: Asked) -> tuple[Least, Least]:
    """Of the rate, and of the memory."""
    if asked.alone:
        return ALONE, ALONE
    rate, peak = _told(folder, PLAIN, str(axes))
    return Floor(FLOOR, (rate,)), Floor(FLOOR, (peak,))


def _plain(folder: Path, text: str, axes: int, floors: tuple[Least, Least]) -> list[Figure]:
    rate, peak = measured(folder, text, 10**axes)
    what = f"a grid of {10**axes:,}"
    return [
        Figure("expansion.grid", f"{what}: experiments made", "a second", (rate,), floors[0], better="higher"),
        Figure("expansion.memory", f"{what}: memory", "MiB", (peak,), floors[1]),
    ]


def _first(folder: Path, text: str, experiments: int, asked: Asked) -> list[Figure]:
    starts = 1 if asked.quick else STARTS
    path = folder / "file.yaml"
    path.write_text(text)
    least = ALONE if asked.alone else Floor(EMPTY, (median(nothing() for _ in range(starts)),))
    first = median(first_line(path) for _ in range(starts))
    return [Figure("expansion.first line", f"from `prepare` to the first of {experiments:,} lines", "ms", (first,), least)]


def _kind(folder: Path, kind: str, text: str, experiments: int, floors: tuple[Least, Least]) -> list[Figure]:
    rate, peak = measured(folder, text, 5_000 if "interpolation" in kind else experiments)
    return [
        Figure(f"expansion.{kind}", f"{kind}: experiments made", "a second", (rate,), floors[0], better="higher"),
        Figure(f"expansion.{kind}.memory", f"{kind}: memory", "MiB", (peak,), floors[1]),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=1_000_000, help="a power of ten, at least 10,000")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        asked = Asked(quick=False, folder=Path(name), python=sys.executable)
        found = joined(figures(asked, options.experiments) for _ in range(options.rounds))
        lines = printed(Path(name), BASE + grid(len(str(options.experiments)) - 1))
        bare = _lines([sys.executable, "-I", "-c", COUNTED, str(options.experiments)], Path(name))
    least = Floor("a Python that prints as many numbers", (bare,))
    found.append(Figure("expansion.lines", "a grid, printed as lines", "a second", (lines,), least, better="higher"))
    print("\n".join(shown(found)))


if __name__ == "__main__":
    main()
