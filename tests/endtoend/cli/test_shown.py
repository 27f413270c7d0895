"""Scripts that were written for another tracker, under `run` and `sweep`: what they show is kept and can be found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

WANDB = """
import scheduler.wandb as wandb
wandb.login()
run = wandb.init(project="p", config={"lr": 5, "epochs": 3})
config = wandb.config
for epoch in range(config.epochs):
    wandb.log({"loss": config.lr / (epoch + 1), "val": {"acc": epoch}})
wandb.log({"seen": wandb.Image([[0.0, 1.0], [1.0, 0.0]], caption="a"), "two": [wandb.Image([[1]])] * 2})
wandb.log({"h": wandb.Histogram([1, 2]), "t": wandb.Table(columns=["a"], data=[[1]])})
wandb.save(__file__)
wandb.summary["final"] = 0.5
"""
FILE = "command: [python, train.py]\nexperiments: [{}]\n"
SWEEP = "program: train.py\nmethod: grid\nmetric: {name: loss, goal: minimize}\nparameters: {lr: {values: [0.3, 0.6]}}\n"
BARE = "command: ['true']\nexperiments: [{}]\n"


def test_what_a_job_shows_is_counted_for_people_and_listed_for_programs(command_line) -> None:
    """Nobody looks into a folder of which nobody tells; each path leads to the thing itself."""
    pytest.importorskip("numpy")
    command_line.write("train.py", WANDB)
    command_line.write("grid.yaml", FILE)
    command_line("run", "grid.yaml", check=True)
    (job,) = json.loads(command_line("show", "last", "--format", "json").stdout)
    assert (job["metrics"]["loss"], job["metrics"]["val.acc"], job["metrics"]["final"]) == (5 / 3, 2, 0.5)
    (attempt,) = job["attempts"]
    shown = attempt["shown"]
    assert [(each["kind"], each["name"], each["step"]) for each in shown] == [
        *[("image", "seen", 3), ("image", "two", 3), ("image", "two", 3), ("histogram", "h", 4), ("table", "t", 4)],
        ("file", "train.py", None),
    ]
    assert Path(shown[0]["path"]).read_bytes().startswith(b"\x89PNG")
    assert Path(shown[-1]["path"]).read_text() == WANDB
    assert Path(shown[3]["path"]).name == "media.jsonl"
    counted = f"it shows    3 images, 1 histogram, 1 table, 1 saved file, in {attempt['directory']}\n"
    assert counted in command_line("show").stdout


def test_a_job_that_shows_nothing_says_nothing_of_it(command_line) -> None:
    """Most jobs only log numbers."""
    command_line.write("grid.yaml", BARE)
    command_line("run", "grid.yaml", check=True)
    assert "it shows" not in command_line("show").stdout
    (job,) = json.loads(command_line("show", "--format", "json").stdout)
    assert job["attempts"][0]["shown"] == []


def test_a_sweep_gives_its_points_to_a_script_of_another_tracker(command_line) -> None:
    """`wandb.config` holds the point of the trial, whatever the script says, and the sweep reads what is logged."""
    pytest.importorskip("numpy")
    command_line.write("train.py", WANDB)
    command_line.write("sweep.yaml", SWEEP)
    found = command_line("sweep", "sweep.yaml", "--format", "json")
    assert found.returncode == 0, found.stderr
    assert sorted(trial["value"] for trial in json.loads(found.stdout)["trials"]) == pytest.approx([0.1, 0.2])
