"""What each promise to a job costs, without any of exp-queue: 1000 x `true` from loops that promise more and more.

    python benchmarks/promises.py [--jobs 1000] [--slots 2] [--rounds 3]

The first loops add one thing after another; what the last of them takes is a floor for anything that keeps these promises with
one thread. The others are different ways to have an exit status survive the process that asked for the job. Medians of the
rounds, which are run in turns; on a machine with other load, the CPU time is the figure to compare.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

if not __package__:  # started by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness.figures import Asked, Figure, Floor, Missing, joined
from benchmarks.harness.scratch import scratch
from benchmarks.harness.tables import shown

PROGRAM = shutil.which("true") or "/bin/true"
WRAPPER = '"$@"; echo $? > status.new; mv status.new status'
LAUNCHER = "import os, sys; p = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ); open('status', 'w').write(str(os.wait()))"
Start = Callable[[int, Path], int]


def popen(number: int, directory: Path) -> int:
    process = subprocess.Popen([PROGRAM, str(number)], stdout=subprocess.DEVNULL)
    process.returncode = 0  # the loop reaps it
    return process.pid


def spawn(number: int, directory: Path) -> int:
    """In a session of its own, without input."""
    actions = [(os.POSIX_SPAWN_OPEN, descriptor, os.devnull, os.O_RDWR, 0) for descriptor in (0, 1)]
    return os.posix_spawn(PROGRAM, [PROGRAM, str(number)], os.environ, file_actions=actions, setsid=True)


def spawn_with_files(number: int, directory: Path) -> int:
    """With a locked directory of its own that the job inherits, and its output in a file there."""
    own = directory / str(number) / "1"
    own.mkdir(parents=True)
    lock = os.open(own, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.set_inheritable(lock, True)
    log = os.open(own / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    streams = [(os.POSIX_SPAWN_DUP2, log, 1), (os.POSIX_SPAWN_DUP2, log, 2)]
    pid = os.posix_spawn(PROGRAM, [PROGRAM, str(number)], os.environ, file_actions=streams, setsid=True)
    os.close(log)
    os.close(lock)
    return pid


def shell_wrapper(number: int, directory: Path) -> int:
    return _in_own_directory(["sh", "-c", WRAPPER, "sh", PROGRAM, str(number)], number, directory)


def launcher_per_job(number: int, directory: Path) -> int:
    return _in_own_directory([sys.executable, "-I", "-S", "-c", LAUNCHER, PROGRAM, str(number)], number, directory)


def _in_own_directory(command: list[str], number: int, directory: Path) -> int:
    own = directory / str(number)
    own.mkdir()
    process = subprocess.Popen(command, cwd=own, stdout=subprocess.DEVNULL)
    process.returncode = 0
    return process.pid


def forked(number: int, directory: Path) -> int:
    """A copy of this interpreter that becomes the program, as from a fork server."""
    pid = os.fork()
    if pid == 0:
        os.execv(PROGRAM, [PROGRAM, str(number)])  # noqa: S606 (no shell is what is measured)
    return pid


class Journal:
    """A line before each start and after each end, in a file or in committed transactions of SQLite."""

    def __init__(self, directory: Path, *, commits: bool) -> None:
        self._file = os.open(directory / "journal", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._store = sqlite3.connect(directory / "store.db", isolation_level=None) if commits else None
        if self._store:
            for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "CREATE TABLE line (text TEXT)"):
                self._store.execute(statement)

    def note(self, line: str) -> None:
        os.write(self._file, line.encode())
        if self._store:
            self._store.execute("INSERT INTO line VALUES (?)", (line,))


def loop(start: Start, count: int, slots: int, directory: Path, note: Callable[[str], None] = lambda _: None) -> None:
    running = 0
    for number in range(count):
        if running == slots:
            note(f"X {os.wait()}\n")
            running -= 1
        note(f"S {number}\n")
        start(number, directory)
        running += 1
    while running:
        note(f"X {os.wait()}\n")
        running -= 1


def journalled(count: int, slots: int, directory: Path) -> None:
    loop(spawn_with_files, count, slots, directory, Journal(directory, commits=False).note)


def committed(count: int, slots: int, directory: Path) -> None:
    loop(spawn_with_files, count, slots, directory, Journal(directory, commits=True).note)


def of(start: Start) -> Callable[[int, int, Path], None]:
    return lambda count, slots, directory: loop(start, count, slots, directory)


WAYS: dict[str, Callable[[int, int, Path], None]] = {
    "Popen loop": of(popen),
    "posix_spawn, own session": of(spawn),
    "posix_spawn, locked directory, log": of(spawn_with_files),
    "posix_spawn, directory, log, journal": journalled,
    "posix_spawn, directory, log, journal, FULL commits": committed,
    "fork and exec (a fork server)": of(forked),
    "a shell wrapper per job": of(shell_wrapper),
    "a Python launcher per job": of(launcher_per_job),
}


FLOOR, ALL = "Popen loop", "posix_spawn, directory, log, journal, FULL commits"


def figures(asked: Asked, count: int = 0, slots: int = 2) -> list[Figure]:
    """All loops once, by the wall and by the CPU time that they and their jobs take. Nothing of exp-queue is in it."""
    if asked.alone:
        raise Missing("anything of exp-queue: there is nothing to compare")
    count = count or (200 if asked.quick else 1000)
    found = {name: measured(way, count, slots) for name, way in WAYS.items()}
    return [_figure(key, f"{count} x `true`, {slots} slots, {what}", found, place) for key, what, place in UNITS]


UNITS = (("promises.wall", "by loops of our own", 0), ("promises.cpu", "by loops of our own, CPU time", 1))


def _figure(key: str, name: str, found: dict[str, tuple[float, float]], place: int) -> Figure:
    values = {way: (each[place],) for way, each in found.items()}
    return Figure(key, name, "s", values.pop(ALL), Floor(FLOOR, values.pop(FLOOR)), values, subject=ALL)


def measured(way: Callable[[int, int, Path], None], count: int, slots: int) -> tuple[float, float]:
    """Seconds by the wall, and of CPU time."""
    directory = Path(tempfile.mkdtemp(prefix="promises-"))
    begin, used = time.perf_counter(), sum(os.times()[:4])
    way(count, slots, directory)
    return time.perf_counter() - begin, sum(os.times()[:4]) - used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with scratch() as folder:
        asked = Asked(quick=False, folder=folder, python=sys.executable)
        print("\n".join(shown(joined(figures(asked, options.jobs, options.slots) for _ in range(options.rounds)))))


if __name__ == "__main__":
    main()
