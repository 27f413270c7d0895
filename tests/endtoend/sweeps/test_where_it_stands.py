"""What a dry run says of a sweep that has begun, and when a sweep says that it tries no more."""

from __future__ import annotations

import json

GRID = {"method: random": "method: grid", "lr: {min: 0.0, max: 1.0}": "lr: {values: [0.1, 0.5, 0.9]}"}


def test_a_dry_run_says_what_there_is_already_and_what_comes_next(sweeps) -> None:
    """It spoke of a new sweep, and showed the points that had been tried."""
    sweeps.file("run_cap: 3\n", **GRID)
    fresh = sweeps("sweep", "--dry-run", "-j2")
    assert "sweep.yaml: a sweep, method grid" in fresh.stderr
    assert "at most 2 at once, as asked; " in fresh.stderr
    assert "nothing was started; its first points:" in fresh.stderr
    assert not sweeps.home.exists()
    sweeps("sweep", "--count", "2", "-j1", "+fails_above=0.3")
    sweeps.file("run_cap: 3\n", **GRID)
    said = sweeps("sweep", "--dry-run", "+fails_above=0.3")
    assert "sweep.yaml: the sweep goes on, method grid" in said.stderr
    assert "2 trials from before; --again begins anew" in said.stderr
    assert "1 of these 2 counts: with a value of loss, in the present space" in said.stderr
    assert "best so far: trial 0, loss 0.35" in said.stderr
    assert "nothing was started; its next points:" in said.stderr
    assert [line for line in said.stdout.splitlines() if "lr=" in line] == [said.stdout.splitlines()[-1]]
    assert "--lr=0.9" in said.stdout
    assert "a sweep, method grid" in sweeps("sweep", "--dry-run", "--again", "+fails_above=0.3").stderr


def test_a_dry_run_of_a_sweep_that_is_over_says_why(sweeps) -> None:
    """Five points of a sweep that would try none were an invitation."""
    sweeps.file("run_cap: 2\n")
    sweeps("sweep", "-j2")
    said = sweeps("sweep", "--dry-run", "--format", "json")
    assert "nothing was started; no new trials: run_cap 2 is reached" in said.stderr
    assert json.loads(said.stdout) == []
    sweeps.file(**GRID)
    sweeps("sweep", "-j2", "--again")
    assert "nothing was started; no new trials: every point has been tried" in sweeps("sweep", "--dry-run").stderr


def test_the_next_points_of_a_random_search_are_those_that_it_then_tries(sweeps) -> None:
    """They are known: each number has a draw of its own."""
    sweeps.sweep("--count", "1")
    planned = json.loads(sweeps("sweep", "--dry-run", "--count", "2", "--format", "json").stdout)
    found = sweeps.sweep("--count", "2", "-j1")
    tried = sorted((trial["trial"], trial["point"]["lr"]) for trial in found["trials"])
    assert [each["config"]["lr"] for each in planned] == [rate for _, rate in tried[1:]]


def test_no_new_trials_is_said_when_the_last_has_started(sweeps) -> None:
    """It was said of a trial that had not begun, so that one more start came after it."""
    sweeps.file("run_cap: 2\n")
    lines = sweeps("sweep", "-j1").stderr.splitlines()
    starts = [place for place, line in enumerate(lines) if " started: trial " in line]
    (said,) = [place for place, line in enumerate(lines) if line.startswith("no new trials: run_cap 2 is reached")]
    assert len(starts) == 2
    assert starts[-1] < said
