"""Another user of the machine, for tests that run as root: a real process with another uid."""

from __future__ import annotations

import contextlib
import os
import signal
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

STRANGER = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can play two users")


def told_by(uid: int, folder: Path, tell: Callable[[], str]) -> str:
    """What `tell` returns in a process of user `uid` whose working directory is `folder`; the folders above it may be closed to
    that user. Whatever it needs must have been imported before."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _become(uid, folder, lambda: os.write(writer, tell().encode()))
    os.close(writer)
    with os.fdopen(reader) as answer:
        told = answer.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "the other user's process failed"
    return told


@contextlib.contextmanager
def somebody(uid: int, folder: Path, begin: Callable[[], object]) -> Iterator[int]:
    """The pid of a process of user `uid` that has done `begin` in `folder`, keeps what that returned, and goes on until the
    end of the block."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _become(uid, folder, lambda: _stay(begin(), writer))
    os.close(writer)
    try:
        assert os.read(reader, 1) == b"1", "the other user's process failed"
        yield child
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _become(uid: int, folder: Path, do: Callable[[], object]) -> None:
    status = 1
    try:
        os.chdir(folder)
        if uid != os.geteuid():
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
        do()
        status = 0
    except BaseException:  # noqa: BLE001 - shown by pytest with what else the test has printed
        traceback.print_exc()
    finally:
        os._exit(status)


def _stay(kept: object, writer: int) -> object:
    os.write(writer, b"1")
    while True:
        signal.pause()
    return kept
