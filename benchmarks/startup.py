"""How much a command costs before it does anything: CPU time of `--version`, `status` of an empty queue and `prepare` of one
experiment, and the time until the first job of `run` acts.

    python benchmarks/startup.py [--starts 20]

Medians of so many starts, each beside its floor, in turns, so that other load hits both alike. CPU time is that of the process,
user and system; with other work on the machine it moves less than the clock. The floors: a Python that imports nothing, one that
imports what any such command needs (click and sqlite3), and one that also starts the program of the job.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

if not __package__:  # started by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness.checkouts import COMMAND, environment
from benchmarks.harness.figures import ALONE, Asked, Figure, Floor, Missing
from benchmarks.harness.tables import shown

STARTS = 20
NOTHING, LIBRARIES = "pass", "import click, sqlite3"
STAMP = 'echo "$EPOCHREALTIME" > stamp'  # bash's own clock
FIRST = f"import click, sqlite3, subprocess; subprocess.run(['bash', '-c', {STAMP!r}])"
# Key, words, and its floor: what it is called, and what that Python does.
COMMANDS: tuple[tuple[str, Sequence[str], str, str], ...] = (
    ("version", ["--version"], "a Python that imports nothing", NOTHING),
    ("status", ["status"], "a Python that imports click and sqlite3", LIBRARIES),
    ("prepare", ["prepare", "one.json"], "a Python that imports nothing", NOTHING),
)


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-c", code]


def cpu_of(command: Sequence[str], folder: Path) -> float:
    """Milliseconds of CPU time of a process, and of those that it has waited for."""
    with subprocess.Popen(
        command, cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as it:
        _, status, used = os.wait4(it.pid, 0)
        it.returncode = os.waitstatus_to_exitcode(status)
    if it.returncode:
        raise subprocess.CalledProcessError(it.returncode, command)
    return 1000 * (used.ru_utime + used.ru_stime)


def until_its_job_acts(command: Sequence[str], folder: Path) -> float:
    """Milliseconds from the start of a process to the first act of what it starts."""
    began = time.time()
    subprocess.run(command, cwd=folder, env=environment(folder), check=True, capture_output=True)
    return 1000 * (float((folder / "stamp").read_text()) - began)


def in_turns(measures: Sequence[Callable[[], float]], starts: int) -> list[float]:
    """The median of each."""
    rounds = [[measure() for measure in measures] for _ in range(starts)]
    return [median(values) for values in zip(*rounds, strict=True)]


def figures(asked: Asked, starts: int = 0) -> list[Figure]:
    if not shutil.which("bash"):
        raise Missing("bash, whose clock the job uses (apt install bash)")
    starts = starts or (3 if asked.quick else STARTS)
    folder = Path(tempfile.mkdtemp(prefix="startup-", dir=asked.folder))
    for name, command in (("one", ["true"]), ("stamped", ["bash", "-c", STAMP, "bash"])):
        (folder / f"{name}.json").write_text(json.dumps({"command": [*command, "${args}"], "grid": {"x": [1]}}))
    cpu_of([*COMMAND, "status"], folder)  # the queue is there, and everything is byte-compiled
    return [*(_command(folder, asked, starts, *each) for each in COMMANDS), _first_job(folder, asked, starts)]


def _command(folder: Path, asked: Asked, starts: int, key: str, words: Sequence[str], floor: str, code: str) -> Figure:
    lines = [[*COMMAND, *words], python(code)][: 2 - asked.alone]
    ours, *least = in_turns([partial(cpu_of, line, folder) for line in lines], starts)
    what = f"`{' '.join(words).replace('one.json', 'FILE')}`, CPU time of a start"
    return Figure(f"startup.{key}", what, "ms", (ours,), Floor(floor, (least[0],)) if least else ALONE)


def _first_job(folder: Path, asked: Asked, starts: int) -> Figure:
    lines = [[*COMMAND, "run", "stamped.json", "--again"], python(FIRST)][: 2 - asked.alone]
    ours, *least = in_turns([partial(until_its_job_acts, line, folder) for line in lines], starts)
    floor = Floor("a Python that imports click and sqlite3 and starts the job", (least[0],)) if least else ALONE
    return Figure("startup.run", "from `run` to the first act of its first job", "ms", (ours,), floor)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=STARTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        asked = Asked(quick=False, folder=Path(name), python=sys.executable)
        print("\n".join(shown(figures(asked, options.starts))))


if __name__ == "__main__":
    main()
