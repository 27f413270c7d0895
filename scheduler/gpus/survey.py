"""What lies in the claims' folder: which claims live, and what is none. Any user can put anything there, so nothing is
followed, waited for, or read without a limit, and nothing in it is an error of ours.

A file counts as a claim while some process holds its lock: with what its record says, or, where we cannot look into it,
on any GPU. What is surely no claim is passed over and can be named: a link, a pipe, a folder, a file without a record.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path

from scheduler.gpus.kinds import kind, whose
from scheduler.gpus.mutex import OPEN
from scheduler.gpus.ownership import SUFFIX, described, user_name
from scheduler.gpus.placement import ClaimRecord
from scheduler.gpus.records import LARGEST, record_of
from scheduler.linux.locks import file_name, locking_pids
from scheduler.values import dataclass

NOBODY = -1  # where the kernel does not tell the owner
MANY = 1000  # files of ended claims of one user, from which on a decision takes noticeably longer


@dataclass(frozen=True)
class Stray:
    """A file with a claim's name that is no claim. `owner`: its uid; `why`: what it is instead."""

    path: Path
    owner: int
    why: str


@dataclass(frozen=True)
class Survey:
    """What lies in the folder: the living `claims`, oldest first, what was passed over, and how many files of ended claims
    there are of each user (by uid)."""

    claims: tuple[ClaimRecord, ...] = ()
    strays: tuple[Stray, ...] = ()
    ended: Mapping[int, int] = field(default_factory=dict)

    def warnings(self, directory: Path) -> dict[tuple[str, int], str]:
        """One sentence for each user who has left what is no claim, or very many files; the keys say which and whose (uid)."""
        slow = {("ended", owner): _slow(owner, count, directory) for owner, count in self.ended.items() if count > MANY}
        owners = {stray.owner for stray in self.strays}
        return {("stray", owner): _passed_over([s for s in self.strays if s.owner == owner]) for owner in owners} | slow


def _passed_over(strays: list[Stray]) -> str:
    first, *more = sorted(strays, key=lambda stray: stray.path)
    others = f" (and {len(more)} more like it)" if more else ""
    whose = "" if first.owner == NOBODY else f" of {user_name(first.owner)}"
    return f"{first.path}{whose} is {first.why} and no claim{others}: ignored; its owner or root can remove it"


def _slow(owner: int, count: int, directory: Path) -> str:
    text = f"{count} files of ended claims of {user_name(owner)} lie in {directory} and slow down every decision about GPUs"
    return f"{text}; their owner or root can remove them"


def survey(directory: Path, clean: bool = False) -> Survey:
    """Look at every file with a claim's name.

    `clean` also removes what our own dead claims left behind: only under the mutex, since an unlocked new file is then
    nobody's work in hand. A folder that cannot be listed counts as one claim on any GPU.
    """
    claims, strays, ended = [], [], Counter[int]()
    for path in _named(directory, clean):
        found = path if isinstance(path, ClaimRecord) else look(path, clean)
        if isinstance(found, ClaimRecord):
            claims.append(found)
        elif isinstance(found, Stray):
            strays.append(found)
        elif found is not None:
            ended[found] += 1
    return Survey(tuple(sorted(claims, key=lambda c: (c.since, c.id))), tuple(strays), ended)


def _named(directory: Path, clean: bool) -> Iterator[Path | ClaimRecord]:
    suffixes = (SUFFIX, f"{SUFFIX}.new") if clean else SUFFIX
    try:
        names = os.listdir(directory)  # noqa: PTH208 - a folder may hold very many
    except FileNotFoundError:
        return
    except OSError as error:
        yield ClaimRecord("", unreadable=f"{directory}: {error.strerror}")
        return
    yield from (directory / name for name in names if name.endswith(suffixes))


def look(path: Path, clean: bool = False) -> ClaimRecord | Stray | int | None:
    """A living claim, a file that is none, the owner (uid) of a claim that has ended, or None where there is no such file.

    Once free, a claim's lock is never taken again.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:  # never of a plain file in a folder that we may use: something is mounted there
        return Stray(path, NOBODY, f"what cannot be looked at ({error.strerror})")
    if not stat.S_ISREG(status.st_mode):  # a device or a pipe is not even opened
        return Stray(path, status.st_uid, kind(status))
    try:
        return _looked_into(path, clean)
    except FileNotFoundError:
        return None
    except PermissionError:
        return _hidden(path, status)
    except OSError as error:
        return ClaimRecord(path.stem, uid=status.st_uid, unreadable=f"{path} of {whose(status)}: {error.strerror}")


def _looked_into(path: Path, clean: bool) -> ClaimRecord | Stray | int | None:
    with _opened(path) as fd:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            return Stray(path, status.st_uid, kind(status))
        if _is_free(fd):
            if clean and status.st_uid == os.geteuid():
                with contextlib.suppress(OSError):
                    path.unlink()
                return None
            return status.st_uid
        record = record_of(os.read(fd, LARGEST + 1), path.stem, status.st_uid, str(path))
        return record or Stray(path, status.st_uid, "a locked file without a claim's record")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    fd = os.open(path, os.O_RDONLY | OPEN)
    try:
        yield fd
    finally:
        os.close(fd)


def _is_free(fd: int) -> bool:
    """Whether nobody holds the file's lock. A shared probe: two who look at once do not take each other for the
    holder."""
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _hidden(path: Path, status: os.stat_result) -> ClaimRecord | Stray:
    """A file that we may not open, which no claim of ours is: it counts, on any GPU, while the kernel shows its lock."""
    pid = locking_pids().get(file_name(status))
    if pid is None:
        return Stray(path, status.st_uid, "a file that others may not read")
    holder = f"{path} of {whose(status)}, which may not be read and is locked by {described(pid)}"
    return ClaimRecord(path.stem, uid=status.st_uid, unreadable=holder)


def with_holders(directory: Path, claims: Iterable[ClaimRecord]) -> tuple[ClaimRecord, ...]:
    """The claims, with the process that holds the lock where it is another than the one that took the claim."""
    pids = locking_pids()
    return tuple(_with_holder(directory / f"{claim.id}{SUFFIX}", claim, pids) for claim in claims)


def _with_holder(path: Path, claim: ClaimRecord, pids: Mapping[str, int]) -> ClaimRecord:
    try:
        pid = pids.get(file_name(path.lstat()))
    except OSError:
        return claim
    return claim if pid in (None, claim.pid) or claim.unreadable else replace(claim, locked_by=described(pid))
