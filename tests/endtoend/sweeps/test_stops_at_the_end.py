"""A trial that is found behind at its last row: to stop it saves nothing, and costs what it does at its end."""

from __future__ import annotations

import json

import pytest

from tests.endtoend.cli.test_leftovers_and_grace import line_with

# Logs its rows; the bad one does not go on before the file `go` is there, whatever that is: a test at its end, or one more row.
TRAIN = """
import json, os, sys, time
given = json.loads(sys.argv[1])
for row in range(given["epochs"]):
    print("loss:", given["lr"], flush=True)
for _ in range(3000 if given["lr"] > 0.5 else 0):
    time.sleep(0 if os.path.exists("go") else 0.1)
if os.path.exists("more"):
    print("loss:", given["lr"], flush=True)
    for _ in range(3000 if given["lr"] > 0.5 else 0):
        time.sleep(0.1)
open("tested", "a").write(f"{given['lr']} ")
"""
FILE = """
command: [python, train.py, "${args_json}"]
method: grid
metric: {name: loss, goal: minimize}
early_terminate: {type: hyperband, min_iter: 4}
parameters: {lr: {values: [0.1, 0.8]}, epochs: {value: 4}}
"""


@pytest.fixture
def runner(sweeps):
    """A sweep whose second trial is at its last row, and behind."""
    sweeps.write("train.py", TRAIN)
    sweeps.write("sweep.yaml", FILE)
    started = sweeps.start("sweep", "-j1")
    said = line_with(started.stderr, "is not stopped")
    assert "trial 1 is not stopped, for it is at its last row: its best loss in 4 rows was 0.8, worse than 0.1" in said
    return started


def test_it_runs_to_its_end_and_its_test(sweeps, runner) -> None:
    """The verdict came with the last row, and its final test was lost for nothing."""
    sweeps.write("go", "")
    runner.communicate(timeout=100)
    assert runner.returncode == 0
    assert (sweeps.directory / "tested").read_text() == "0.1 0.8 "
    assert sweeps.states() == ["done", "done"]
    assert "to stop it would have come too late: its best loss in 4 rows was 0.8" in sweeps("explain", "trial:1").stdout
    (trial,) = json.loads(sweeps("explain", "trial:1", "--format", "json").stdout)
    assert trial["verdict"]["better"] == [0]


def test_one_more_row_shows_that_it_was_not_the_last_and_the_stop_is_sent(sweeps, runner) -> None:
    """A row is an epoch in most scripts, and not in all."""
    sweeps.write("more", "")
    sweeps.write("go", "")
    assert "1 stopped_early" in runner.communicate(timeout=100)[1]
    assert (sweeps.directory / "tested").read_text() == "0.1 "
