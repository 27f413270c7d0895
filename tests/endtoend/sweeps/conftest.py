"""A small program with a known result for every point, as the workload of sweeps."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import CommandLine

# Logs loss = lr + 1/step, one row per line of output. With `wait` it waits before each row for a file of that name. With an
# lr above `stays_above` it never ends by itself: after its fourth row it waits to be stopped, however long that takes.
TRAIN = """
import os, sys, time
given = dict(word[2:].split("=", 1) for word in sys.argv[1:])
lr = float(given["lr"])
with open("ledger", "a") as ledger:
    ledger.write(" ".join(sys.argv[1:]) + "\\n")
for step in range(1, int(given.get("rows", 4)) + 1):
    while given.get("wait") and not os.path.exists(given["wait"]):
        time.sleep(0.01)
    print(f"step {step} loss: {lr + 1 / step:.6f}", flush=True)
    time.sleep(float(given.get("pause", 0)))
    while step == 4 and lr > float(given.get("stays_above", 9)):
        time.sleep(1)
if lr > float(given.get("fails_above", 9)):
    sys.exit("too large a step")
"""

FILE = """
program: train.py
command: [python, "${program}", "${args}"]
method: random
metric: {name: loss, goal: minimize}
parameters:
  lr: {min: 0.0, max: 1.0}
"""


class Sweeps(CommandLine):
    """The command line, with a training script and a sweep file at hand."""

    def file(self, text: str = "", **changes: str) -> None:
        """Write sweep.yaml: FILE with more lines after it, and texts in it replaced."""
        found = FILE
        for old, new in changes.items():
            found = found.replace(old, new)
        self.write("train.py", TRAIN)
        self.write("sweep.yaml", found + text)

    def sweep(self, *arguments: str, status: int | None = 0) -> dict[str, Any]:
        """What `sweep --format json` prints."""
        result = self("sweep", "--format", "json", *arguments)
        assert status is None or result.returncode == status, result.stderr
        return json.loads(result.stdout)

    def ledger(self) -> list[str]:
        """The arguments of every training that has begun, in order."""
        path = self.directory / "ledger"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def sweeps(command_line) -> Sweeps:
    line = Sweeps(command_line.directory, command_line.environment, command_line.started)
    line.file()
    return line
