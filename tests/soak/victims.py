"""Processes of one soak, found in /proc by its state directory in their environment or by its working directory, and killed."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scheduler.gpus.ownership import COOKIE

LAUNCHERS = ("scheduler.launcher.loop", "exp-queue: launcher of", "scheduler.slurm.node")  # from nothing, forked, on a node


@dataclass(frozen=True)
class Victim:
    """A process of the soak: `kind` is runner, interpreter, launcher, job or other; `name` a launcher's id, a job's token."""

    pid: int
    kind: str
    name: str
    command: str
    claim: str = ""


def find(home: Path, work: Path) -> list[Victim]:
    """Every living process that belongs to the soak. A zombie has no environment any more and is not found."""
    mark = f"EXP_QUEUE_HOME={home}".encode()
    candidates = [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and int(entry) != os.getpid()]  # noqa: PTH208
    return [found for pid in candidates for found in [_identify(pid, mark, work)] if found]


def _identify(pid: int, mark: bytes, work: Path) -> Victim | None:
    place = Path("/proc") / str(pid)
    try:
        environment = (place / "environ").read_bytes().split(b"\0")
        if mark not in environment and (place / "cwd").readlink() != work:
            return None
        command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        kind, name = _kind(pid, place, command, dict(entry.partition(b"=")[::2] for entry in environment))
        claim = next((entry.decode().partition("=")[2] for entry in environment if entry.startswith(COOKIE.encode())), "")
    except (OSError, KeyError):  # it ended while we looked
        return None
    return Victim(pid, kind, name, command, claim)


def _kind(pid: int, place: Path, command: str, environment: dict[bytes, bytes]) -> tuple[str, str]:
    if "job.py" in command and os.getsid(pid) == pid:
        return "job", f"{environment[b'EXP_QUEUE_JOB'].decode()}/{environment[b'EXP_QUEUE_ATTEMPT'].decode()}"
    if command.startswith("exp-queue: keeps"):
        return "interpreter", ""
    if any(mark in command for mark in LAUNCHERS) and not _is_fork_of_launcher(place):
        journals = [_launcher_of(link) for link in _open_files(place) if link.suffix == ".journal"]
        return ("launcher", journals[0]) if journals else ("other", "")
    return ("runner", "") if "scheduler.cli.main run" in command else ("other", "")


def _launcher_of(journal: Path) -> str:
    """What the store calls it: by its journal, on a node with the array that it is of."""
    batch = journal.parent
    return f"slurm/{batch.name}/{journal.stem}" if batch.parent.name == "slurm" else journal.stem


def _is_fork_of_launcher(place: Path) -> bool:
    """A launcher's child looks like a launcher until it has become its job."""
    parent = (place / "stat").read_text().rpartition(")")[2].split()[1]
    command = (Path("/proc") / parent / "cmdline").read_bytes()
    return any(mark.encode() in command for mark in LAUNCHERS)


def _open_files(place: Path) -> Iterator[Path]:
    for entry in (place / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield entry.readlink()


def kill(victim: Victim, home: Path, work: Path) -> bool:
    """SIGKILL to exactly this process; False if it is gone."""
    try:
        handle = os.pidfd_open(victim.pid)
    except ProcessLookupError:
        return False
    try:
        now = _identify(victim.pid, f"EXP_QUEUE_HOME={home}".encode(), work)
        if now != victim:
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True
