"""The orders of another queue, as a source of jobs: taken, given back where this machine has no room for them, and told of."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from typing import Any

from scheduler.experiments import Resources
from scheduler.hosted.courier import Courier
from scheduler.hosted.pipe import Pipe
from scheduler.hosted.visitors import at_home_here
from scheduler.launcher.client import connect, stop_message
from scheduler.linux.wakeups import Wakeups
from scheduler.queue import guests
from scheduler.queue.asks import resources_from
from scheduler.queue.database import Unwritable
from scheduler.queue.guests import Standing
from scheduler.queue.job import Attempt, Ending, Job
from scheduler.queue.states import ACTIVE, State
from scheduler.queue.store import Store
from scheduler.runner.attempts import HungUp
from scheduler.runner.devices import Devices
from scheduler.runner.notices import Noted, Notice, Trouble, Waiting
from scheduler.runner.sources import EarlyStop
from scheduler.shortage import passing
from scheduler.terminal import say
from scheduler.tracking.left import Grown

SILENCE = 60.0  # seconds after which the other side is gone, though the line does not say so
PATIENCE = 1.0  # seconds between two looks at what no event tells: jobs that another line of the same queue drives
GIVE_BACK = 2.0  # seconds that an order waits here; another host may have room for it


@dataclass
class Known:
    """An order that this line has asked about. `have`: the sizes of its files over there; `since`: when it came."""

    order: str
    have: dict[str, int] = field(default_factory=dict)
    since: float = 0.0
    running: bool = False
    resources: Resources | None = None


class Orders:
    """As `scheduler.runner.sources.Source`; it never has enough, and leaves by HungUp when the line breaks."""

    def __init__(self, store: Store, devices: Devices, pipe: Pipe) -> None:
        self._store, self._devices, self._pipe = store, devices, pipe
        self._courier = Courier(pipe.send)
        self._known: dict[str, Known] = {}
        self._heard_at = time.monotonic()
        self._full, self._wanted = "", Resources()  # why nothing more fits in, and what did not
        self._room: dict[str, Any] = {}

    def open(self, wakeups: Wakeups) -> None:
        wakeups.watch(self._pipe, self._hear)

    def close(self) -> None:
        self._courier.close()

    def refill(self, free: int) -> bool:
        """Nothing is queued here, for orders come by themselves; but every turn is a moment to look at those that there are."""
        if time.monotonic() - self._heard_at > SILENCE:
            raise HungUp(signal.SIGHUP)
        standings = guests.standings(self._store, self._known)
        for known in list(self._known.values()):
            self._follow(known, standings.get(known.order))
        self._tell_room()
        return True

    def stops(self) -> Sequence[EarlyStop]:
        return ()

    def patience(self) -> float | None:
        return PATIENCE

    def reads(self, job: Job) -> bool:
        return True  # over there it is read

    def grown(self, job: Job) -> Grown | None:
        return None

    def why_not(self, job: Job) -> str:
        return ""

    def began(self, job: Job, attempt: Attempt) -> None:
        """Its launcher has it, and may still find no room: that it runs is told when the store says so."""

    def ended(self, job: Job, attempt: Attempt, ending: Ending, *, again: bool) -> None:
        if again:  # whether it runs once more is for its queue to say; nothing starts before the next turn
            with self._store.change() as change:
                guests.withdraw(change, job.id)
        if known := self._known.pop(job.id, None):
            self._courier.follow(known.order, attempt.directory, known.have)
            self._courier.end(job.id, _end(ending, self._store.attempt(job.id, attempt.number)))

    def hear_of(self, notice: Notice) -> None:
        """What the runner tells."""
        if isinstance(notice, Noted) and notice.job.id in self._known:
            self._pipe.send({"is": "note", "order": notice.job.id, "text": notice.text})
        elif isinstance(notice, Waiting):
            self._full, self._wanted = notice.reason, notice.job.resources
        elif isinstance(notice, Trouble):
            self._full, self._wanted = notice.what, Resources()

    # What the line brings.

    def _hear(self) -> None:
        frames, there = self._pipe.receive()
        self._heard_at = time.monotonic()
        for message, _ in frames:
            if message["do"] != "ping":
                try:
                    _OBEY[message["do"]](self, message["order"], message)
                except Unwritable as error:  # nothing may be said of it; it is said to us again over the next line
                    say(str(error))
                    raise HungUp(signal.SIGHUP) from error
        if not there:
            raise HungUp(signal.SIGHUP)

    def _start(self, order: str, message: dict[str, Any]) -> None:
        guest = at_home_here(guests.guest_from(message["guest"]), message["home"], str(self._store.home.root))
        with self._store.change() as change:
            guests.take(change, order, guest)
        self._know(order, message, resources_from(guest.resources))

    def _watch(self, order: str, message: dict[str, Any]) -> None:
        """What is not known here never came, and must not come later: nobody is sure of what a broken line still holds."""
        with self._store.change() as change:
            guests.refuse(change, order)
        self._know(order, message, None)

    def _know(self, order: str, message: dict[str, Any], resources: Resources | None) -> None:
        self._known[order] = Known(order, message.get("have", {}), time.monotonic(), resources=resources)

    def _withdraw(self, order: str, message: dict[str, Any]) -> None:
        with self._store.change() as change:
            guests.withdraw(change, order)

    def _stop(self, order: str, message: dict[str, Any]) -> None:
        """What waits never starts; what runs is stopped by its launcher, which knows in which state that ends."""
        with self._store.change() as change:
            if guests.withdraw(change, order):
                return
            attempt = _attempt_of(self._store, order)
            if attempt is None or attempt.ending:
                return
            change.stopping(attempt, "asked for by its queue")
        with passing():
            if line := connect(self._store.home, attempt.launcher):
                line.send(stop_message(attempt.name, message["state"], message["grace"]))
                line.close()

    def _forget(self, order: str, message: dict[str, Any]) -> None:
        """Its end is written down over there: nothing of it is needed here. Its name stays, so that it never comes again."""
        self._known.pop(order, None)
        self._courier.forget(order)
        standing = guests.standings(self._store, [order]).get(order)
        if standing and standing.state not in (*ACTIVE, State.QUEUED):
            rmtree(Path(self._store.home.attempt(order, 1)).parent, ignore_errors=True)

    # What becomes of them.

    def _follow(self, known: Known, standing: Standing | None) -> None:
        """Tell what the store knows of an order: the runner of another line, or one that is gone, may have brought it there."""
        if standing is None:
            return
        if standing.state is State.QUEUED:
            if time.monotonic() - known.since > GIVE_BACK:
                self._give_back(known)
        elif standing.state in ACTIVE:
            if standing.attempt and not known.running and standing.state is not State.STARTING:
                self._runs(known, standing.attempt)
        elif standing.attempt and standing.attempt.ending:
            self._known.pop(known.order)
            self._courier.follow(known.order, standing.attempt.directory, known.have)
            self._courier.end(known.order, _end(standing.attempt.ending, standing.attempt))
        else:
            self._drop(known)

    def _give_back(self, known: Known) -> None:
        with self._store.change() as change:
            if not guests.withdraw(change, known.order):
                return
        self._full, self._wanted = self._full or "it has no room now", known.resources or self._wanted
        self._tell_room()  # first: whoever hears that it never ran looks for a place at once, and must not find one here
        self._drop(known)

    def _drop(self, known: Known) -> None:
        self._known.pop(known.order, None)
        self._pipe.send({"is": "dropped", "order": known.order, "why": ""})

    def _runs(self, known: Known, attempt: Attempt) -> None:
        known.running = True
        self._courier.follow(known.order, attempt.directory, known.have)
        self._pipe.send({"is": "running", "order": known.order, "place": attempt.place})

    def _tell_room(self) -> None:
        """Each change once. What did not fit in is asked for again, until there is room."""
        if self._full and self._devices.room(self._wanted):
            self._full = ""
        room = {"is": "room", "slots": self._devices.default_slots, "full": self._full}
        if room != self._room:
            self._room = room
            self._pipe.send(room)


def _attempt_of(store: Store, order: str) -> Attempt | None:
    standing = guests.standings(store, [order]).get(order)
    return standing.attempt if standing else None


def _end(ending: Ending, attempt: Attempt | None) -> dict[str, Any]:
    """As a launcher reports it."""
    return {
        "state": ending.state.value,
        "exit_status": ending.exit_status,
        "reason": ending.reason,
        "duration": attempt.duration if attempt else None,
        "taken": ending.taken,
    }


_OBEY = {
    "start": Orders._start,
    "watch": Orders._watch,
    "withdraw": Orders._withdraw,
    "stop": Orders._stop,
    "forget": Orders._forget,
}
