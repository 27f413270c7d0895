"""Logs that another machine writes: no kernel event tells of them here."""

from __future__ import annotations

from pathlib import Path

from scheduler.tracking.readers.follower import BLIND, Follower


def test_a_log_on_a_shared_folder_is_looked_at_by_the_clock(tmp_path: Path) -> None:
    """inotify gives a watch on NFS and then says nothing: early stopping would wait for ever."""
    far, near = Follower(tmp_path, ("loss",), far=True), Follower(tmp_path, ("loss",))
    (tmp_path / "metrics.jsonl").write_text('{"step": 1, "loss": 0.5}\n')
    try:
        assert [len(each.read()) for each in (far, near)] == [1, 1]
        waits = [each.patience() for each in (far, near)]
        assert waits[0] is not None
        assert waits[0] <= BLIND
        assert waits[1] is None or waits[1] > BLIND
    finally:
        far.close()
        near.close()
