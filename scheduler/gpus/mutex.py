"""The machine's admission mutex: whoever decides about GPUs holds it, for less than a millisecond.

It is released by unlocking, never by closing alone: a copy of the descriptor that another thread is just handing to a
new process would keep it locked for a moment longer.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from scheduler.errors import StateError, UserError
from scheduler.gpus.directory import VARIABLE
from scheduler.gpus.kinds import kind, whose
from scheduler.gpus.ownership import described
from scheduler.linux.locks import file_name, locking_pids, same_file

NAME = "admit.lock"
TIMEOUT = 5.0
FREE_AGAIN = 0.002
OPEN = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class MutexBusy(UserError):
    """Another process, `holder`, decides about GPUs for far too long, most likely because it is stopped."""

    def __init__(self, path: Path, holder: str, timeout: float) -> None:
        self.path, self.holder = path, holder
        super().__init__(
            f"{path} has been held for {timeout:g} s by {holder}",
            next_step="a decision takes a millisecond: if it is stopped, continue it (kill -CONT) or end it",
        )


@contextlib.contextmanager
def admission_mutex(directory: Path, timeout: float) -> Iterator[None]:
    """Hold the mutex of this folder. MutexBusy, naming the holder, if it is not free within `timeout` seconds."""
    from filelock import unlock_descriptor

    fd = _locked_mutex(directory / NAME, timeout)
    try:
        yield
    finally:
        unlock_descriptor(fd)
        os.close(fd)


def _locked_mutex(path: Path, timeout: float) -> int:
    """A locked descriptor of the file that has the mutex's name now: a cleaner of old files may have put us off the
    first."""
    deadline = time.monotonic() + timeout
    while True:
        fd = _mutex_file(path)
        try:
            _lock_before(deadline, fd, path, timeout)
        except BaseException:
            os.close(fd)
            raise
        if same_file(fd, path):
            return fd
        os.close(fd)


def _lock_before(deadline: float, fd: int, path: Path, timeout: float) -> None:
    from filelock import lock_descriptor

    while not lock_descriptor(fd, blocking=False):
        if time.monotonic() > deadline:
            raise MutexBusy(path, lock_holder(fd), timeout)
        time.sleep(FREE_AGAIN)


def _mutex_file(path: Path) -> int:
    """The mutex's file. Another user's is opened without O_CREAT, which sticky folders refuse
    (fs.protected_regular); an flock needs no permission to write."""
    while True:
        try:
            fd = os.open(path, os.O_RDONLY | OPEN)
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError):
                return created(path)
            continue
        except OSError as error:
            raise _in_the_way(path, error.strerror or "") from error
        if stat.S_ISREG(os.fstat(fd).st_mode):
            return fd
        os.close(fd)
        raise _in_the_way(path)


def _in_the_way(path: Path, why: str = "") -> StateError:
    """What lies in the mutex's place, whose it is, and what an administrator does about it."""
    status, name = path.lstat(), shlex.quote(str(path))
    cure = f"chmod 644 {name}" if stat.S_ISREG(status.st_mode) else f"rm -r {name}"
    what = f"{path}, which every decision about GPUs needs, is {kind(status)} of {whose(status)}" + (f" ({why})" if why else "")
    return StateError(what, next_step=f"its owner or an administrator runs `{cure}`")


def lock_holder(file: int | Path, kind: str = "FLOCK") -> str:
    """Who holds a lock of this file, in words. `kind`: as for `locking_pids`."""
    # A path is not opened: to close it again would end whatever fcntl(2) locks of ours there are on the file.
    status = os.fstat(file) if isinstance(file, int) else file.stat()
    pid = locking_pids(kind).get(file_name(status))
    return "a process that /proc/locks does not show" if pid is None else described(pid)


def created(path: Path) -> int:
    """A descriptor of a new file that every user may read, whatever the umask.

    FileExistsError if there is one; StateError if the folder does not take it.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | OPEN, 0o644)
    except FileExistsError:
        raise
    except OSError as error:
        raise StateError(f"cannot write {path}: {error.strerror}", next_step=f"make room, or set {VARIABLE}") from error
    os.fchmod(fd, 0o644)
    return fd
