"""What keeps jobs from starting, and what of it is told."""

from __future__ import annotations

from scheduler.runner.notices import Trouble
from scheduler.runner.obstacles import Obstacles
from scheduler.runner.plan import Wait
from tests.queued import job

DISK, TABLE = "the disk is full", "no more processes can be started"


def test_what_the_machine_lacks_is_told_once_and_stands_until_it_is_tried_again() -> None:
    """Whoever looks meanwhile is to read the reason of this hour, not the first of the night."""
    told: list[Trouble] = []
    now = 0.0
    obstacles = Obstacles(told.append, lambda: now)
    for what in (DISK, TABLE, DISK):
        obstacles.pause(what)
    assert told == [Trouble(DISK), Trouble(TABLE)]
    obstacles.begin()  # another turn, in which nothing is tried
    assert (obstacles.now, obstacles.lack, obstacles.lasting) == ("", DISK, DISK)
    now = obstacles.rest()
    assert (obstacles.lack, obstacles.lasting) == ("", "")


def test_a_job_that_waits_hides_nothing_of_what_the_machine_lacks() -> None:
    """Others are told of the machine; of the job they see themselves that it waits."""
    obstacles = Obstacles(lambda trouble: None, lambda: 0.0)
    obstacles.pause(DISK)
    obstacles.begin()
    obstacles.wait([Wait(job(1), "held by anna"), Wait(job(2), "held by otto")])
    assert (obstacles.lasting, obstacles.lack) == ("held by anna", DISK)
