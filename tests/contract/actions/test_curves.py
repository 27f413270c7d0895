"""The curves of jobs, on a real store."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scheduler.actions.curves import curves
from scheduler.errors import UserError
from scheduler.queue.store import Store
from scheduler.report import curves as report
from scheduler.runner.logs import keep_what_is_small
from scheduler.tracking.logged import CURVES
from tests.contract.actions.ended import ended

GRID = """
command: [python, train.py, "${args_json}"]
policy: {objective: {metric: val_loss, goal: minimize}}
grid: {lr: [0.1, 0.2]}
"""


def course(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"_step": step, "_time": 100.0 + step, "val_loss": config["lr"] / (step + 1), "acc": math.nan if step == 1 else 0.5}
        for step in range(5)
    ]


@pytest.fixture
def filled(store: Store, experiments, tmp_path: Path) -> Store:
    ended(store, experiments(GRID), str(tmp_path), course)
    return store


def test_without_a_name_the_objective_is_drawn_of_every_job_the_best_first(filled: Store) -> None:
    """What the experiment is about needs no option."""
    found = curves(filled, ["all"])
    assert [(each.metric, each.job.config["lr"], len(each.spots)) for each in found.curves] == [
        ("val_loss", 0.1, 5),
        ("val_loss", 0.2, 5),
    ]
    assert curves(filled, ["all"], limit=1).of == 2


def test_a_chart_says_which_line_is_which_in_a_pipe_and_without_unicode(filled: Store) -> None:
    """A log of a batch system knows neither colours nor Braille."""
    for encoding in ("utf-8", "ascii"):
        file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
        report.print_charts(curves(filled, ["all"], ["val_loss", "acc"]), file, 60, 10)
        file.flush()
        shown = file.buffer.getvalue().decode()  # type: ignore[attr-defined]
        assert "* " in shown
        assert "lr=0.1: last 0.02, best 0.02 at 4" in shown
        assert "lr=0.2: last 0.5, best 0.5 at 0, 1 NaN or infinite" in shown
        assert [line for line in shown.splitlines() if ", by step" in line] == ["val_loss, by step", "acc, by step"]


def test_points_go_to_programs_with_all_that_they_stand_for(filled: Store) -> None:
    """For a figure of somebody's own."""
    found = report.rows(curves(filled, ["all"], ["val_loss"], x="time", smooth=0.5))
    assert len(found) == 10
    assert found[1] | {"id": ""} == {
        "id": "",
        "name": "lr=0.1",
        "metric": "val_loss",
        "x": 1.0,
        "step": 1,
        "time": 101.0,
        "value": 0.05,
        "low": 0.05,
        "high": 0.05,
        "smoothed": pytest.approx((0.025 + 0.025) / 0.75),
    }


@pytest.mark.parametrize("asked", [{"metrics": ["val_los"]}, {"x": "val_los"}])
def test_a_metric_that_nobody_logs_is_answered_with_the_nearest(filled: Store, asked: dict[str, Any]) -> None:
    """An empty chart says nothing."""
    with pytest.raises(UserError, match='no job here has "val_los"; did you mean "val_loss"'):
        curves(filled, ["all"], **asked)


def test_jobs_without_numbers_are_said_to_have_none(store: Store, experiments, tmp_path: Path) -> None:
    """And where to look instead."""
    ended(store, experiments("command: ['true', '${args}']\nbase: {x: 1}\n"), str(tmp_path), lambda _: [{"said": "hello"}])
    with pytest.raises(UserError, match="have logged no numbers; `exp-queue logs JOB`"):
        curves(store, ["all"])


def many(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of more names than have a curve."""
    return [{"_step": step, "word": "x", **{f"m{name}": name + step for name in range(CURVES + 44)}} for step in range(3)]


def test_a_metric_whose_curve_is_not_kept_is_read_from_the_log(store: Store, experiments, tmp_path: Path) -> None:
    """Of 2,000 metrics a few hundred have a curve in the queue; whoever names another gets it as long as there is a log."""
    ended(store, experiments(GRID), str(tmp_path), many)
    attempts = store.latest_attempts(store.jobs())
    for job in store.jobs():
        keep_what_is_small(store, job, attempts[job.id])
    one, other = curves(store, ["all"], ["m299", "m0"]).by_metric("m299")
    assert [(spot.x, spot.value) for spot in one.spots] == [(0, 299), (1, 300), (2, 301)]
    assert other.spots == one.spots
    with pytest.raises(UserError, match="no job here has"):
        curves(store, ["all"], ["word"])
    for attempt in attempts.values():
        attempt.metrics.unlink()
    with pytest.raises(UserError, match="nor do the logs have one"):
        curves(store, ["all"], ["m299"])
