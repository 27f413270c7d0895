"""Both directions of W&B's protocol: its server is `exp-queue serve` of one queue, and another queue computes for it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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
    assert run.config.lr != 0.5
"""
SWEEP = """
program: trial.py
method: grid
metric: {name: loss, goal: minimize}
parameters: {lr: {values: [0.1, 0.5]}}
"""

PROGRAM = """
import exp_queue
sweep = {
    "program": "trial.py",
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.1, 0.2]}},
}
try:
    exp_queue.sweep(sweep, backend="wandb", jobs=1)
except KeyboardInterrupt:
    print("KeyboardInterrupt", [job.state for job in exp_queue.jobs()])
found = exp_queue.sweep(sweep, backend="wandb", jobs=1)
print([(trial.point["lr"], trial.state, len(trial.history)) for trial in found], found.best.number)
"""


def test_a_file_is_read_once_within_the_limits_that_were_given(command_line: CommandLine) -> None:
    """What the server gets is what was checked, and whoever raises a limit means all of the command."""
    command_line.environment |= {"WANDB_BASE_URL": "http://127.0.0.1:9", "WANDB_API_KEY": "a" * 40}
    command_line.write("trial.py", TRIAL)
    deep = f"  shape: {{value: {'[' * 120}1{']' * 120}}}\n"
    command_line.write("deep.yaml", SWEEP.replace("parameters: {lr: {values: [0.1, 0.5]}}\n", f"parameters:\n{deep}"))
    told = command_line("sweep", "deep.yaml", "--backend", "wandb")
    assert "nested deeper than 100 levels" in told.stderr
    told = command_line("sweep", "deep.yaml", "--backend", "wandb", "--max-depth", "200")
    assert "the W&B server at http://127.0.0.1:9 does not answer" in told.stderr


NOBODY = {"WANDB_BASE_URL": "http://127.0.0.1:9", "WANDB_API_KEY": "a" * 40}


def dry(command_line: CommandLine, *more: str) -> subprocess.CompletedProcess[str]:
    return command_line("sweep", "sweep.yaml", "--backend", "wandb", "--dry-run", *more)


def test_a_dry_run_shows_what_trials_would_be_and_says_what_the_server_was_not_asked(command_line: CommandLine) -> None:
    """It said one sentence, nothing as JSON, and looked at nothing but the syntax; the server must not be needed for it."""
    command_line.environment |= NOBODY
    command_line.write("trial.py", TRIAL)
    command_line.write("sweep.yaml", SWEEP)
    told = dry(command_line, "-j3")
    assert told.returncode == 0, told.stderr
    assert "the W&B server at http://127.0.0.1:9 chooses its points and stops its trials, loss to be minimized" in told.stderr
    assert "at most 3 at once, as asked; " in told.stderr
    assert "it would become a new sweep there; the server was not asked" in told.stderr
    assert [line.split()[-1] for line in told.stdout.splitlines()[1:]] == ["--lr=0.1", "--lr=0.5"]
    found = json.loads(dry(command_line, "--format", "json").stdout)
    assert [each["config"] for each in found] == [{"lr": 0.1}, {"lr": 0.5}]
    assert not command_line.home.exists()


WRONG = {
    "without a key": ("", "", "there is no key for the W&B server at http://127.0.0.1:9"),
    "a grid without an end": ("{values: [0.1, 0.5]}", "{min: 0.0, max: 1.0}", 'a grid cannot enumerate "lr"'),
    "nothing to compare by": (
        "metric: {name: loss, goal: minimize}",
        "early_terminate: {type: hyperband, min_iter: 2}",
        "sweep.yaml:4:1: early stopping compares trials by a metric, and this sweep file names none; change the file",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_needs_no_server_to_be_known_is_refused_without_it(command_line: CommandLine, case: str) -> None:
    """Also by the sweep itself: a server takes a file of which it never has a point."""
    before, after, what = WRONG[case]
    command_line.environment |= {**NOBODY, "HOME": str(command_line.directory)}
    if case == "without a key":
        del command_line.environment["WANDB_API_KEY"]
    command_line.write("trial.py", TRIAL)
    command_line.write("sweep.yaml", SWEEP.replace(before, after) if before else SWEEP)
    for told in (dry(command_line), command_line("sweep", "sweep.yaml", "--backend", "wandb")):
        assert (told.returncode, what in told.stderr) == (2, True), told.stderr
        assert "--method" not in told.stderr.splitlines()[0]
        assert "--pruner" not in told.stderr.splitlines()[0]


@dataclass
class Agent(CommandLine):
    """A command line whose W&B server is that of another queue, with a home, a folder of claims and jobs of its own."""

    server: CommandLine = field(kw_only=True)

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
    environment = {**command_line.environment, **found, "HOME": str(tmp_path)}
    line = Agent(command_line.directory, environment, command_line.started, server=server)
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
    foreseen = dry(agent)
    (name,) = re.findall(r"it is (local/uncategorized/\w+) there; the server was not asked", foreseen.stderr)
    by_name = agent("sweep", name, "--dry-run")
    assert "the server has its points" in by_name.stderr
    assert "--lr=0.1" in foreseen.stdout
    assert "trial.py --lr=0." in by_name.stdout
    again = agent("sweep", "sweep.yaml", "--backend", "wandb")
    for told in (foreseen, by_name, again):
        assert "2 trials of it from before" in told.stderr
    assert len(agent.ledger()) == 2


def test_a_sweep_of_wandb_is_joined_by_its_name_and_its_server_stops_trials(agent: Agent) -> None:
    """Registered by W&B's own command; the server's bands speak, the trial here is stopped early, and its metric was read from
    the log of W&B's client while that was online."""
    agent.write("trial.py", TRIAL.replace("while os.path.exists", "while run.config.lr > 1 or os.path.exists"))
    agent.write("sweep.yaml", SWEEP.replace("0.5", "7.0") + "early_terminate: {type: hyperband, min_iter: 2, strict: true}\n")
    made = subprocess.run(
        ["wandb", "sweep", "sweep.yaml"], cwd=agent.directory, env=agent.environment, capture_output=True, text=True
    )
    (name,) = re.findall(r"wandb agent (\S+)", made.stderr + made.stdout)
    agent.environment["WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL"] = "1"  # seconds; of its own accord the client sends every 15
    swept = agent("sweep", name, "-j1")
    assert swept.returncode == 0, swept.stderr
    found = agent.trials()
    assert {lr: each["state"] for lr, each in found.items()} == {0.1: "done", 7.0: "stopped_early"}
    assert len(found[7.0]["history"]) >= 2
    assert "was stopped early: the W&B server has stopped it" in agent("explain", found[7.0]["id"]).stdout
    agent.server("wait", "all")
    assert sorted(job["state"] for job in agent.server.jobs()) == ["done", "stopped_early"]


def test_a_command_that_was_killed_is_joined_again_and_no_run_starts_twice(agent: Agent, until: Callable[..., Any]) -> None:
    """Its trial has gone on meanwhile, at the server too."""
    agent.write("wait", "")
    agent.write("sweep.yaml", SWEEP.replace("0.5", "0.2"))
    first = agent.start("sweep", "sweep.yaml", "--backend", "wandb", "-j1")
    until(agent.ledger)
    first.kill()
    first.wait()
    again = agent.start("sweep", "sweep.yaml", "--backend", "wandb", "-j1")
    until(lambda: agent.states() == ["running"])
    (agent.directory / "wait").unlink()
    told = again.communicate(timeout=100)[1]
    assert again.returncode == 0, told
    assert {lr: each["state"] for lr, each in agent.trials().items()} == {0.1: "done", 0.2: "done"}
    assert len({run for run, _ in agent.ledger()}) == len(agent.ledger()) == 2


def test_a_program_of_python_makes_a_sweep_is_interrupted_and_goes_on(agent: Agent, until: Callable[..., Any]) -> None:
    """As the command does: a Ctrl-C ends the asking, and the trial that runs may end."""
    agent.write("wait", "")
    agent.write("program.py", PROGRAM)
    command, pipes = [sys.executable, "program.py"], {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    program = subprocess.Popen(command, cwd=agent.directory, env=agent.environment, text=True, **pipes)
    agent.started.append(program)
    until(agent.ledger)
    program.send_signal(signal.SIGINT)
    assert any("Ctrl-C: nothing more is started" in line for line in program.stderr)
    (agent.directory / "wait").unlink()
    out, told = program.communicate(timeout=100)
    assert out.splitlines() == ["KeyboardInterrupt ['done']", "[(0.1, 'done', 3), (0.2, 'done', 3)] 0"], told
    assert "1 trial of it from before" in told
    assert len({run for run, _ in agent.ledger()}) == len(agent.ledger()) == 2


def test_the_server_of_this_very_queue_is_refused(agent: Agent) -> None:
    """Its seats hold the GPUs that the trials would wait for."""
    own = CommandLine(agent.directory, {**agent.environment, "EXP_QUEUE_HOME": str(agent.server.home)})
    found = own("sweep", "sweep.yaml", "--backend", "wandb")
    assert found.returncode == 2
    assert "is this queue's own, which claims a GPU for each run already" in found.stderr
