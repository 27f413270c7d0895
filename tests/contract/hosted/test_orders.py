"""The other end of a line, without a line: what a queue says, and what it is told of its orders."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest

from scheduler.experiments import Policy, Resources
from scheduler.gpus.packing import GpuUse, as_objects, uses_from
from scheduler.hosted import orders
from scheduler.hosted.orders import Orders
from scheduler.hosted.pipe import Pipe
from scheduler.launcher import inputs
from scheduler.linux.wakeups import Wakeups
from scheduler.queue import guests, origin_rows
from scheduler.queue.asks import as_json
from scheduler.queue.database import Unwritable
from scheduler.queue.interpreters import Interpreter
from scheduler.queue.job import Ending
from scheduler.queue.origins import Origin
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.runner.attempts import HungUp
from scheduler.runner.devices import Devices
from scheduler.runner.notices import Warned
from scheduler.runner.orders import inputs_of
from scheduler.ssh.wire import Frames, frame

GUEST = {
    "experiment": "e",
    "group": None,
    "argv": ["true"],
    "arguments": "{}",
    "cwd": "/",
    "environment": "{}",
    "resources": as_json(Resources()),
    "policy": as_json(Policy()),
    "surroundings": {"variables": {}, "program": None},
}


@dataclass
class Far:
    """The queue at the other end."""

    orders: Orders
    wakeups: Wakeups
    to_them: int
    from_them: int
    frames: Frames

    def says(self, what: str, **more: Any) -> None:
        os.write(self.to_them, frame({"do": what, "order": "order", "have": {}, **more}))
        self.wakeups.wait(10)
        self.orders.refill(1)

    def hears(self) -> list[dict[str, Any]]:
        return [message for message in self.hears_all() if message["is"] != "room"]

    def hears_all(self) -> list[dict[str, Any]]:
        assert select.select([self.from_them], [], [], 100)[0], "nothing was said"
        return [message for message, _ in self.frames.take(os.read(self.from_them, 1 << 16))]


@pytest.fixture
def far(store: Store) -> Iterator[Far]:
    theirs, to_them = os.pipe()
    from_them, ours = os.pipe()
    some = Orders(store, Devices("no GPUs"), Pipe(theirs, ours))
    with Wakeups(lambda number: None) as wakeups:
        some.open(wakeups)
        yield Far(some, wakeups, to_them, from_them, Frames(magic=True))
    some.close()
    for each in (theirs, to_them, from_them, ours):
        os.close(each)


def test_an_order_is_queued_once_however_often_it_is_sent(far: Far, store: Store) -> None:
    """Over each new line everything is said again."""
    for _ in range(2):
        far.says("start", guest=GUEST, home="/home")
    assert [(job.id, job.state) for job in store.jobs()] == [("order", State.QUEUED)]
    assert far.hears() == []


def test_the_files_that_an_order_names_are_there_before_it_starts(far: Far, store: Store) -> None:
    """They never were on this machine: each trial of a sweep said that its file was gone, and a person looked for a fault."""
    home = store.home.root
    named = {"argv": ["cat", "/there/arguments/e.json"], "environment": '{"WANDB_SWEEP_PARAM_PATH": "/there/sweeps/s/0.yaml"}'}
    far.says("start", guest={**GUEST, **named, "arguments": '{"lr": 0.5}'}, home="/there")
    (job,) = store.jobs()
    assert job.argv == ("cat", f"{home}/arguments/e.json")
    assert (home / "arguments/e.json").read_text() == '{"lr": 0.5}'
    assert inputs.restore(inputs_of(job, home)) == []
    assert (home / "sweeps/s/0.yaml").exists()


def test_an_order_that_nobody_knows_never_ran_and_never_will(far: Far, store: Store) -> None:
    """A runner was killed before it sent it, or the line still holds it: only now may the job go elsewhere."""
    far.says("watch")
    assert far.hears() == [{"is": "dropped", "order": "order", "why": ""}]
    far.says("start", guest=GUEST, home="/home")
    assert [job.state for job in store.jobs()] == [State.CANCELLED]


def test_what_waits_is_stopped_without_having_begun(far: Far, store: Store) -> None:
    """There is no process to signal; its queue must hear all the same."""
    far.says("start", guest=GUEST, home="/home")
    far.says("stop", state="cancelled", grace=None)
    assert far.hears() == [{"is": "dropped", "order": "order", "why": ""}]
    assert [job.state for job in store.jobs()] == [State.CANCELLED]


def test_what_a_launcher_has_is_not_called_running_before_its_process_is_there(far: Far, store: Store) -> None:
    """The launcher may find no room for it, and the order is then given back: of one that ran nobody would believe that."""
    far.says("start", guest=GUEST, home="/home")
    (job,) = store.jobs()
    with store.change() as change:
        attempt = change.begin(job, "launcher", "")
    assert attempt
    far.orders.began(job, attempt)
    far.orders.refill(1)
    assert far.hears() == []
    with store.change() as change:
        change.runs(attempt, os.getpid(), None)
    far.orders.refill(1)
    assert [(each["is"], each["order"]) for each in far.hears()] == [("running", "order")]


def test_since_when_it_runs_is_told_whenever_a_line_comes(far: Far, store: Store) -> None:
    """In seconds: over there is another clock. Whoever joins it an hour later must not take it for one that has just begun."""
    with store.change() as change:
        guests.take(change, "order", guests.guest_from(GUEST))
    (job,) = store.jobs()
    with store.change() as change:
        attempt = change.begin(job, "launcher", "")
        assert attempt
        change.runs(attempt, os.getpid(), None, began=time.time() - 3600)
    far.says("watch")
    ages = [each["age"] for each in far.hears() if each["is"] == "running"]
    assert [3600 <= each < 7200 for each in ages] == [True]


def test_what_ended_while_there_was_no_line_is_told_as_it_ended(far: Far, store: Store) -> None:
    """Called dropped, it would be sent to another host, and run once more."""
    with store.change() as change:
        guests.take(change, "order", guests.guest_from(GUEST))
    (job,) = store.jobs()
    with store.change() as change:
        attempt = change.begin(job, "launcher", "")
        assert attempt
        change.runs(attempt, os.getpid(), None)
        change.end(attempt, Ending(State.FAILED, 3, "exit status 3"), 7.5)
    far.says("watch")
    while not (heard := far.hears()):  # the courier's thread may come after the word about room
        pass
    how = {"state": "failed", "exit_status": 3, "reason": "exit status 3", "duration": 7.5, "taken": False}
    assert heard == [{"is": "ended", "order": "order", "end": {**how, "origin": None, "uses": []}}]


def test_the_python_and_the_gpus_that_it_has_here_are_told_while_it_runs_and_when_it_has_ended(far: Far, store: Store) -> None:
    """Over there nobody can look; and of what is brief the one or the other is all that is said."""
    far.says("start", guest=GUEST, home="/home")
    (job,), here = store.jobs(), Origin(None, Interpreter("/bin/python", "3.12.1", ("a==1",)), "node7", "Linux 6.1", "550.54")
    with store.change() as change:
        attempt = change.begin(job, "launcher", "1", origin=origin_rows.remember(change, here))
        assert attempt
        change.runs(attempt, os.getpid(), None)
    far.orders.refill(1)
    with store.change() as change:
        change.end(attempt, Ending(State.DONE, 0), 7.5)
    far.orders.refill(1)
    python = {"path": "/bin/python", "version": "3.12.1", "packages": ["a==1"]}
    told = {"kernel": "Linux 6.1", "driver": "550.54", "python": python, "gpus": "1"}
    heard: list[dict[str, Any]] = []
    while not any(each["is"] == "ended" for each in heard):  # `hears` gives up where nothing more is said
        heard += far.hears()
    assert [(each["is"], each.get("end", each)["origin"]) for each in heard] == [("running", told), ("ended", told)]


def test_what_it_used_of_its_gpus_is_told_with_its_end(far: Far, store: Store) -> None:
    """By that its queue decides whether it runs once more, and with how much memory; an attempt before it has told its own."""
    told = [GpuUse("elsewhere", 1, "GPU-9", "Fake", 2048, out_of_memory=True)]
    far.says("start", guest=GUEST, uses=as_objects(told), home="/home")
    uses = [GpuUse("order", n, "GPU-0", "Fake", 4096, out_of_memory=True, contended=True) for n in (1, 2)]
    for use in uses:
        with store.change() as change:
            attempt = change.begin(store.job("order"), "launcher", "0")
            assert attempt
            change.end(attempt, Ending(State.FAILED, 1), 7.5)
            change.used([use])
            if use is uses[0]:
                change.repeat_free_of_charge(attempt, "again")
    far.orders.refill(1)
    heard: list[dict[str, Any]] = []
    while not heard:
        heard = far.hears()
    assert [uses_from(each["end"]["uses"]) for each in heard] == [(uses[1],)]
    assert store.gpu_uses([store.job("order")]) == {"e": tuple(told)}, "of which that is a part"


def test_what_its_queue_knows_of_gpus_is_known_to_whoever_starts_it(far: Far, store: Store) -> None:
    """Two runs of that queue have a line each, and here a runner each: the one that had not heard it started the job with as
    little memory as on the host before, and a retry was spent. An order that is said once more brings no older knowledge back."""
    first = GpuUse("there", 1, "GPU-9", "Fake", 2048, out_of_memory=True)
    both = [first, replace(first, attempt=2, granted=3072)]
    far.says("start", guest=GUEST, uses=as_objects([first]), home="/home")
    far.says("start", order="second", guest=GUEST, uses=as_objects(both), home="/home")
    far.says("start", guest=GUEST, uses=as_objects([first]), home="/home")
    far.says("start", order="third", guest=GUEST, uses=[], home="/home")
    with Store(store.home) as another:
        assert another.gpu_uses(another.jobs()) == {"e": tuple(both)}


def test_what_a_person_should_know_of_the_machine_is_told_over_there(far: Far) -> None:
    """A stranger has come onto the GPU of a job: here the runner says so, and nobody reads what it says on a host."""
    far.says("start", guest=GUEST, home="/home")
    far.orders.hear_of(Warned("somebody came onto GPU 0"))
    assert far.hears() == [{"is": "note", "order": "order", "text": "somebody came onto GPU 0", "of_host": True}]


@pytest.mark.parametrize(("kind", "called"), [("a word of its queue", "a word of its queue"), ("", GUEST["resources"])])
def test_that_there_is_no_room_is_told_before_an_order_is_given_back(
    far: Far, store: Store, monkeypatch: pytest.MonkeyPatch, kind: str, called: str
) -> None:
    """Its queue looks for another place as soon as it has it again, and sent it here once more. It knows by its own word which
    jobs are like this one, where it has said one."""
    monkeypatch.setattr(orders, "GIVE_BACK", -1.0)
    monkeypatch.setattr(Devices, "default_slots", 0)
    far.says("start", guest=GUEST, kind=kind, home="/home")
    told = [(message["is"], message.get("not_now")) for message in far.hears_all()]
    assert told == [("room", {called: "its slots are taken"}), ("dropped", None)]
    assert [job.state for job in store.jobs()] == [State.CANCELLED]


def test_an_order_that_does_not_start_though_nothing_is_in_its_way_is_given_back_later(far: Far, monkeypatch) -> None:
    """The machine may lack something for a while that its runner tries again by itself; for ever nobody waits."""
    monkeypatch.setattr(orders, "GIVE_BACK", -1.0)
    far.says("start", guest=GUEST, home="/home")
    assert far.hears() == []
    monkeypatch.setattr(orders, "UNEXPLAINED", -1.0)
    far.orders.refill(1)
    told = [(message["is"], message.get("not_now")) for message in far.hears_all()]
    assert told == [("room", {GUEST["resources"]: "it has no room now"}), ("dropped", None)]


def test_each_change_of_the_room_is_told_once(far: Far, store: Store) -> None:
    """Another line's order takes a slot; when it is over, that is heard at once, not at the next look."""
    far.orders.refill(1)
    assert [message["taken"] for message in far.hears_all()] == [0]
    with store.change() as change:
        guests.take(change, "theirs", guests.guest_from(GUEST))
    with store.change() as change:
        attempt = change.begin(store.job("theirs"), "launcher", "")
    assert attempt
    far.orders.refill(1)
    far.orders.refill(1)
    assert [message["taken"] for message in far.hears_all()] == [1]
    job, ending = store.job("theirs"), Ending(State.DONE, 0)
    with store.change() as change:
        change.end(attempt, ending, 1.0)
    far.orders.ended(job, attempt, ending, again=False)
    assert [message["taken"] for message in far.hears_all()] == [0]


@pytest.mark.parametrize("word", ["start", "watch"])
def test_where_jobs_share_a_gpu_by_their_number_there_are_so_many_slots(far: Far, store: Store, word: str) -> None:
    """As on one machine. Also over a line on which the order is only watched: the next of its kind come over it."""
    far.orders._devices.desk = SimpleNamespace(slots=2, count=2, memory=24000)  # type: ignore[assignment]
    shared = {**GUEST, "resources": as_json(Resources(share=3))}
    with store.change() as change:
        guests.take(change, "order", guests.guest_from(shared))
    far.says(word, guest=shared, home="/home")
    assert [message["slots"] for message in far.hears_all()] == [6]


def test_what_cannot_be_written_down_is_done_when_there_is_room(far: Far, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full. The line was given up instead, and called anew every two seconds, which was told each time."""

    def full(*_: object) -> None:
        raise Unwritable("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(guests, "take", full)
        far.says("start", guest=GUEST, home="/home")
        far.orders.refill(1)
        told = far.hears_all()
    assert [each["text"] for each in told if each["is"] == "note"] == ["the disk is full"], "once"
    assert [each["closed"] for each in told if each["is"] == "room"] == ["the disk is full"]
    assert store.jobs() == []
    far.orders.refill(1)
    assert [job.state for job in store.jobs()] == [State.QUEUED]
    assert [each["closed"] for each in far.hears_all()] == [""]


def test_when_the_line_ends_it_leaves(far: Far) -> None:
    """Nothing of ours stays on a machine on which nothing runs."""
    _close(far.to_them)
    with pytest.raises(HungUp):
        far.wakeups.wait(10)


def _close(descriptor: int) -> None:
    """Its number stays, for whoever closes it once more."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)
