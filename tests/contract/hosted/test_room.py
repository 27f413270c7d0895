"""What a queue hears of the room on a machine: real SQLite, and the plan by which its runner decides."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from scheduler.experiments import Resources
from scheduler.hosted import room
from scheduler.hosted.room import FULL, UNKNOWN, Room
from scheduler.queue import guests
from scheduler.queue.asks import as_json
from scheduler.queue.job import Ending, Job
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.runner.devices import Devices
from scheduler.runner.plan import Wait
from tests.contract.hosted.test_orders import GUEST

pytestmark = pytest.mark.timeout(120)  # nothing here waits: only a broken program meets it

ALL, HALF, NONE = Resources(cpus=4), Resources(cpus=2), Resources()


@pytest.fixture
def devices() -> Devices:
    """Four cores, and so two slots."""
    some = Devices("no GPUs")
    some.cores = 4
    return some


@pytest.fixture
def order(store: Store) -> Callable[..., Job]:
    """Takes an order of this name; with `runs` it has begun."""

    def taken(name: str, resources: Resources = NONE, *, runs: bool = False) -> Job:
        with store.change() as change:
            guests.take(change, name, guests.guest_from({**GUEST, "resources": as_json(resources)}))
        if runs:
            with store.change() as change:
                change.begin(store.job(name), "launcher", "")
        return store.job(name)

    return taken


def give_back(store: Store, room: Room, job: Job, wait: Wait | None, kind: str = "") -> None:
    with store.change() as change:
        guests.withdraw(change, job.id)
    room.gave_back(job, kind or as_json(job.resources), wait)


def over(store: Store, order: str) -> None:
    attempt = store.attempt(order, 1)
    assert attempt
    with store.change() as change:
        change.end(attempt, Ending(State.DONE, 0), 1.0)


def told(room: Room, *known: str) -> dict[str, Any]:
    return room.now(known)["not_now"]


def test_the_slots_of_others_are_counted_whether_they_run_or_wait(store: Store, devices: Devices, order) -> None:
    """Two runs from one queue: each was sent jobs for slots that the other had."""
    some = Room(store, devices)
    order("ours", runs=True)
    none = {"driver": False, "gpus": 0, "memory": 0}
    assert some.now(["ours"]) == {"slots": 2, "taken": 0, **none, "not_now": {}, "never": {}}
    order("theirs", runs=True)
    order("waits")
    assert some.now(["ours"])["taken"] == 2
    over(store, "theirs")
    assert some.now(["ours"])["taken"] == 1


def test_what_was_given_back_is_asked_for_again_when_what_was_in_its_way_is_gone(store: Store, devices: Devices, order) -> None:
    """There were GPUs, or none were needed: that was all that was looked at, and so the job came back every two seconds."""
    some = Room(store, devices)
    order("runs", HALF, runs=True)
    wait = some.obstacle(order("large", ALL).id)
    assert wait
    give_back(store, some, store.job("large"), wait)
    for _ in range(2):
        assert told(some) == {as_json(ALL): "it asks for 4 CPU cores and 2 are left"}
    over(store, "runs")
    assert told(some) == {}


def test_a_slot_that_is_free_for_one_who_waits_before_is_not_free(store: Store, devices: Devices, order) -> None:
    """It was told of, and the job came back once more."""
    some = Room(store, devices)
    order("runs", runs=True)
    order("runs too", runs=True)
    wait = some.obstacle(order("third").id)
    assert wait
    assert wait.reason == FULL
    give_back(store, some, store.job("third"), wait)
    order("waits before")
    over(store, "runs")
    assert told(some) == {as_json(NONE): FULL}
    over(store, "runs too")
    assert told(some) == {}


def test_the_first_of_those_that_wait_is_not_in_its_own_way(store: Store, devices: Devices, order) -> None:
    """It starts in this very turn; given back, it would only come again."""
    some = Room(store, devices)
    order("runs", runs=True)
    order("first")
    order("second")
    assert some.obstacle("first") is None
    assert some.obstacle("second") == Wait(store.job("second"), FULL)
    assert some.obstacle("of which nobody has heard") is None


def test_the_words_stay_while_something_is_in_the_way(store: Store, devices: Devices, order) -> None:
    """What they count changes all the time: each time a message, and a line on somebody's terminal."""
    some = Room(store, devices)
    order("half", HALF, runs=True)
    give_back(store, some, order("large", ALL), some.obstacle("large"))
    first = told(some)
    order("small", Resources(cpus=1), runs=True)
    assert told(some) == first != {}


def test_what_comes_back_without_a_reason_is_asked_for_less_and_less_often(
    store: Store, devices: Devices, order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process can be started there, say. When one was, all is forgotten."""
    some, clock = Room(store, devices), SimpleNamespace(now=0.0)
    monkeypatch.setattr(room, "time", SimpleNamespace(monotonic=lambda: clock.now))
    pauses = []
    for n in range(3):
        give_back(store, some, order(f"o{n}"), some.obstacle(f"o{n}"))
        assert list(told(some).values()) == ["no more processes" if n else UNKNOWN]
        some.trouble = "no more processes"
        begun = clock.now
        while told(some):
            assert clock.now < begun + 60, "it is never asked for again"
            clock.now += 0.5
        pauses.append(clock.now - begun)
    assert pauses == [1.0, 2.0, 4.0]
    some.started(as_json(NONE))
    give_back(store, some, order("again"), None)
    clock.now += 1.0
    assert told(some) == {}


def test_what_can_never_run_here_is_told_as_such(store: Store, devices: Devices, order) -> None:
    """Another host may have what this one has not: nobody need wait for this one."""
    some = Room(store, devices)
    give_back(store, some, order("huge", Resources(cpus=5)), some.obstacle("huge"))
    now = some.now([])
    assert (now["not_now"], now["never"]) == ({}, {as_json(Resources(cpus=5)): "it asks for 5 CPU cores and there are 4"})


def test_of_two_kinds_that_ask_for_the_same_one_may_have_room(store: Store, devices: Devices, order) -> None:
    """One of them is known to need most of a GPU: it kept the other from being asked for, also when a person had cancelled it."""
    some = Room(store, devices)
    order("runs", HALF, runs=True)
    give_back(store, some, order("needs much", ALL), some.obstacle("needs much"), "much")
    give_back(store, some, order("needs little", ALL), some.obstacle("needs little"), "little")
    full = "it asks for 4 CPU cores and 2 are left"
    assert told(some) == {"much": full, "little": full}
    some.started("little")
    assert told(some) == {"much": full}
