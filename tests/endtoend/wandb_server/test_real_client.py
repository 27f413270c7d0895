"""Scripts for W&B, unmodified, with the real client and its real agents, without an account and without a network."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("wandb", reason="the client is the other side")

TRAIN = """
import os, time, wandb
run = wandb.init(project="demo", config={"epochs": 3}, notes="a note", tags=["baseline"], group="first")
print("hello from the run")
for epoch in range(3):
    run.log({"loss": 1 / (epoch + 1), "epoch": epoch})
run.log({"shown": wandb.Histogram([1, 2, 3])})
run.summary["best"] = 0.25
open("saved.txt", "w").write("kept")
run.save("saved.txt")
run.finish()
"""
TRIAL = """
import wandb
with wandb.init() as run:
    for epoch in range(3):
        run.log({"loss": run.config.lr + 1 / (epoch + 1)})
    assert run.config.lr != 0.5
"""
SWEEP = """
program: trial.py
method: grid
metric: {name: loss, goal: minimize}
parameters: {lr: {values: [0.1, 0.5]}}
"""
READ = """
import json, sys, wandb
api = wandb.Api()
(run,) = api.runs("local/demo", filters={"config.epochs": {"$gte": 3}, "state": "finished"}, order="-summary_metrics.loss")
rows = [run.history(pandas=False), run.history(keys=["loss"], pandas=False)]
rows += [list(run.scan_history()), list(run.scan_history(["loss"]))]
losses = [[row["loss"] for row in each if row.get("loss")] for each in rows]
text = run.file("saved.txt").download(root="read").read()
again = api.run(f"local/demo/{run.id}")
try:
    refused = len(api.runs("local/demo", filters={"wonder": 1}))
except Exception as error:
    refused = str(error)
print(json.dumps([losses, text, again.config, again.summary["best"], refused]))
"""
LONG = """
import os, pathlib, time, wandb
with wandb.init() as run:
    pathlib.Path("lives").write_text(str(os.getpid()))
    while run.config.lr == 0.1:
        time.sleep(0.05)
"""
FUNCTION = """
import wandb
def train():
    with wandb.init() as run:
        run.log({"loss": run.config.lr})
space = {"method": "grid", "metric": {"name": "loss", "goal": "minimize"}, "parameters": {"lr": {"values": [0.1, 0.2]}}}
wandb.agent(wandb.sweep(space, project="demo"), train)
"""

BEST = """
import sys, wandb
sweep = wandb.Api().sweep(sys.argv[1])
print(sweep.state, len(sweep.runs), sweep.best_run().config)
"""


class Script:
    """Commands with a server beside them."""

    def __init__(self, command_line: Any, environment: dict[str, str]) -> None:
        self.command_line, self.environment = command_line, {**command_line.environment, **environment}

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        place = self.command_line.directory
        return subprocess.run(words, cwd=place, env=self.environment, capture_output=True, text=True, timeout=300)


@pytest.fixture
def script(command_line: Any, tmp_path: Path) -> Iterator[Script]:
    server = command_line.start("serve", "--format", "json")
    told = json.loads(server.stdout.readline())
    found = {name: value for name, value in told.items() if name.startswith("WANDB_")}
    yield Script(command_line, {**found, "HOME": str(tmp_path), "WANDB_SILENT": "false"})
    server.kill()
    server.wait()


def test_a_run_is_seen_like_every_job(script: Script) -> None:
    """One variable, and what was logged online stands in `status`."""
    script.command_line.write("train.py", TRAIN)
    ran = script(sys.executable, "train.py")
    assert ran.returncode == 0, ran.stderr
    script.command_line("wait", "all")
    (job,) = script.command_line.jobs()
    assert (job["state"], job["group"], job["config"], job["tags"]) == ("done", "first", {"epochs": 3}, ["baseline"])
    assert (job["metrics"]["best"], round(job["metrics"]["loss"], 3)) == (0.25, 0.333)
    shown = script.command_line("show", job["id"]).stdout
    assert "1 histogram" in shown
    assert "saved file" in shown
    assert "hello from the run" in script.command_line("logs", job["id"]).stdout


def test_what_was_logged_is_read_with_the_client(script: Script) -> None:
    """The notebook that makes a figure from W&B's rows makes it from ours."""
    script.command_line.write("train.py", TRAIN)
    script.command_line.write("read.py", READ)
    assert script(sys.executable, "train.py").returncode == 0
    read = script(sys.executable, "read.py")
    assert read.returncode == 0, read.stderr
    rows, text, config, best, refused = json.loads(read.stdout.splitlines()[-1])
    assert (rows, text, config, best) == ([[1, 0.5, 1 / 3]] * 4, "kept", {"epochs": 3}, 0.25)
    assert 'no field "wonder"' in refused


def test_a_run_that_was_logged_offline_is_sent_and_sending_it_twice_changes_nothing(script: Script) -> None:
    """`wandb sync`, of a folder from another machine."""
    script.command_line.write("train.py", TRAIN)
    script.environment["WANDB_MODE"] = "offline"
    assert script(sys.executable, "train.py").returncode == 0
    (folder,) = (str(path) for path in script.command_line.directory.glob("wandb/offline-run-*"))
    for _ in range(2):
        sent = script("wandb", "sync", "--include-synced", folder)
        assert sent.returncode == 0, sent.stderr
        script.command_line("wait", "all")
    (job,) = script.command_line.jobs()
    assert (job["state"], job["attempt"], job["group"], job["config"]) == ("done", 1, "first", {"epochs": 3})
    assert (job["metrics"]["best"], round(job["metrics"]["loss"], 3)) == (0.25, 0.333)
    assert script.command_line("logs", job["id"]).stdout.count("hello from the run") == 1


def test_a_run_that_was_logged_offline_is_imported_without_a_server(command_line: Any) -> None:
    """What a cluster without a network has left, with all that it shows."""
    command_line.write("train.py", TRAIN)
    environment = {**command_line.environment, "WANDB_MODE": "offline"}
    ran = subprocess.run(
        [sys.executable, "train.py"], cwd=command_line.directory, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    for became in ("imported", "there already"):
        told = json.loads(command_line("import", "wandb", "wandb", "--format", "json").stdout)
        assert [(each["became"], each["notes"]) for each in told] == [(became, [])]
    (job,) = command_line.jobs()
    assert (job["state"], job["group"], job["config"], job["tags"]) == ("done", "first", {"epochs": 3}, ["baseline"])
    assert (job["metrics"]["best"], round(job["metrics"]["loss"], 3)) == (0.25, 0.333)
    assert "1 histogram" in command_line("show", job["id"]).stdout
    assert "hello from the run" in command_line("logs", job["id"]).stdout
    assert "0.3333" in command_line("compare", job["id"]).stdout


def test_a_sweep_is_computed_by_the_agent_of_the_command_line(script: Script) -> None:
    """Its points are ours, its agent goes when the sweep is over, and a trial that failed has failed, until it is asked again and
    another agent has computed it."""
    script.command_line.write("trial.py", TRIAL)
    script.command_line.write("sweep.yaml", SWEEP)
    made = script("wandb", "sweep", "sweep.yaml")
    (name,) = re.findall(r"wandb agent (\S+)", made.stderr + made.stdout)
    agent = script("wandb", "agent", name)
    assert agent.returncode == 0, agent.stderr
    trials = json.loads(script.command_line("trials", "--format", "json").stdout)
    found = {trial["point"]["lr"]: (trial["state"], len(trial["history"])) for trial in trials["trials"]}
    assert found == {0.1: ("done", 3), 0.5: ("failed", 3)}
    read = script(sys.executable, "-c", BEST, name)
    assert read.stdout.splitlines()[-1] == "FINISHED 2 {'lr': 0.1}", read.stderr
    failed = next(trial["id"] for trial in trials["trials"] if trial["point"]["lr"] == 0.5)
    script.command_line.write("trial.py", TRIAL.replace("assert run.config.lr != 0.5", "pass"))
    again = script.command_line("retry", failed)
    assert (again.returncode, "is offered to the next agent" in again.stderr) == (0, True), again.stderr
    assert script("wandb", "agent", name).returncode == 0
    (job,) = [each for each in script.command_line.jobs() if each["id"] == failed]
    assert (job["state"], job["metrics"]["loss"]) == ("done", pytest.approx(0.5 + 1 / 3))


def test_a_training_ends_with_its_agent(script: Script, until: Any) -> None:
    """W&B's own leaves it behind on the GPU when it gets a SIGTERM, as a container does that is stopped."""
    line = script.command_line
    line.write("trial.py", LONG)
    line.write("sweep.yaml", SWEEP)
    made = script("wandb", "sweep", "sweep.yaml")
    (name,) = re.findall(r"wandb agent (\S+)", made.stderr + made.stdout)
    agent = subprocess.Popen(["wandb", "agent", name], cwd=line.directory, env=script.environment, stderr=subprocess.DEVNULL)
    pid = int(until(lambda: (line.directory / "lives").exists() and (line.directory / "lives").read_text()))
    agent.terminate()
    agent.wait(60)
    until(lambda: not Path(f"/proc/{pid}").exists())
    until(lambda: {job["config"]["lr"]: job["state"] for job in line.jobs()}[0.1] == "failed")


def test_a_sweep_goes_on_where_its_server_was_killed(script: Script, until: Any) -> None:
    """The agent and the client ask again until the next one is there, and send it what the last one has not answered."""
    line = script.command_line
    line.write(
        "trial.py",
        TRIAL.replace("    assert", "        pathlib.Path('lives').touch()\n    assert").replace("import", "import pathlib,"),
    )
    line.write("sweep.yaml", SWEEP.replace("0.5", "0.2"))
    made = script("wandb", "sweep", "sweep.yaml")
    (name,) = re.findall(r"wandb agent (\S+)", made.stderr + made.stdout)
    agent = subprocess.Popen(["wandb", "agent", name], cwd=line.directory, env=script.environment, stderr=subprocess.DEVNULL)
    until(lambda: (line.directory / "lives").exists())
    line.started[-1].kill()
    line.started[-1].wait()
    line.start("serve")
    assert agent.wait(100) == 0
    trials = json.loads(line("trials", "--format", "json").stdout)["trials"]
    assert {trial["point"]["lr"]: (trial["state"], len(trial["history"])) for trial in trials} == {
        0.1: ("done", 3),
        0.2: ("done", 3),
    }


def test_two_shells_at_the_same_moment_find_one_server(command_line: Any) -> None:
    """Both start one, and one of these finds that it is there already."""
    shells = [command_line.start("serve", "--env", "--format", "json") for _ in range(2)]
    first, second = (json.loads(each.communicate(timeout=60)[0]) for each in shells)
    os.kill(json.loads((command_line.home / "wandb" / "server.json").read_text())["pid"], 9)
    assert first == second


def test_a_sweep_is_computed_by_a_function(script: Script) -> None:
    """As in a notebook."""
    script.command_line.write("function.py", FUNCTION)
    ran = script(sys.executable, "function.py")
    assert ran.returncode == 0, ran.stderr
    assert sorted((job["state"], job["config"]["lr"]) for job in script.command_line.jobs()) == [("done", 0.1), ("done", 0.2)]


def test_the_lines_for_a_shell_start_a_server_that_stays(command_line: Any, tmp_path: Path) -> None:
    """`eval $(exp-queue serve --env)`, twice: the same server."""
    first, second = (json.loads(command_line("serve", "--env", "--format", "json").stdout) for _ in range(2))
    assert first == second
    there = json.loads((command_line.home / "wandb" / "server.json").read_text())
    os.kill(there["pid"], 9)
    assert "export WANDB_BASE_URL=http://127.0.0.1:" in command_line("serve", "--env").stdout
    os.kill(json.loads((command_line.home / "wandb" / "server.json").read_text())["pid"], 9)
