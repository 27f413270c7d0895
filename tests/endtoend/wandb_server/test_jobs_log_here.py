"""`--trackers wandb-local`: jobs whose scripts call W&B's client log at the server of this machine, with the real client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("wandb", reason="the client is the other side")

TRAIN = """
import sys, wandb
for number in range(2):
    with wandb.init(entity="somebody", project="demo", name=f"run {number}", config={"epochs": 3}) as run:
        assert not run.offline
        run.log({"loss": 0.5 - number / 4, "shown": wandb.Histogram([1, 2, 3])})
"""
OFFLINE = """
import wandb
with wandb.init(mode="offline", project="demo") as run:
    run.log({"loss": 0.125})
"""
RESUMED = """
import os, wandb
with wandb.init(project="demo", id="mine", resume="allow") as run:
    run.log({"loss": 0.5 if run.resumed else 1.0})
assert os.environ["EXP_QUEUE_ATTEMPT"] == "2"
"""
WAITS = """
import pathlib, time, wandb
with wandb.init(project="demo") as run:
    run.log({"loss": 1.0})
    run.log({"loss": 0.75})
    pathlib.Path("begun").touch()
    while not pathlib.Path("go").exists():
        time.sleep(0.05)
    run.log({"loss": 0.5})
"""
TRIAL = """
import time, wandb
with wandb.init() as run:
    assert not run.offline
    row = 0
    while row < 4 or run.config.lr > 0.5:
        run.log({"loss": run.config.lr})
        row += 1
        time.sleep(0.05)
"""
SWEEP = """
program: trial.py
method: grid
metric: {name: loss, goal: minimize}
parameters: {lr: {values: [0.1, 0.9]}}
early_terminate: {type: hyperband, max_iter: 9, s: 1, strict: true}
"""
READ = """
import json, sys, wandb
api = wandb.Api()
runs = api.runs(sys.argv[1])
print(json.dumps([sorted(run.state for run in runs), [run.config.get("epochs") for run in runs]]))
"""


@pytest.fixture
def line(command_line: Any, tmp_path: Path) -> Iterator[Any]:
    command_line.environment |= {"HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    yield command_line
    end_server(command_line)


def end_server(line: Any) -> None:
    path = line.home / "wandb" / "server.json"
    if path.exists():
        os.kill(json.loads(path.read_text())["pid"], 9)


def read(line: Any, project: str) -> Any:
    found = json.loads(line("serve", "--env", "--format", "json").stdout)
    words, environment = [sys.executable, "-c", READ, project], {**line.environment, **found}
    ended = subprocess.run(words, cwd=line.directory, env=environment, capture_output=True, text=True, timeout=100)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def test_what_scripts_log_is_of_their_jobs_whatever_they_call_their_runs(line: Any) -> None:
    """At once: one begins two runs, in a project of its own, one wants to be offline, one logs nothing."""
    for name, text in (("train.py", TRAIN), ("offline.py", OFFLINE), ("silent.py", "print('nothing')")):
        line.write(name, text)
    line.write("jobs.txt", "python train.py\npython offline.py\npython silent.py\n")
    ran = line("run", "--commands", "jobs.txt", "--trackers", "wandb-local", "-j3")
    assert ran.returncode == 0, ran.stderr
    train, offline, silent = line.jobs()
    assert (train["metrics"]["loss"], offline["metrics"]["loss"], silent["metrics"]) == (0.25, 0.125, {})
    assert "2 histograms" in line("show", train["id"]).stdout
    assert read(line, "somebody/demo") == [["finished", "finished"], [3, 3]]


def test_a_retry_goes_on_with_the_run_of_the_attempt_before(line: Any) -> None:
    """`resume="allow"`: one run for W&B, and each attempt has its own rows."""
    line.write("train.py", RESUMED)
    line.write("jobs.txt", "python train.py\n")
    assert line("run", "--commands", "jobs.txt", "--trackers", "wandb-local").returncode == 1
    (job,) = line.jobs()
    assert (job["state"], job["metrics"]["loss"]) == ("failed", 1.0)
    assert line("retry", "failed").returncode == 0
    (job,) = line.jobs()
    assert (job["state"], job["attempt"], job["metrics"]["loss"]) == ("done", 2, 0.5)


def test_a_server_that_is_killed_amid_a_job_is_followed_by_another(line: Any, until: Any) -> None:
    """The client sends what was not answered; else the job would wait for a server at its end, with its GPU."""
    line.write("train.py", WAITS)
    line.write("jobs.txt", "python train.py\n")
    running = line.start("run", "--commands", "jobs.txt", "--trackers", "wandb-local")
    until(lambda: (line.directory / "begun").exists())
    end_server(line)
    line.write("go", "")
    assert running.wait(100) == 0
    (job,) = line.jobs()
    assert job["metrics"]["loss"] == 0.5
    until(lambda: read(line, "local/demo")[0] == ["finished"])  # the server that followed hears of the job's end after us


def test_a_trial_that_logs_here_is_stopped_early_by_its_rows(line: Any) -> None:
    """They are read where they are written, as those of an offline run; a trial that falls behind would go on for ever."""
    line.write("trial.py", TRIAL)
    line.write("sweep.yaml", SWEEP)
    ran = line("sweep", "--trackers", "wandb-local", "-j1")
    assert ran.returncode == 0, ran.stderr
    trials = json.loads(line("trials", "--format", "json").stdout)["trials"]
    assert {trial["point"]["lr"]: trial["state"] for trial in trials} == {0.1: "done", 0.9: "stopped_early"}
    assert len(line.jobs()) == 2


def test_a_command_on_a_claim_is_a_run_of_its_own(line: Any) -> None:
    """`exec` makes no job, and what its command logs is not lost."""
    line.write("train.py", OFFLINE.replace('mode="offline", ', ""))
    ran = line("exec", "--trackers", "wandb-local", "--", "python", "train.py")
    assert ran.returncode == 0, ran.stderr
    line("wait", "all")
    (job,) = line.jobs()
    assert (job["state"], job["metrics"]["loss"]) == ("done", 0.125)
    os.kill(json.loads((line.home / "wandb" / "server.json").read_text())["pid"], 0)  # it is nothing that the command left behind
    assert line("exec", "--trackers", "wandb-lokal", "--", "true").returncode == 125
