"""A seat to which no agent has come was no attempt at its trial."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scheduler.experiments import Experiment, Policy, Resources
from scheduler.home import Home
from scheduler.queue.job import SEAT
from scheduler.queue.mine import Mine
from scheduler.queue.states import UNTAKEN, State
from scheduler.queue.store import Store
from scheduler.runner.devices import Devices
from scheduler.runner.notices import Ended, Notice
from scheduler.runner.runner import Runner
from scheduler.runner.sources import QueueAlone

PROGRAM = """
import pathlib, sys
lives = pathlib.Path(sys.argv[1])
lives.open("a").write(".")
sys.exit({status} if len(lives.read_text()) == 1 else 0)
"""


class Serving(QueueAlone):
    """A runner that has agents."""

    def why_not(self, job: object) -> str:
        return ""


@pytest.mark.parametrize(
    ("status", "seat", "expected"), [(UNTAKEN, True, State.DONE), (1, True, State.FAILED), (UNTAKEN, False, State.FAILED)]
)
def test_a_seat_that_nobody_took_is_queued_again_and_nothing_else(
    home: Home, tmp_path: Path, status: int, seat: bool, expected: State
) -> None:
    """It spends none of the retries that the trial has for failures of its own."""
    program = tmp_path / (SEAT if seat else "train.py")
    program.parent.mkdir(exist_ok=True)
    program.write_text(PROGRAM.format(status=status))
    command = (sys.executable, "-IS", str(program), str(tmp_path / "lives"), "entity", "project")
    heard: list[Notice] = []
    with Store(home) as store:
        with store.change() as change:
            change.add({"key": Experiment(command, "{}", None, Resources(gpus=0), Policy(), launch=command)}, str(tmp_path), {})
        Runner(Mine(store), Devices("no GPU"), 1, heard.append, Serving()).run()
        (job,) = store.jobs()
    assert (job.state, job.failures) == (expected, 0)
    assert [each.again for each in heard if isinstance(each, Ended)] == ([True, False] if expected is State.DONE else [False])
