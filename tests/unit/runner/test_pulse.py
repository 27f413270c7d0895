"""What is told by the clock alone."""

from __future__ import annotations

from scheduler.queue.job import Attempt, Job
from scheduler.runner.attempts import Running
from scheduler.runner.notices import StandsStill, UnderWay
from scheduler.runner.plan import AWAITED
from scheduler.runner.pulse import Pulse
from tests.unit.runner.test_backfill import job

HELD = "the GPU is held by anna"


def running(one: Job, begun: float = 0.0) -> Running:
    return Running(one, Attempt(one.id, 1, "launcher", "/nowhere", 0.0), begun=begun)


A, B = running(job(1)), running(job(2), 50.0)


def test_each_job_is_told_of_once_a_minute_from_its_own_start() -> None:
    """Two minutes of training are two lines, not silence; a job that has just begun is no news."""
    pulse = Pulse(every=60.0)
    assert pulse.news([A], "", 0.0) == []
    assert pulse.news([A, B], "", 50.0) == []
    assert pulse.news([A, B], "", 60.0) == [UnderWay(A.job, A.attempt, 60.0)]
    assert pulse.news([A, B], "", 110.0) == [UnderWay(B.job, B.attempt, 60.0)]
    assert pulse.news([A], "", 121.0) == [UnderWay(A.job, A.attempt, 121.0)]


def test_what_others_have_begun_has_run_since_then() -> None:
    """A runner that joins a job of an hour ago said after a minute that it had run for one."""
    pulse, old = Pulse(every=60.0), running(job(3), -3600.0)
    assert pulse.news([old], "", 0.0) == []
    assert pulse.news([old], "", 60.0) == [UnderWay(old.job, old.attempt, 3660.0)]


def test_the_loop_may_sleep_until_the_next_job_is_due_and_no_longer_than_for_ever() -> None:
    """A timer of the kernel's, not a look every so often."""
    pulse = Pulse(every=60.0)
    assert pulse.patience(0.0) is None
    pulse.news([A], "", 0.0)
    assert pulse.patience(45.0) == 15.0
    pulse.news([], "", 46.0)
    assert pulse.patience(46.0) is None


def test_nobody_is_told_who_has_not_asked() -> None:
    """On a terminal, and in a benchmark, nothing is told and nothing is due."""
    pulse = Pulse()
    assert pulse.news([A], "", 0.0) == pulse.news([A], "", 1e6) == pulse.news([], HELD, 2e6) == []
    assert pulse.patience(2e6) is None


def test_what_waits_for_long_while_nothing_runs_is_told_once() -> None:
    """Whoever sleeps wants to be woken for that, and once."""
    pulse = Pulse(still=600.0)
    assert pulse.news([], HELD, 0.0) == []
    assert pulse.patience(100.0) == 500.0
    assert pulse.news([], HELD, 600.0) == [StandsStill(HELD, 600.0)]
    assert pulse.news([], HELD, 1200.0) == []
    assert pulse.patience(1200.0) is None


def test_what_runs_or_a_queue_that_waits_for_nothing_is_no_standstill() -> None:
    """What runs will end; an empty queue of a worker, or a retry that is not due yet, is as it should be."""
    pulse = Pulse(still=600.0)
    for now, (at_work, stuck) in enumerate([([], HELD), ([A], HELD), ([], HELD), ([], ""), ([], HELD)]):
        assert pulse.news(at_work, stuck, 500.0 * now) == []
    assert pulse.news([], HELD, 2600.0) == [StandsStill(HELD, 600.0)]


def test_a_second_standstill_is_told_as_well() -> None:
    """It is another night."""
    pulse = Pulse(still=600.0)
    told = [pulse.news(at_work, HELD, now) for at_work, now in [([], 0.0), ([], 600.0), ([A], 700.0), ([], 800.0), ([], 1400.0)]]
    assert [len(each) for each in told] == [0, 1, 0, 0, 1]


def test_a_reading_that_is_awaited_neither_ends_a_standstill_nor_names_it() -> None:
    """It stands between two looks at the same obstacle."""
    pulse = Pulse(still=600.0)
    pulse.news([], AWAITED.sentence, 0.0)
    pulse.news([], HELD, 1.0)
    assert pulse.news([], AWAITED.sentence, 600.0) == [StandsStill(HELD, 600.0)]
