"""A lock that is taken while others look whether it is held."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from scheduler.linux.locks import is_locked, lock


def opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def test_whoever_only_looks_does_not_keep_the_owner_out(tmp_path: Path) -> None:
    """Seats look all the time whether there is a server: one that starts then must not take them for another server."""
    path = tmp_path / "server.json"
    owner, looker = opened(path), opened(path)
    fcntl.flock(looker, fcntl.LOCK_SH)
    assert lock(owner, lambda _: fcntl.flock(looker, fcntl.LOCK_UN))
    assert is_locked(path)


def test_an_owner_keeps_all_others_out(tmp_path: Path) -> None:
    """However often they try."""
    path = tmp_path / "server.json"
    owner, other = opened(path), opened(path)
    assert lock(owner)
    assert not lock(other, lambda _: None)
