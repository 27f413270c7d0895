"""Comparisons, curves and sweeps in a notebook, on a real queue."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scheduler import api
from scheduler.api import UserError
from scheduler.api.curve import curve_of
from scheduler.home import open_home
from scheduler.queue.store import Store
from scheduler.queue.trials import SweepRecord, add_sweep, add_trial, note_history
from scheduler.tracking import logged
from scheduler.tracking.logged import Series
from tests.contract.actions.ended import ended

GRID = """
command: [python, train.py, "${args_json}"]
policy: {objective: {metric: loss, goal: minimize}}
grid: {lr: [0.1, 0.2], seed: [1, 2]}
"""


@pytest.fixture(autouse=True)
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, experiments) -> None:
    """A queue in which four jobs have logged, two of which are trials of a sweep whose file is gone."""
    monkeypatch.setenv("EXP_QUEUE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    with Store(open_home(tmp_path / "home")) as store:
        jobs = ended(
            store,
            experiments(GRID),
            str(tmp_path),
            lambda config: [{"_step": step, "loss": config["lr"] * config["seed"] / (step + 1)} for step in range(3)],
        )
        config = {"method": "random", "metric": "loss", "goal": "minimize", "pruner": "none", "early_terminate": None}
        with store.change() as change:
            add_sweep(change, SweepRecord("abcd", "k", "gone.yaml", 1, json.dumps(config), 0.0))
            for number, job in enumerate(jobs[:2]):
                add_trial(change, "abcd", number, job.id, job.config)
                note_history(change, job.id, 1, (2.0, 1.0 - number / 2), None)


def test_a_comparison_is_rows_that_make_a_data_frame() -> None:
    """A figure begins with a frame that has the right columns."""
    found = api.compare(columns=["lr", "seed", "best.loss"], sort="best.loss")
    assert found[0] == {"lr": 0.1, "seed": 1, "best.loss": pytest.approx(0.1 / 3)}
    pandas = pytest.importorskip("pandas")
    frame = found.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == ["lr", "seed", "best.loss"]
    assert "best.loss" in repr(found)
    assert len(api.compare("failed")) == 0
    assert len(api.compare([])) == 0, "of no jobs, and not of all"


def test_means_over_seeds_are_numbers() -> None:
    """For error bars."""
    found = api.compare(group_by="seed", columns="best.loss")
    assert [(row["lr"], row["jobs"]) for row in found] == [(0.1, 2), (0.2, 2)]
    assert found[0]["best.loss.mean"] == pytest.approx(0.05)
    assert found[0]["best.loss.std"] == pytest.approx((0.1 / 3) / 2**0.5)


def test_a_job_has_the_curve_of_each_of_its_metrics() -> None:
    """As points, or as a frame; a slip in its name is answered."""
    job = next(iter(api.jobs()))
    curve = job.curve("loss")
    assert [(point.step, point.value) for point in curve] == [(step, pytest.approx(0.1 / (step + 1))) for step in range(3)]
    (joined,) = curve_of(Series(3, 0, 2.0, curve=(logged.Point(0, None, 1.0, 3.0, 2.0),)))
    assert (joined.low, joined.high, joined.value) == (1.0, 3.0, 2.0)
    pytest.importorskip("pandas")
    assert list(curve.to_pandas().columns) == ["step", "time", "value", "low", "high"]
    with pytest.raises(UserError, match='has no numbers of "los"; did you mean "loss"'):
        job.curve("los")


def test_a_sweep_is_found_without_its_file() -> None:
    """A notebook is opened a month later."""
    (sweep,) = api.sweeps()
    assert (sweep.id, sweep.method, sweep.best, sweep.best_trial, sweep.states) == ("abcd", "random", 0.5, 1, {"done": 2})
    for found in (sweep.trials(), api.trials(sweep="ab"), api.trials(sweep="gone.yaml"), api.trials(sweep="last")):
        assert found.best is not None
        assert (found.sweep, found.best.value) == ("abcd", 0.5)
    with pytest.raises(UserError, match="no sweep is called"):
        api.trials(sweep="gone.yml")


def test_the_best_jobs_come_with_what_one_goes_on_with() -> None:
    """By their own objective, or by a metric that is named; the checkpoint is what a notebook loads next."""
    (best,) = api.best()
    job = api.job(best["id"])
    assert (best["config"], best["best"], best["best_at"]) == ({"lr": 0.1, "seed": 1}, pytest.approx(0.1 / 3), 2)
    assert (best["directory"], best["checkpoints"]) == (str(job.directory), [])
    (largest,) = api.best(metric="loss:max")
    assert (largest["config"], len(api.best(count=2))) == ({"lr": 0.2, "seed": 2}, 2)
    assert "0.033" in repr(api.best())
    assert len(api.best([])) == len(api.best("failed")) == 0, "of no jobs, and not of all"
    with pytest.raises(UserError, match="count is 0"):
        api.best(count=0)
