"""Ports for programs that talk to themselves, such as the processes of one distributed training: free when somebody looked, and
of no other job of this machine, whoever started it.

A port is held by a lock on the byte with its number in one file. The lock is one of an open file (F_OFD_SETLK, fcntl(2)): whoever
inherits the descriptor keeps it, and it ends with the last copy, as a claim does. Only TCP is looked at. Somebody who asks nobody
may bind a port between our look and the program's own bind.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import stat
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

from scheduler.errors import StateError
from scheduler.gpus.directory import CHOICES, VARIABLE, lock_directory
from scheduler.linux.locks import same_file
from scheduler.shortage import is_short

NAME = "ports.lock"
LOWEST, HIGHEST = 20_000, 32_767  # from 32768 on Linux takes ports for outgoing connections
OPEN = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
FLOCK = "hhqqi"  # struct flock of 64-bit Linux: type, whence, start, length, pid


class Ports:
    """Consecutive ports that this process holds a descriptor of. Whoever inherits a copy of `fd` keeps them as well."""

    def __init__(self, numbers: Sequence[int], fd: int) -> None:
        self.numbers, self.fd = tuple(numbers), fd

    def close(self) -> None:
        """Close our copy of the descriptor. A second call does nothing."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Ports:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def take_ports(folder: Path, count: int = 1, first: int | None = None) -> Ports:
    """`count` consecutive ports that are free now and that nobody holds. `first`: where to begin to look; None: anywhere.

    StateError where there are none, or the folder does not take the file; OSError where the machine has no room for a
    descriptor.
    """
    path = folder / NAME
    while True:
        fd = _lock_file(path)
        try:
            found = _reserved(fd, count, first)
        except BaseException:
            os.close(fd)
            raise
        if same_file(fd, path):  # a cleaner of old files may have put us off the first
            return Ports(found, fd)
        os.close(fd)


def port_folder(otherwise: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Where the ports of this machine are held: the folder of the claims if there is one that we may use, else `otherwise`, and
    then only those who use that know of one another."""
    try:
        there = environment.get(VARIABLE) or any(os.path.lexists(choice) for choice in CHOICES)
        return lock_directory(environment) if there else otherwise
    except StateError:
        return otherwise


def variables(numbers: Sequence[int], *, asked: bool, address: str | None = None) -> dict[str, str | None]:
    """What a program finds of its ports in its environment; None takes a variable away. `asked`: it has asked for them, so that
    the port of others, which would come with its environment, is not taken for its own. `address`: its MASTER_ADDR so far."""
    ports = [str(number) for number in numbers]
    found: dict[str, str | None] = {"EXP_QUEUE_PORT": ports[0] if ports else None, "EXP_QUEUE_PORTS": None}
    if asked:
        found |= {"EXP_QUEUE_PORTS": ",".join(ports), "MASTER_PORT": ports[0], "MASTER_ADDR": address or "127.0.0.1"}
    return found


def is_free(port: int) -> bool:
    """Whether a program could bind this port of every address now, also one that does not set SO_REUSEADDR. OSError where the
    machine has no room for a socket."""
    try:
        return _binds(socket.AF_INET6, port)
    except OSError as error:
        if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
            raise
        return _binds(socket.AF_INET, port)


def _binds(family: int, port: int) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)  # both kinds of address, as PyTorch's store has it
        try:
            probe.bind(("", port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EPERM):
                return False
            raise
    return True


def _reserved(fd: int, count: int, first: int | None) -> range:
    """Looks upwards from `first`, and then from the lowest. Not the lowest first: the last job's may still be used by what it has
    left behind on another machine."""
    room = HIGHEST - LOWEST - count + 2
    start = LOWEST + int.from_bytes(os.urandom(8), "big") % room if first is None else first
    for begin in (start, LOWEST):
        port = begin
        while port + count - 1 <= HIGHEST:
            taken = _first_taken(fd, port, count)
            if taken is None:
                return range(port, port + count)
            port = taken + 1
    wanted = "no free port" if count == 1 else f"no {count} free ports in a row"
    raise StateError(f"there is {wanted} from {LOWEST} to {HIGHEST}", next_step="`ss -tlnp` shows who listens")


def _first_taken(fd: int, port: int, count: int) -> int | None:
    """None: all of them are ours now."""
    if not _lock(fd, fcntl.F_WRLCK, port, count):
        return port
    for each in range(port, port + count):
        if not is_free(each):
            _lock(fd, fcntl.F_UNLCK, port, count)
            return each
    return None


def _lock(fd: int, kind: int, start: int, length: int) -> bool:
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack(FLOCK, kind, os.SEEK_SET, start, length, 0))
    except (BlockingIOError, PermissionError):  # either, fcntl(2)
        return False
    return True


def _lock_file(path: Path) -> int:
    """A descriptor of the file that has the name. Every user may write to it, since a lock that excludes others needs that."""
    while True:
        try:
            fd = os.open(path, OPEN)
        except FileNotFoundError:
            _make(path)
            continue
        except OSError as error:
            if is_short(error):
                raise
            raise _unusable(path, error.strerror or "") from error
        if stat.S_ISREG(os.fstat(fd).st_mode):
            return fd
        os.close(fd)
        raise _unusable(path, "not a file")


def _make(path: Path) -> None:
    """The file gets its name once every user may open it, whatever the umask."""
    fresh = path.with_name(f"{NAME}.{os.urandom(8).hex()}")
    try:
        os.close(os.open(fresh, OPEN | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            fresh.chmod(0o666)
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(fresh)
        finally:
            fresh.unlink()
    except OSError as error:
        if is_short(error):
            raise
        raise _unusable(path, error.strerror or "") from error


def _unusable(path: Path, why: str) -> StateError:
    return StateError(f"{path}, which tells whose ports are whose, cannot be used: {why}", next_step="its owner removes it")
