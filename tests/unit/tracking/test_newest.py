"""The newest values of an attempt: of its metric log, from its end alone, or of what was left beside it."""

from __future__ import annotations

import json
from pathlib import Path

from scheduler.tracking.left import leave
from scheduler.tracking.logged import Logged
from scheduler.tracking.newest import END, newest
from scheduler.tracking.readers.rows import Row


def log(path: Path, *rows: object, end: str = "\n") -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows) + end)
    return path


def test_every_metric_has_its_newest_value_and_the_newest_row_comes_first(tmp_path: Path) -> None:
    """A training logs its loss at each step and its accuracy once an epoch: both are wanted."""
    rows = [{"_config": {}}, {"_step": 1, "loss": 3.0, "acc": 0.1}, {"_step": 2, "loss": 2.0}, {"_time": 5.0, "lr": 1e-3}]
    found = newest(tmp_path, log(tmp_path / "metrics.jsonl", *rows))
    assert found == Row(2, {"lr": 1e-3, "loss": 2.0, "acc": 0.1})
    assert list(found.values) == ["lr", "loss", "acc"]


def test_only_the_end_is_read_and_half_a_line_is_no_row(tmp_path: Path) -> None:
    """A log of 100 MB is looked at every minute, for each job: what lies before its end is not touched."""
    path = tmp_path / "metrics.jsonl"
    first = json.dumps({"_step": 1, "only_at_the_start": 1.0})
    with path.open("wb") as file:
        file.write(f"{first}\n".encode())
        file.truncate(10 << 30)  # a hole of 10 GiB: whoever reads it is not done before the test's limit
        file.seek(0, 2)
        file.write(b'\n{"_step": 7, "loss": 0.5}\n{"_step": 8, "lo')
    assert newest(tmp_path, path) == Row(7, {"loss": 0.5})
    log(path, {"cut": "x" * END}, {"loss": 1.0})
    assert newest(tmp_path, path) == Row(None, {"loss": 1.0})


def test_without_a_whole_row_there_is_nothing(tmp_path: Path) -> None:
    """Many programs write no metric log at all."""
    assert newest(tmp_path, tmp_path / "missing") is None
    assert newest(tmp_path, tmp_path) is None
    assert newest(tmp_path, log(tmp_path / "metrics.jsonl", {"_config": {}})) is None
    assert newest(tmp_path, log(tmp_path / "metrics.jsonl", {"loss": 1.0}, end="")) is None


def test_what_was_left_of_another_log_counts_where_there_is_no_metric_log(tmp_path: Path) -> None:
    """A script that logs with W&B alone writes none, and whoever follows it has read its rows already."""
    leave(tmp_path, Logged("W&B log", 3, step=7, last={"loss": 0.5}))
    assert newest(tmp_path, tmp_path / "metrics.jsonl") == Row(7, {"loss": 0.5})
    assert newest(tmp_path, log(tmp_path / "metrics.jsonl", {"_step": 1, "loss": 0.1})) == Row(1, {"loss": 0.1})
