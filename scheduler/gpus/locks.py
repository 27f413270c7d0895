"""Who holds the flock(2) of a file, from /proc/locks (proc(5)); the device and inode there name the file."""

from __future__ import annotations

import os
from pathlib import Path

from scheduler.gpus.ownership import owner


def locking_pids(kind: str = "FLOCK") -> dict[str, int]:
    """By `file_name`: the process that took the lock, which may have handed it on and ended. Empty where the kernel tells
    nothing; locks that were taken in another container are not listed. `kind`: FLOCK for flock(2), POSIX for the exclusive
    ones of fcntl(2)."""
    try:
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return {}
    entries = [line.split() for line in lines]
    wanted = (words for words in entries if len(words) > 5 and words[1] == kind and (kind == "FLOCK" or words[3] == "WRITE"))
    return {words[5]: int(words[4]) for words in wanted}


def file_name(status: os.stat_result) -> str:
    """How /proc/locks names the file."""
    return f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"


def described(pid: int) -> str:
    """`process 4711 (python, anna)`; whether it is stopped is said too."""
    whose = owner(pid)
    known = ", ".join(part for part in (whose.name, whose.user, _stopped(pid)) if part)
    return f"process {pid} ({known or 'not visible from here'})"


def _stopped(pid: int) -> str:
    """`stopped` for a process that a Ctrl-Z or a debugger keeps from running; "" for any other."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""
    return "stopped" if state in ("T", "t") else ""
