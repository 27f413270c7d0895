"""Which files other processes write: the way to logs that a script keeps in a place of its own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable
from pathlib import Path

from scheduler.tracking.readers.event_files import PATTERN
from scheduler.tracking.readers.folders import files_in

MOST_FOLDERS = 1000
CLOCK_STEP = 60  # seconds by which a clock may have been set back since


def opened_by(pids: Iterable[int]) -> list[Path]:
    """The regular files that these processes have open (/proc/PID/fd), each once.

    Processes that are gone or belong to another user, and files that are deleted, are left out.
    """
    targets = (target for pid in pids for target in _targets(pid) if target.startswith("/"))
    return [path for path in map(Path, dict.fromkeys(targets)) if path.is_file()]


def event_files_of(pids: Collection[int], root: Path, since: float) -> list[Path]:
    """The TensorBoard event files below `root` that these processes have begun `since` then: their names say so
    (`events.out.tfevents.TIME.HOST.PID.NUMBER`), and the writers close them after every flush. Older files are of other
    processes with the same numbers, which in a container come again soon.

    At most MOST_FOLDERS folders are looked into, the upper ones first, hidden ones never.
    """
    wanted = {str(pid) for pid in pids}

    def theirs(path: Path) -> bool:
        time, *others = path.name.partition("tfevents.")[2].split(".")
        return bool(wanted & set(others)) and time.isdecimal() and int(time) >= since - CLOCK_STEP

    return [path for folder in _folders(root) for path in files_in(folder, PATTERN) if theirs(path)]


def _folders(root: Path) -> list[Path]:
    found = [root]
    for folder in found:
        if len(found) >= MOST_FOLDERS:
            break
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            inner = sorted(each.name for each in entries if not each.name.startswith(".") and each.is_dir(follow_symlinks=False))
            found += [folder / name for name in inner]
    return found[:MOST_FOLDERS]


def _targets(pid: int) -> list[str]:
    folder = f"/proc/{pid}/fd"
    found = []
    try:
        for name in os.listdir(folder):  # noqa: PTH208 (a process may have thousands)
            found.append(os.readlink(f"{folder}/{name}"))  # noqa: PTH115
    except OSError:  # it closed the file, or ended, while we looked
        pass
    return found
