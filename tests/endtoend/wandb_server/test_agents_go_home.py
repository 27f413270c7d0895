"""The real agents of W&B, of which a person sends one home while the others go on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.endtoend.wandb_server.test_real_client import Script, script

pytest.importorskip("wandb", reason="the client is the other side")

__all__ = ["script"]
TRIAL = """
import os, time, wandb
with wandb.init() as run:
    run.log({"loss": run.config.lr})
    while not os.path.exists(f"go-{run.config.lr}"):
        time.sleep(0.05)
"""
FUNCTION = """
import sys, wandb
def train():
    exec(open("trial.py").read())
wandb.agent(sys.argv[1], train)
"""
SWEEP = """
program: trial.py
method: grid
metric: {name: loss, goal: minimize}
parameters: {lr: {values: [0.1, 0.2, 0.3]}}
"""


def begun(script: Script, *words: str) -> subprocess.Popen[str]:
    place = script.command_line.directory
    found = subprocess.Popen(words, cwd=place, env=script.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    script.command_line.started.append(found)
    return found


def test_one_agent_is_sent_home_and_then_the_other(script: Script, until: Callable[..., Any]) -> None:
    """A function in a program, and `wandb agent`: both may end their runs. The last point waits for somebody else."""
    line = script.command_line
    line.write("trial.py", TRIAL)
    line.write("function.py", FUNCTION)
    line.write("sweep.yaml", SWEEP)
    made = script("wandb", "sweep", "sweep.yaml")
    (sweep,) = re.findall(r"wandb agent (\S+)", made.stderr + made.stdout)

    def seen() -> dict[float, tuple[str, str | None]]:
        """Of each trial its state and the agent that has it, by the point."""
        found = json.loads(line("trials", "--format", "json").stdout or "{}")
        holders = {job: each["name"] for each in found.get("agents", ()) for job in each["jobs"]}
        return {each["point"]["lr"]: (each["state"], holders.get(each["id"][:8])) for each in found.get("trials", ())}

    def holder(lr: float) -> str:
        return until(lambda: (found := seen().get(lr)) and found[0] == "running" and found[1])

    function = begun(script, sys.executable, "function.py", sweep)
    first = holder(0.1)
    command = begun(script, "wandb", "agent", sweep)
    second = holder(0.2)
    told = line("cancel", first).stderr
    assert re.search(rf"{first} goes home when job \w+ is over", told), told
    assert f"{first} on " in (shown := line("trials").stderr), shown
    assert re.search(rf"{first} on \S+ goes home after trial 0; {second} on \S+ computes trial 1", shown), shown
    line.write("go-0.1", "")
    assert function.wait(timeout=100) == 0
    line("cancel", second)
    line.write("go-0.2", "")
    assert command.wait(timeout=100) == 0
    assert {lr: state for lr, (state, _) in seen().items() if lr < 0.3} == {0.1: "done", 0.2: "done"}
    nobody = line("cancel", second)
    assert (nobody.returncode, "no agent is called" in nobody.stderr) == (2, True)
