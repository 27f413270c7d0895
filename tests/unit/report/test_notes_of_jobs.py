"""What is to be said of jobs that are not over, below a table of them."""

from __future__ import annotations

from dataclasses import replace

from scheduler.actions.results import Line
from scheduler.queue.job import Attempt
from scheduler.queue.states import State
from scheduler.report.jobs import notes, objects
from scheduler.tracking.metric_log import Outcome
from tests.unit.runner.test_backfill import job


def line(number: int, note: str) -> Line:
    one = replace(job(number), id=f"{number:08x}" + "0" * 24)
    return Line(one, Attempt(one.id, 1, "slurm/array/0", "/nowhere", 0.0), Outcome(), note)


def test_what_is_the_same_of_a_thousand_jobs_is_one_line() -> None:
    """A line for each that waits in Slurm pushed the table off the screen."""
    waits = "Slurm has not started it yet"
    found = [
        line(1, waits),
        line(2, ""),
        line(3, "something of it still runs"),
        *(line(number, waits) for number in range(4, 1503)),
    ]
    assert notes(found) == [f"00000001 and 1,499 more: {waits}", "00000003: something of it still runs"]


def test_what_waits_on_another_machine_has_no_begin() -> None:
    """A script that reckons from the hand-over takes a day in the queue of a cluster for a day of computing."""
    waits = line(1, "")
    there = replace(waits, job=replace(waits.job, state=State.STARTING))
    here = replace(there, attempt=replace(there.attempt, launcher="launcher"))  # type: ignore[type-var]
    runs = replace(there, job=replace(there.job, state=State.RUNNING))
    assert [each.started for each in (there, here, runs)] == [None, 0.0, 0.0]
    assert objects([there])[0]["started"] is None
