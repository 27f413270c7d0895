"""The environment that belongs to a job of a sweep file, and the file of its point."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from scheduler.sweeps import read_file
from scheduler.sweeps.engine.trial_environment import for_a_shell, with_points

FILE = "program: train.py\nmethod: grid\nparameters: {lr: {values: [1e-5, 0.2]}, net: {parameters: {depth: {value: 3}}}}\n"


def environments(folder: Path) -> list[dict]:
    (folder / "grid.yaml").write_text(FILE)
    plan = read_file(str(folder / "grid.yaml"))
    return [json.loads(each.environment) for each in with_points(plan, plan.experiments(), folder)]


def test_each_point_has_a_file_of_its_own_named_by_its_content(tmp_path: Path) -> None:
    """Whoever starts the job, now or after a reboot, finds it; a second submit of the file writes the same."""
    found = environments(tmp_path)
    assert found == environments(tmp_path)
    points = [yaml.safe_load(Path(each["WANDB_SWEEP_PARAM_PATH"]).read_text()) for each in found]
    assert [(point["lr"]["value"], point["net"]["value"]) for point in points] == [(1e-5, {"depth": 3}), (0.2, {"depth": 3})]


def test_runs_of_others_are_taken_away_whoever_starts_the_job(tmp_path: Path) -> None:
    """`submit` here and `work` inside somebody's W&B agent: every job would become part of that agent's run."""
    (first, _) = environments(tmp_path)
    assert first["WANDB_SWEEP_ID"] is first["WANDB_SERVICE"] is None
    assert (first["WANDB_DIR"], first["WANDB_RUN_ID"]) == ("{run_dir}", "{run_id}")


@pytest.mark.parametrize("given", ["", "0", "1"])
def test_what_the_user_says_of_buffering_stays(tmp_path: Path, given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty value is how one switches it off."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    assert environments(tmp_path)[0]["PYTHONUNBUFFERED"] == "1"
    monkeypatch.setenv("PYTHONUNBUFFERED", given)
    assert "PYTHONUNBUFFERED" not in environments(tmp_path)[0]


def test_a_shell_gets_what_needs_no_directory_of_an_attempt(tmp_path: Path) -> None:
    """A line of `prepare` has none."""
    (tmp_path / "grid.yaml").write_text(FILE)
    plan = read_file(str(tmp_path / "grid.yaml"))
    found = [for_a_shell(each) for each in with_points(plan, plan.experiments(), tmp_path)]
    assert [set(each) for each in found] == [{"WANDB_MODE", "WANDB_RUN_GROUP", "WANDB_SWEEP_PARAM_PATH"}] * 2


def test_a_file_of_experiments_adds_nothing(tmp_path: Path) -> None:
    """Its jobs get the user's environment, W&B's mode included."""
    (tmp_path / "plain.json").write_text('{"command": ["true"], "experiments": [{"a": 1}]}')
    plan = read_file(str(tmp_path / "plain.json"))
    assert [each.environment for each in with_points(plan, plan.experiments(), tmp_path)] == ["{}"]
