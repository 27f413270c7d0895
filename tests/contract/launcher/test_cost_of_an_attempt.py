"""What a launcher asks the kernel for one short attempt, call by call: a creep that no clock shows on a busy machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.forked import ROOT

# Runs two attempts in a process of its own, and counts what the second asks for. What waits for its end is left out.
CODE = """
import collections, json, os, sys, time
from scheduler.launcher.execution import Execution
from scheduler.launcher.journal import Journal
from scheduler.launcher.spawning import Order

home, program = sys.argv[1:]
calls = collections.Counter()
journal = Journal(os.open(home + "/journal", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))


def note(frame, event, function):
    if event == "c_call" and function.__module__ in ("posix", "fcntl"):
        calls[function.__name__] += 1


def run(number):
    place = f"{home}/attempts/{number}/1"
    order = Order(f"{number}/1", [program], home, place, {"A": "a", "B": None}, log_cap=1 << 28, copy_cap=1 << 30, system=5.0)
    execution = Execution(order, [], journal)
    execution.start()
    while not execution.gone:
        execution.reap()
        execution.tick(time.monotonic())
    assert execution.end["state"] == "done", execution.end


run(1)
sys.setprofile(note)
run(2)
sys.setprofile(None)
print(json.dumps(calls))
"""
# Its line before and after; the folders, the log and the lock; the start from its working directory; a look for links to copy and
# at the size of the log; what was reaped before it, for its own use of the CPU.
ALLOWED = {
    "write": 2,
    "mkdir": 2,
    "open": 2,
    "flock": 1,
    "set_inheritable": 1,
    "chdir": 2,
    "posix_spawn": 1,
    "close": 2,
    "scandir": 1,
    "stat": 1,
    "times": 1,
}
NOT_OF_THE_KERNEL = {"waitid", "waitpid", "fspath", "getpid"}  # or of the wait, which takes as many turns as it takes


def test_a_short_attempt_costs_its_launcher_no_more_calls_than_its_promises_need(tmp_path: Path) -> None:
    """Ten looks at folders on the way to the attempt's own came in, one good reason after another, and nobody saw it."""
    program = shutil.which("true") or "/bin/true"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    found = subprocess.run([sys.executable, "-c", CODE, str(tmp_path), program], env=environment, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    calls = {name: count for name, count in json.loads(found.stdout).items() if name not in NOT_OF_THE_KERNEL}
    assert {name: count for name, count in calls.items() if count > ALLOWED.get(name, 0)} == {}
