"""What other users of the machine leave in the claims' folder, met by the commands as a user types them."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def locked(path: Path, content: bytes) -> Iterator[None]:
    """A file whose lock somebody holds."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"[" * 50_000, id="deep"),
        pytest.param(b'{"since": "abc"}', id="wrong types"),
        pytest.param(b"\xff\0" + b"x" * 100_000, id="large, no text"),
    ],
)
def test_no_file_of_a_stranger_ends_a_command(machine, content: bytes) -> None:
    """One file ended every command of every user; now it is passed over, and its owner is named."""
    (machine.claims / "b.claim").symlink_to("/dev/zero")
    with locked(machine.claims / "a.claim", content):
        for words in (["gpus"], ["run", "grid.yaml", "x=1"], ["exec", "--wait", "0", "--", "true"], ["doctor"], ["explain"]):
            result = machine(*words)
            assert result.returncode == 0, (words, result.stderr)
            if words != ["explain"]:
                assert f"{machine.claims}/a.claim of " in result.stdout + result.stderr, words


def test_wrong_types_beside_a_good_record_change_nothing(machine) -> None:
    """Two claims, one with a text as its time: they could not be put into an order."""
    with (
        locked(machine.claims / "a.claim", b'{"id": "a", "memory": {"GPU-0": null}, "since": "abc"}'),
        locked(machine.claims / "b.claim", b'{"id": "b", "memory": {"GPU-0": -5}, "since": 1}'),
    ):
        assert machine("gpus").returncode == 0
        assert machine("exec", "--wait", "0", "--", "true").returncode == 0, "the other GPU is free"
        assert machine("exec", "--wait", "0", "--gpus", "2", "--", "true").returncode == 124


def test_a_pipe_in_the_place_of_a_claim_hangs_nobody(machine) -> None:
    """To open a pipe is to wait for its other end."""
    os.mkfifo(machine.claims / "a.claim")
    assert machine("exec", "--wait", "0", "--", "true").returncode == 0
    assert "a.claim of " in machine("gpus").stderr
