"""Behind a job of a brief kind one waits in its launcher, so that the slot need not wait for a commit between the two."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from scheduler.home import Home
from scheduler.launcher.channel import Channel
from scheduler.launcher.client import Slot
from scheduler.launcher.spawning import Order
from scheduler.linux.wakeups import Wakeups
from scheduler.queue.job import Attempt, Job
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.devices import Devices
from scheduler.runner.launchers import BRIEF, MOST_AHEAD, PATIENCE, Fleet
from scheduler.runner.notices import Ended, Notice, Started
from scheduler.runner.runner import Runner
from scheduler.runner.sources import QueueAlone


class Shop:
    """A fleet whose launchers are the test's: it says what they report, and sees what they are told."""

    def __init__(self, home: Home, wakeups: Wakeups, slots: int) -> None:
        self._wakeups, self._ends = wakeups, dict[str, Channel]()
        self.fleet = Fleet(home, wakeups, slots, lambda message: None, lambda attempts, warm: None, set)

    def of_kind(self, seconds: float) -> Shop:
        for _ in range(30):
            self.fleet.learn(seconds)
        return self

    def _launch(self, name: str, inherited: Sequence[int], held: Sequence[int]) -> subprocess.Popen:
        self._ends[name] = Channel(socket.socket(fileno=os.dup(inherited[0])))
        return subprocess.Popen(["true"])

    def hand(self, *attempts: str) -> list[Slot]:
        """Each to the launcher that the fleet chooses for it."""
        slots = []
        for attempt in attempts:
            slot = self.fleet.choose(None, "ours", lambda: self._launch)
            slot.start(Order(attempt, ["true"], "/", "/nowhere"), [])
            slots.append(slot)
        return slots

    def reports(self, slot: Slot, attempt: str, what: str) -> None:
        self._ends[slot.id].send({"is": what, "attempt": attempt})
        self._wakeups.wait(10.0)

    def taken_back(self, slot: Slot) -> list[str]:
        """What its launcher was told to give back since the last call."""
        connection = self._ends[slot.id].socket
        connection.setblocking(False)
        found: list[str] = []
        try:
            while True:
                messages, _ = self._ends[slot.id].receive()
                found += [message["attempt"] for message, _ in messages if message["do"] == "revoke"]
        except BlockingIOError:
            connection.setblocking(True)
        return found

    def close(self) -> None:
        for each in self._ends.values():
            each.close()
        self.fleet.leave()


@pytest.fixture
def shop(home: Home) -> Iterator[Callable[[int], Shop]]:
    made: list[Shop] = []

    def opened(slots: int) -> Shop:
        made.append(Shop(home, wakeups, slots))
        return made[-1]

    with Wakeups(lambda number: None) as wakeups:
        yield opened
        for each in made:
            each.close()


@pytest.mark.parametrize(("seconds", "depth"), [(0.0, MOST_AHEAD), (0.06, 2), (BRIEF / 1.1, 2), (BRIEF * 1.1, 1)])
def test_how_many_a_launcher_may_hold_follows_from_the_kind_of_jobs(shop, seconds: float, depth: int) -> None:
    """What waits in a launcher waits there for good: behind an hour of work nothing may."""
    assert shop(1).of_kind(seconds).fleet.depth == depth


def test_of_jobs_that_nobody_knows_none_waits_behind_another(shop) -> None:
    """The first may take an hour."""
    assert shop(2).fleet.capacity == 2


def test_behind_a_brief_job_that_was_seen_alive_one_stays_and_room_for_it_is_offered(shop) -> None:
    """It begins the moment that the other ends; whoever holds more holds them back from other launchers."""
    ours = shop(1).of_kind(0.06)
    slot, *_ = ours.hand("a/1", "b/1", "c/1")
    ours.reports(slot, "a/1", "running")
    assert (ours.taken_back(slot), ours.fleet.capacity) == (["c/1"], 2)
    for attempt in ("b/1", "c/1"):
        ours.reports(slot, attempt, "dropped")
    assert ours.hand("d/1") == [slot]


def test_behind_a_job_of_a_long_kind_nothing_stays(shop) -> None:
    """As it always was."""
    ours = shop(1).of_kind(0.0)
    slot, *_ = ours.hand("a/1", "b/1", "c/1")
    ours.of_kind(60.0).reports(slot, "a/1", "running")
    assert (ours.taken_back(slot), ours.fleet.capacity) == (["b/1", "c/1"], 1)


def test_what_waits_behind_a_job_that_takes_longer_than_its_kind_is_taken_back(shop) -> None:
    """One of a thousand brief jobs may hang for a day, or be paused; who came after it need not."""
    ours = shop(1).of_kind(0.06)
    slot, *_ = ours.hand("a/1", "b/1")
    ours.reports(slot, "a/1", "running")
    now = time.monotonic()
    ours.fleet.recall(now)
    assert ours.taken_back(slot) == []
    assert 0 < (ours.fleet.patience(now) or 0.0) <= PATIENCE
    ours.fleet.recall(now + PATIENCE)
    assert ours.taken_back(slot) == ["b/1"]
    assert (ours.fleet.capacity, ours.fleet.patience(now)) == (1, None)


def test_nothing_waits_behind_a_job_while_the_queue_has_no_more_for_another_launcher(shop) -> None:
    """At the end of a run a slot would be idle, and the last job late."""
    ours = shop(2).of_kind(0.06)
    first, second, third = ours.hand("a/1", "b/1", "c/1")
    other = second if third is first else first
    ours.reports(third, "a/1" if third is first else "b/1", "running")
    ours.fleet.recall(time.monotonic())
    assert ours.taken_back(third) == []
    ours.reports(other, "b/1" if third is first else "a/1", "ended")
    ours.fleet.recall(time.monotonic())
    assert ours.taken_back(third) == ["c/1"]


def test_who_wants_fewer_at_once_gets_fewer(shop) -> None:
    """With one waiting behind each of four there would be eight for a limit of two, and it would never be reached."""
    ours = shop(2).of_kind(0.06)
    slots = ours.hand("a/1", "b/1", "c/1", "d/1")
    for slot, attempt in zip(slots, ("a/1", "b/1"), strict=False):
        ours.reports(slot, attempt, "running")
    ours.fleet.resize(1)
    assert sorted(each for slot in slots[:2] for each in ours.taken_back(slot)) == ["c/1", "d/1"]
    assert ours.fleet.capacity == 2


def test_the_next_is_on_record_while_a_brief_job_runs_and_begins_when_that_is_over(
    store: Store, experiments, tmp_path: Path
) -> None:
    """On one slot nothing overlaps, and every start is durable before the job starts."""
    # The first stays until the second is on record; 20 s, where it never is.
    wait = """case $1 in *1*) for i in $(seq 1000); do [ -e go ] && break; sleep 0.02; done; esac; echo $1 >> ledger"""
    text = f"command: [sh, -c, {json.dumps(wait)}, sh, '${{args}}']\ngrid: {{x: [1, 2, 3]}}\n"
    jobs = submit(store, experiments(text), str(tmp_path)).jobs
    told: list[str] = []

    def tell(notice: Notice) -> None:
        if isinstance(notice, Started | Ended):
            told.append(f"{type(notice).__name__} {notice.job.config['x']}")

    class Seeing(QueueAlone):
        """Sees what is handed over, of which nothing is told as long as it waits."""

        def began(self, job: Job, attempt: Attempt) -> None:
            if job.config["x"] == 2:
                (tmp_path / "go").touch()

    runner = Runner(Mine(store, jobs), Devices("the test's machine"), 1, tell, Seeing())
    for _ in range(30):
        runner._jobs.fleet.learn(0.06)
    runner.run()
    events = [(row["job"], row["state"]) for row in store.read("SELECT job, state FROM event ORDER BY sequence")]
    assert events.index((jobs[1].id, "starting")) < events.index((jobs[0].id, "done"))
    assert told == [f"{what} {x}" for x in (1, 2, 3) for what in ("Started", "Ended")]
    assert (tmp_path / "ledger").read_text().split() == ["--x=1", "--x=2", "--x=3"]
