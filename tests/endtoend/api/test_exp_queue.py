"""`import exp_queue` in a folder where somebody has a scheduler.py of his own."""

from __future__ import annotations

import json

import pytest

from tests.conftest import ROOT, CommandLine
from tests.imports import modules

THEIRS = 'print("theirs is run")\n\ndef cosine():\n    return "theirs"\n'
BEFORE = "import scheduler\nimport exp_queue\n"
AFTER = "import exp_queue\nimport scheduler\n"
USE = """
import sys
assert scheduler.cosine() == "theirs" and sys.modules["scheduler"] is scheduler
jobs = exp_queue.run("grid.yaml", jobs=2)
assert exp_queue.submit("grid.yaml", {"x": 3}, quiet=True).cancel()[0].state == "cancelled"
print([job.state for job in jobs], jobs[0].wait().log(), exp_queue.jobs("failed"))
print(exp_queue.sweep("sweep.yaml", jobs=2, quiet=True).best.point)
import scheduler as again
assert again is scheduler
"""
SWEEP = """
method: random
run_cap: 2
command: [sh, -c, 'echo loss: 1', sh, "${args_no_hyphens}"]
metric: {name: loss}
parameters: {x: {values: [7]}}
early_terminate: {type: hyperband, min_iter: 1}
"""
ALL = """
import importlib, json, sys
import exp_queue
names = json.load(open("names.json"))
print(len([importlib.import_module(name) for name in names]), "scheduler" in sys.modules)
"""


@pytest.mark.parametrize("imports", [BEFORE, AFTER], ids=["theirs first", "ours first"])
def test_beside_a_scheduler_of_the_users_own_both_work(command_line: CommandLine, program, imports: str) -> None:
    """In either order: theirs keeps the name, is run once, and real jobs and a sweep go through ours."""
    command_line.write("scheduler.py", THEIRS)
    command_line.write("sweep.yaml", SWEEP)
    out, err = program(imports + USE).communicate(timeout=200)
    assert out.splitlines() == ["theirs is run", "['done', 'done'] x=1", " no jobs", "{'x': 7}"], err


def test_a_program_may_itself_be_called_scheduler(command_line: CommandLine, program) -> None:
    """`python scheduler.py` has its own folder first on the path."""
    command_line.write("scheduler.py", 'import exp_queue\nprint(len(exp_queue.run("grid.yaml")))\n')
    out, err = program("import runpy; runpy.run_path('scheduler.py', run_name='__main__')").communicate(timeout=200)
    assert out == "2\n", err


def test_no_room_of_ours_looks_for_the_package_in_the_users_folder(command_line: CommandLine, program) -> None:
    """Modules are loaded when they are used: each of them, not only those of a lucky run, must find its way."""
    asking = (
        "scheduler.cli.main",
        "scheduler.actions.doctor",
        "scheduler.mcp_server.serving",
        "scheduler.hosted.agent",
    )  # for the version, on the command line
    names = [name for name in modules(ROOT, "scheduler") if "." in name and name not in asking]
    command_line.write("scheduler.py", 'raise RuntimeError("theirs is run")')
    command_line.write("names.json", json.dumps(names))
    out, err = program(ALL).communicate(timeout=200)
    assert out == f"{len(names)} False\n", err


def test_without_another_it_is_the_package_itself(program) -> None:
    """One face, two names; and what is not used is not loaded."""
    code = """
import sys, exp_queue
print([name for name in sys.modules if name.startswith("scheduler")])
import scheduler
print(exp_queue.run is scheduler.run, exp_queue.__all__ == scheduler.__all__)
"""
    out, err = program(code).communicate(timeout=200)
    assert out == "['scheduler']\nTrue True\n", err


def test_a_package_of_the_users_with_rooms_of_the_same_names_is_refused(command_line: CommandLine, program) -> None:
    """Two modules cannot have one name: told at once, not by an AttributeError in the middle of a run."""
    command_line.write("scheduler/__init__.py", "")
    command_line.write("scheduler/queue.py", "")
    code = "import scheduler.queue\ntry: import exp_queue\nexcept ImportError as error: print(error)"
    out, err = program(code).communicate(timeout=200)
    assert out == "another package has the name scheduler.queue, and a module of exp-queue has it too: rename that package\n", err
