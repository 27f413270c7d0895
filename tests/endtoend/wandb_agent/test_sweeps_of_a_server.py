"""Both directions of W&B's protocol: its server is `exp-queue serve` of one queue, and another queue computes for it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CommandLine

pytest.importorskip("wandb", reason="the trials log with it")

TRIAL = """
import os, sys, time, wandb
open("ledger", "a").write(os.environ["WANDB_RUN_ID"] + " " + " ".join(sys.argv[1:]) + "\\n")
with wandb.init() as run:
    assert run.id == os.environ["WANDB_RUN_ID"]
    for epoch in range(3):
        run.log({"loss": run.config.lr + 1 / (epoch + 1)})
    while os.path.exists("wait"):
        time.sleep(0.05)
        run.log({"loss": run.config.lr})
    assert run.config.lr != 0.5
"""
SWEEP = """
program: trial.py
method: grid
metric: {name: loss, goal: minimize}
parameters: {lr: {values: [0.1, 0.5]}}
"""
KILLED = -signal.SIGKILL


class Agent(CommandLine):
    """A command line whose W&B server is that of another queue, with a home, a folder of claims and jobs of its own."""

    server: CommandLine

    def ledger(self) -> list[list[str]]:
        """Run and arguments of every trial that has begun, in order."""
        path = self.directory / "ledger"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def trials(self) -> dict[float, Any]:
        """What `trials` says of the newest sweep, by the learning rate."""
        found = json.loads(self("trials", "--format", "json").stdout)
        return {each["point"]["lr"]: each for each in found["trials"]}


@pytest.fixture
def agent(command_line: CommandLine, tmp_path: Path) -> Iterator[Agent]:
    (tmp_path / "elsewhere").mkdir()
    apart = {"EXP_QUEUE_HOME": str(tmp_path / "server"), "EXP_QUEUE_LOCK_DIR": str(tmp_path / "claims"), "HOME": str(tmp_path)}
    server = CommandLine(tmp_path / "elsewhere", {**command_line.environment, **apart})
    told = json.loads(server.start("serve", "--format", "json").stdout.readline())
    found = {name: value for name, value in told.items() if name.startswith("WANDB_")}
    line = Agent(command_line.directory, {**command_line.environment, **found, "HOME": str(tmp_path)}, command_line.started)
    line.server = server
    line.write("trial.py", TRIAL)
    line.write("sweep.yaml", SWEEP)
    yield line
    line("cancel", "queued", "starting", "running", "stopping")
    server("cancel", "queued", "starting", "running", "stopping", "--grace", "1s")
    for process in server.started:
        process.kill()
        process.communicate()


def test_a_file_becomes_a_sweep_of_the_server_and_its_runs_are_trials_here(agent: Agent) -> None:
    """Its points are the server's, its runs are seen there, and here everything is as for any sweep; once it is over, the same
    command finds nothing to do."""
    swept = agent("sweep", "sweep.yaml", "--backend", "wandb", "-j2")
    assert "the sweep is local/uncategorized/" in swept.stderr
    assert "no new trials: the server has no more for us" in swept.stderr
    assert swept.returncode == 1, swept.stderr  # one trial has failed
    found = agent.trials()
    assert {lr: (each["state"], len(each["history"])) for lr, each in found.items()} == {0.1: ("done", 3), 0.5: ("failed", 3)}
    agent.server("wait", "all")
    theirs = {job["config"]["lr"]: (job["state"], job["metrics"]["loss"]) for job in agent.server.jobs()}
    assert theirs == {0.1: ("done", pytest.approx(0.1 + 1 / 3)), 0.5: ("failed", pytest.approx(0.5 + 1 / 3))}
    again = agent("sweep", "sweep.yaml", "--backend", "wandb")
    assert "2 trials of it from before" in again.stderr
    assert len(agent.ledger()) == 2
