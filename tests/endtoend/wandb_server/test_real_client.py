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

from tests.conftest import CommandLine
from tests.contract.wandb_server.agents import make_sweep
from tests.contract.wandb_server.conftest import Client

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
made = wandb.Artifact("net", type="model", metadata={"depth": 3})
made.add_file("saved.txt")
run.log_artifact(made)
if not run.offline:
    made.wait(60)
    assert (made.name, made.metadata, made.aliases, made.size) == ("net:v0", {"depth": 3}, ["latest"], 4)
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
KEPT_WAITING = TRIAL.replace(
    "    assert",
    """
    pathlib.Path("lives").touch()
    while not pathlib.Path("go").exists():
        time.sleep(0.05)
    assert""",
).replace("import", "import pathlib, time,")
LONG = """
import os, pathlib, time, wandb
with wandb.init() as run:
    pathlib.Path("lives").write_text(str(os.getpid()))
    while True:
        time.sleep(0.05)
"""
FUNCTION = """
import wandb
from wandb.agents import pyagent
pyagent.Agent.HEARTBEAT_SLEEP_SECONDS = 0.5
def train():
    with wandb.init() as run:
        run.log({"loss": run.config.lr})
space = {"method": "grid", "metric": {"name": "loss", "goal": "minimize"}, "parameters": {"lr": {"values": [0.1, 0.2]}}}
wandb.agent(wandb.sweep(space, project="demo"), train)
"""
# `wandb agent`, which of its own accord looks every five seconds whether there is anything to do.
AGENT = """
from wandb import wandb_agent
from wandb.cli.cli import cli
wandb_agent.Agent.POLL_INTERVAL = 0.5
cli()
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

    def begin(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(words, cwd=self.command_line.directory, env=self.environment, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def script(command_line: Any, tmp_path: Path) -> Iterator[Script]:
    server = command_line.start("serve", "--format", "json")
    told = json.loads(server.stdout.readline())
    found = {name: value for name, value in told.items() if name.startswith("WANDB_")}
    yield Script(command_line, {**found, "HOME": str(tmp_path), "WANDB_SILENT": "false"})
    server.kill()
    server.wait()


def test_a_run_is_seen_like_every_job_and_read_with_the_client(script: Script) -> None:
    """One variable, and what was logged online stands in `status`; the notebook that makes a figure from W&B's rows makes it
    from ours."""
    script.command_line.write("train.py", TRAIN)
    script.command_line.write("read.py", READ)
    ran = script(sys.executable, "train.py")
    assert ran.returncode == 0, ran.stderr
    script.command_line("wait", "all")
    job = is_told_whole(script.command_line)
    assert "saved file" in script.command_line("show", job).stdout
    read = script(sys.executable, "read.py")
    assert read.returncode == 0, read.stderr
    rows, text, config, best, refused = json.loads(read.stdout.splitlines()[-1])
    assert (rows, text, config, best) == ([[1, 0.5, 1 / 3]] * 4, "kept", {"epochs": 3}, 0.25)
    assert 'no field "wonder"' in refused


def is_told_whole(line: Any) -> str:
    """The id of the one job that there is, which TRAIN was."""
    (job,) = line.jobs()
    assert (job["state"], job["attempt"], job["group"], job["config"]) == ("done", 1, "first", {"epochs": 3})
    assert job["tags"] == ["baseline"]
    assert (job["metrics"]["best"], round(job["metrics"]["loss"], 3)) == (0.25, 0.333)
    assert "1 histogram" in line("show", job["id"]).stdout
    assert line("logs", job["id"]).stdout.count("hello from the run") == 1
    return str(job["id"])


def test_a_run_that_was_logged_offline_is_sent_or_imported_and_doing_it_twice_changes_nothing(
    script: Script, tmp_path: Path
) -> None:
    """`wandb sync`, of a folder from another machine; and without a server, what a cluster without a network has left."""
    script.command_line.write("train.py", TRAIN)
    script.environment["WANDB_MODE"] = "offline"
    ran = script(sys.executable, "train.py")
    assert ran.returncode == 0, ran.stderr
    line = CommandLine(
        script.command_line.directory, {**script.command_line.environment, "EXP_QUEUE_HOME": str(tmp_path / "other")}
    )
    for became in ("imported", "there already"):
        told = json.loads(line("import", "wandb", "wandb", "--format", "json").stdout)
        assert [(each["became"], each["notes"]) for each in told] == [(became, [])]
    assert "0.3333" in line("compare", is_told_whole(line)).stdout
    (folder,) = (str(path) for path in script.command_line.directory.glob("wandb/offline-run-*"))
    for _ in range(2):
        sent = script("wandb", "sync", "--include-synced", folder)
        assert sent.returncode == 0, sent.stderr
        script.command_line("wait", "all")
    is_told_whole(script.command_line)


def test_a_sweep_is_computed_by_the_agent_of_the_command_line_although_its_server_was_killed(script: Script, until: Any) -> None:
    """Its points are ours, its agent goes when the sweep is over, and a trial that failed has failed. Agent and client ask again
    until the next server is there, and send it what the last one has not answered. Asked again, the trial is another agent's."""
    line = script.command_line
    line.write("trial.py", KEPT_WAITING)
    line.write("sweep.yaml", SWEEP)
    made = script("wandb", "sweep", "sweep.yaml")
    (name,) = re.findall(r"wandb agent (\S+)", made.stderr + made.stdout)
    agent = script.begin(sys.executable, "-c", AGENT, "agent", name)
    until(lambda: (line.directory / "lives").exists())
    line.started[-1].kill()
    line.started[-1].wait()
    line.write("go", "")
    line.start("serve")
    said = agent.communicate(timeout=300)[1]
    assert agent.returncode == 0, said
    trials = json.loads(line("trials", "--format", "json").stdout)
    found = {trial["point"]["lr"]: (trial["state"], len(trial["history"])) for trial in trials["trials"]}
    assert found == {0.1: ("done", 3), 0.5: ("failed", 3)}
    read = script(sys.executable, "-c", BEST, name)
    assert read.stdout.splitlines()[-1] == "FINISHED 2 {'lr': 0.1}", read.stderr
    failed = next(trial["id"] for trial in trials["trials"] if trial["point"]["lr"] == 0.5)
    line.write("trial.py", TRIAL.replace("assert run.config.lr != 0.5", "pass"))
    again = line("retry", failed)
    assert (again.returncode, "is offered to the next agent" in again.stderr) == (0, True), again.stderr
    assert script(sys.executable, "-c", AGENT, "agent", name).returncode == 0
    (job,) = [each for each in line.jobs() if each["id"] == failed]
    assert (job["state"], job["metrics"]["loss"]) == ("done", pytest.approx(0.5 + 1 / 3))


def test_a_training_ends_with_its_agent(script: Script, until: Any) -> None:
    """W&B's own leaves it behind on the GPU when it gets a SIGTERM, as a container does that is stopped."""
    line = script.command_line
    line.write("trial.py", LONG)
    script.environment["WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL"] = "1"  # seconds; else the last words of the run come after 15
    address = json.loads((line.home / "wandb" / "server.json").read_text())
    sweep = make_sweep(Client(int(address["url"].rpartition(":")[2]), address["key"]), SWEEP.replace("0.1, ", ""))
    agent = script.begin(sys.executable, "-c", AGENT, "agent", f"me/proj/{sweep}")
    pid = int(until(lambda: (line.directory / "lives").exists() and (line.directory / "lives").read_text()))
    agent.terminate()
    agent.wait(60)  # what it leaves behind would hold its standard error open
    until(lambda: not Path(f"/proc/{pid}").exists())
    line("wait", "1")
    assert line.states() == ["failed"]


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
