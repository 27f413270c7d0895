"""A scene as lines of a terminal."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.actions.scene import Scene, Waiting
from scheduler.queue.job import Job
from scheduler.queue.states import State
from scheduler.report.scene import as_object, drawn, gist, plain
from scheduler.report.tables import standard
from scheduler.report.text import cells
from tests.unit.report.scenes import BUSY, SIZES, name, path_of, picture, running
from tests.unit.runner.test_backfill import job


@pytest.mark.parametrize(("columns", "lines"), SIZES)
def test_the_picture_is_the_one_that_was_looked_at(columns: int, lines: int) -> None:
    """`python -m tests.unit.report.scenes` writes what is drawn now; whoever changes it looks at the difference."""
    assert picture(columns, lines) == path_of(columns).read_text(encoding="utf-8")


@given(columns=st.integers(1, 200), lines=st.integers(0, 40))
def test_a_picture_never_outgrows_the_terminal(columns: int, lines: int) -> None:
    """A row too many scrolls, and a column too many wraps: both leave rubbish behind at every frame."""
    shown = plain(drawn(BUSY, name, columns, lines))
    assert len(shown) <= lines
    assert all(cells(row) <= columns for row in shown)


def test_of_more_jobs_than_there_are_lines_the_rest_is_counted() -> None:
    """100 running and 100,000 waiting, on 24 lines."""
    waiting = (Waiting(job(200), 100_000),)
    counts = {State.RUNNING: 100, State.QUEUED: 100_000}
    crowd = Scene(10.0, 0.0, (), tuple(running(number) for number in range(1, 101)), waiting, counts)
    shown = plain(drawn(crowd, name, 80, 24))
    assert len(shown) == 24
    assert shown[-3] == "+ 79 more jobs"
    assert shown[-2].startswith("100,000 wait, first")
    assert shown[-1] == "100 running · 100,000 queued   10 s"


def test_a_look_at_an_idle_machine_says_that_it_is_idle() -> None:
    """An empty screen looks like a fault."""
    assert plain(drawn(Scene(10.0, 10.0, (), (), (), {}), name, 80, 24)) == ["nothing runs or waits"]
    assert plain(drawn(Scene(75.0, 10.0, (), (), (), {}), name, 80, 24)) == ["nothing runs or waits   1 min 05 s"]


def test_names_that_are_cut_are_still_told_apart() -> None:
    """What tells jobs apart may stand at the end of what they are called."""
    shown = plain(drawn(BUSY, name, 80, 24))
    rows = [row[9:28] for row in shown if row[:8] in ("01234567", "02468ace", "0369d035")]
    assert len(set(rows)) == 3


def test_nothing_that_a_job_or_a_stranger_says_steers_the_terminal() -> None:
    """Names, lines of output and reasons come from anywhere."""
    evil = "\x1b[2J\u202e\r\n"
    scene = replace(
        BUSY,
        running=(running(1, line=evil), running(2)),
        waiting=(Waiting(job(3), 1, evil),),
        trouble=evil,
    )

    def called(of: Job) -> str:
        return evil

    assert all(row.isprintable() for columns in (30, 80, 200) for row in plain(drawn(scene, called, columns, 20)))


def test_time_that_goes_by_is_nothing_that_has_happened() -> None:
    """A plain look is printed when something changes, not every second."""
    later = replace(BUSY, now=BUSY.now + 5, running=tuple(replace(each, seconds=each.seconds + 5) for each in BUSY.running))
    assert gist(later) == gist(BUSY)
    assert gist(replace(BUSY, running=BUSY.running[1:])) != gist(BUSY)
    assert gist(replace(BUSY, waiting=())) != gist(BUSY)


def test_the_same_is_there_for_programs() -> None:
    """With NaN as standard JSON has none."""
    found = json.loads(json.dumps(standard(as_object(BUSY, name)), allow_nan=False))
    assert found["running"][0]["metric"] == {"name": "val_loss", "value": 0.12345}
    assert found["running"][1]["metric"]["value"] == "NaN"
    assert (found["running"][0]["done"], found["running"][0]["left"]) == (0.45, 754.0)
    assert found["counts"] == {"running": 5, "queued": 13, "done": 1200, "failed": 1}
    assert found["waiting"][0]["reason"] == "GPU 0 is claimed by ann"
    assert [each["index"] for each in found["gpus"]] == [0, 1, 2, 3]


def test_a_job_that_waits_on_another_machine_is_not_drawn_as_one_that_runs() -> None:
    """What is in Slurm stands among what runs; a time that counts there counts days of a queue."""
    found = running(1)
    waits = replace(found, job=replace(found.job, state=State.STARTING), attempt=replace(found.attempt, launcher="slurm/array/0"))
    begins = replace(found, job=waits.job)  # on this machine that is a moment
    rows = plain(drawn(replace(BUSY, running=(waits, begins), waiting=()), name, 80, 20))
    assert ["not begun" in row for row in rows if "network=" in row] == [True, False]
    seen = as_object(replace(BUSY, running=(waits, begins)), name)["running"]
    assert [each["seconds"] for each in seen] == [None, 96.0]
