"""The file of a sweep is changed, and the sweep goes on."""

from __future__ import annotations

import json

GRID = {"method: random": "method: grid"}
RANGE = "{min: 0.0, max: 1.0}"
RULE = "early_terminate: {type: hyperband, min_iter: 2}\n"


def test_a_sweep_goes_on_in_another_space(sweeps) -> None:
    """Its trials were in the table without their values, out of the bands, and nobody was told."""
    sweeps.file(RULE, **GRID, **{RANGE: "{values: [0.1, 0.5, 0.9]}"})
    sweeps("sweep", "-j1")
    sweeps.file(RULE, **GRID, **{RANGE: "{values: [0.5, 0.7]}\n  pause: {value: 0}"})
    dry = sweeps("sweep", "--dry-run").stderr
    assert "3 of them lie outside of the present space (2 by lr, 3 without pause): they stay in the table" in dry
    assert "0 of these 3 count: with a value of loss, in the present space" in dry
    said = sweeps("sweep", "-j1")
    assert "3 of them lie outside of the present space (2 by lr, 3 without pause): they stay in the table" in said.stderr
    assert "best: trial 3, loss 0.75" in said.stderr
    assert "better, but outside of the present space, by lr, pause: trial 0, loss 0.35" in said.stderr
    header, *rows = said.stdout.splitlines()
    assert header.split()[-2:] == ["outside", "by"]
    assert [row.split()[0] for row in rows] == ["3", "4", "0", "1", "2"]
    assert "0.35" in rows[2]
    seen = json.loads(sweeps("trials", "--format", "json").stdout)
    assert [each["outside"] for each in seen["trials"]] == [[], [], ["lr", "pause"], ["pause"], ["lr", "pause"]]
    assert (seen["best"]["trial"], seen["better_outside"]) == (3, 0)
    assert len(seen["bands"][0]["reached"]) == 5


def test_what_was_interrupted_outside_of_the_space_is_not_tried_again(sweeps, until) -> None:
    """Whoever has taken a value out of the file does not wait for it."""
    sweeps.file()
    first = sweeps.start("sweep", "--count", "1", "-j1", "+wait=never")
    until(lambda: [job for job in sweeps.jobs() if job["state"] == "running"])
    sweeps("cancel", "all")
    first.communicate(timeout=60)
    said = sweeps("sweep", "--count", "1", "-j1").stderr
    assert "1 of them lies outside of the present space (1 by wait, which is gone)" in said
    assert "interrupted and tried again" not in said
    assert said.count(" started: trial ") == 1
    header = sweeps("trials").stdout.splitlines()[0].split()
    assert "wait" in header, "what a trial ran with is shown, also where the file has no such parameter any more"


def test_a_target_that_was_reached_outside_of_the_space_ends_nothing(sweeps) -> None:
    """The file asks for a point inside that is as good."""
    sweeps.file(**GRID, **{RANGE: "{values: [0.1]}"})
    sweeps("sweep", "-j1")
    sweeps.file(**GRID, **{RANGE: "{values: [0.5]}", "goal: minimize": "goal: minimize, target: 0.4"})
    assert " started: trial 1" in sweeps("sweep", "-j1").stderr
