"""What is left beside the logs of an attempt, by whoever follows it: real files."""

from __future__ import annotations

from pathlib import Path

from scheduler.tracking.left import Leaving, left
from scheduler.tracking.readers.follower import Follower


def test_nothing_is_left_of_a_log_whose_place_the_metric_log_has_taken(tmp_path: Path, until) -> None:
    """What was printed before it was there would be shown until the end, and read before it."""
    (tmp_path / "log.txt").write_text("loss=0.5\n")
    follower = Follower(tmp_path, tmp_path / "log.txt", tmp_path / "metrics.jsonl", tmp_path, (), gather=True, awake=False)
    leaving = Leaving(tmp_path, follower)

    def looked() -> Path:
        leaving.look(follower.read())
        return tmp_path

    found = until(lambda: left(looked()))
    assert dict(found.last) == {"loss": 0.5}
    (tmp_path / "metrics.jsonl").write_text('{"loss": 0.25}\n')
    until(lambda: left(looked()) is None)
    follower.close()
