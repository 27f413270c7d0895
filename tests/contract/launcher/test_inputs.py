"""The files that a job is told to read, where they are gone or damaged when it starts: real files below a real launcher."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.launcher.client import Slot
from tests.contract.launcher.launching import end_of, order, output, until_ended


@pytest.mark.parametrize(("before", "word"), [(None, "was gone"), ("lr: 0.", "was damaged"), ("", "was damaged")])
def test_a_file_that_was_lost_is_written_anew_and_that_is_said(slot: Slot, tmp_path: Path, before: str | None, word: str) -> None:
    """Without its point a script trains its defaults, and the result is taken for that of the point."""
    path = tmp_path / "arguments" / "point"
    if before is not None:
        path.parent.mkdir()
        path.write_text(before)
    slot.start(order(tmp_path, ["cat", str(path)], inputs={str(path): "lr: 0.1\n"}), [])
    heard = until_ended(slot)
    assert heard[-1]["end"]["state"] == "done"
    assert output(tmp_path) == "lr: 0.1\n"
    assert [report["text"] for report in heard if report["is"] == "note"] == [
        f"{path} {word}, and was written anew from the queue"
    ]
    assert [each.name for each in path.parent.iterdir()] == ["point"]


def test_a_file_that_is_whole_is_left_alone(slot: Slot, tmp_path: Path) -> None:
    """Any number of jobs may read it at this moment."""
    path = tmp_path / "point"
    path.write_text("lr: 0.1\n")
    before = path.stat().st_ino
    slot.start(order(tmp_path, ["true"], inputs={str(path): "lr: 0.1\n"}), [])
    assert [report["is"] for report in until_ended(slot) if report["is"] == "note"] == []
    assert path.stat().st_ino == before


def test_without_its_file_a_job_fails_before_it_starts(slot: Slot, tmp_path: Path) -> None:
    """It would do something else than it was asked for."""
    (tmp_path / "taken").write_text("")
    path = tmp_path / "taken" / "point"
    slot.start(order(tmp_path, ["touch", "ran"], inputs={str(path): "lr: 0.1\n"}), [])
    end = end_of(slot)
    assert (end["state"], end["exit_status"]) == ("failed", None)
    assert end["reason"] == f"cannot start: {path}, which holds its arguments, cannot be had: Not a directory"
    assert not (tmp_path / "ran").exists()
