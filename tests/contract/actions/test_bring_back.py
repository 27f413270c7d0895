"""What a run has left, brought into a folder of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.actions.bring_back import PIECE, bring_back
from scheduler.attempt_files import LOG
from scheduler.errors import UserError
from scheduler.experiments import Experiment
from scheduler.queue.store import Store
from tests.contract.actions.ended import ended


def test_how_far_the_copy_of_a_checkpoint_is_can_be_heard(
    store: Store, experiments: Callable[[str], list[Experiment]], tmp_path: Path
) -> None:
    """It may be gigabytes, in which nothing else says that it goes on; and it comes whole, with its time."""
    (job,) = ended(store, experiments("command: ['true']\nexperiments: [{}]\n"), str(tmp_path), lambda _: [{"loss": 1.0}])
    (attempt,) = store.attempts(job.id)
    checkpoint = Path(attempt.directory) / "best.pt"
    checkpoint.write_bytes(b"begin" + bytes(2 * PIECE))
    heard: list[tuple[str, int, int]] = []
    found = bring_back(store, job, tmp_path / "back", lambda *words: heard.append(words))
    copy = found.directory / "attempt/best.pt"
    assert copy.read_bytes() == checkpoint.read_bytes()
    assert copy.stat().st_mtime_ns == checkpoint.stat().st_mtime_ns
    assert len(heard) >= 3
    assert {what for what, _, _ in heard} == {"copying the files of attempt 1"}
    assert [done for _, done, _ in heard] == sorted({done for _, done, _ in heard})
    assert heard[-1][1] == heard[-1][2]


def test_the_hole_in_the_log_of_a_flood_stays_one(
    store: Store, experiments: Callable[[str], list[Experiment]], tmp_path: Path
) -> None:
    """A job that has printed for a night has a log of hundreds of gigabytes, of which 256 MiB are on the disk."""
    (job,) = ended(store, experiments("command: ['true']\nexperiments: [{}]\n"), str(tmp_path), lambda _: [{"loss": 1.0}])
    (attempt,) = store.attempts(job.id)
    with attempt.log.open("wb") as file:
        file.write(b"first\n")
        file.seek(1 << 26)
        file.write(b"last\n")
    copy = bring_back(store, job, tmp_path / "back").directory / "attempt" / LOG
    assert copy.read_bytes() == attempt.log.read_bytes()
    assert copy.stat().st_blocks * 512 < 1 << 20
    attempt.log.write_bytes(b"")
    os.truncate(attempt.log, 1 << 26)
    assert (bring_back(store, job, tmp_path / "again").directory / "attempt" / LOG).stat().st_size == 1 << 26


def test_a_folder_in_which_nothing_can_be_made_is_said(
    store: Store, experiments: Callable[[str], list[Experiment]], tmp_path: Path
) -> None:
    """A disk that is read only, or somebody else's folder: that was a traceback."""
    (job,) = ended(store, experiments("command: ['true']\nexperiments: [{}]\n"), str(tmp_path), lambda _: [{"loss": 1.0}])
    (tmp_path / "file").write_text("")
    for place in (Path("/proc/back"), tmp_path / "file" / "back"):
        with pytest.raises(UserError, match=r"cannot be written \(.+\); nothing is there"):
            bring_back(store, job, place)
