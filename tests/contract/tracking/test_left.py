"""What is left beside the logs of an attempt, by whoever follows it: real files."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.tracking.left import Leaving, leave, left
from scheduler.tracking.logged import Logged
from scheduler.tracking.readers.follower import Follower
from scheduler.tracking.readers.watching import LogWatch


def test_nothing_is_left_of_a_log_whose_place_the_metric_log_has_taken(tmp_path: Path, until) -> None:
    """What was printed before it was there would be shown until the end, and read before it."""
    (tmp_path / "log.txt").write_text("loss=0.5\n")
    follower = Follower(tmp_path, (), gather=True, awake=False)
    leaving = Leaving(tmp_path, follower)

    def looked() -> Path:
        leaving.look(follower.read())
        return tmp_path

    found = until(lambda: left(looked()))
    assert dict(found.last) == {"loss": 0.5}
    (tmp_path / "metrics.jsonl").write_text('{"loss": 0.25}\n')
    until(lambda: left(looked()) is None)
    follower.close()


def test_what_is_left_is_no_reason_to_search_for_logs(tmp_path: Path) -> None:
    """It appears in the folder of the logs every two seconds, and a search lists all folders there."""
    watch = LogWatch()
    if not watch.precise:
        pytest.skip("the kernel gives no watch")
    watch.watch_folders([tmp_path])
    leave(tmp_path, Logged("output", 1))
    assert not watch.drain()
    (tmp_path / "metrics.jsonl").write_text("")
    assert watch.drain()
    (tmp_path / ".runs").mkdir()
    assert watch.drain()
    watch.close()
