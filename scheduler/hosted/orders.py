"""The orders of another queue, as a source of jobs: taken, given back where this machine has no room for them, and told of."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from typing import Any

from scheduler.gpus.packing import as_objects, uses_from
from scheduler.hosted.courier import Courier
from scheduler.hosted.pipe import Pipe
from scheduler.hosted.room import Room
from scheduler.hosted.visitors import at_home_here
from scheduler.launcher import inputs
from scheduler.launcher.client import connect, stop_message
from scheduler.linux.wakeups import Wakeups
from scheduler.queue import guests, origin_rows
from scheduler.queue.asks import as_json
from scheduler.queue.database import Unwritable
from scheduler.queue.guests import Standing
from scheduler.queue.job import Attempt, Ending, Job
from scheduler.queue.states import ACTIVE, State
from scheduler.queue.store import Store
from scheduler.runner.attempts import HungUp
from scheduler.runner.devices import Devices
from scheduler.runner.notices import Noted, Notice, Trouble, Warned
from scheduler.runner.orders import inputs_of
from scheduler.runner.plan import Wait
from scheduler.runner.sources import EarlyStop
from scheduler.shortage import passing
from scheduler.tracking.left import Grown

SILENCE = 60.0  # seconds after which the other side is gone, though the line does not say so
PATIENCE = 1.0  # seconds between two looks at what no event tells: jobs that another line of the same queue drives
GIVE_BACK = 2.0  # seconds that an order waits here; another host may have room for it
UNEXPLAINED = 10.0  # seconds, where nothing that is known here keeps it from starting


@dataclass
class Known:
    """An order that this line has asked about. `kind`: what its queue calls it and all that are like it; `have`: the sizes of its
    files over there; `since`: when it came."""

    order: str
    kind: str
    have: dict[str, int] = field(default_factory=dict)
    since: float = 0.0
    running: bool = False


class Orders:
    """As `scheduler.runner.sources.Source`; it never has enough, and leaves by HungUp when the line breaks."""

    def __init__(self, store: Store, devices: Devices, pipe: Pipe) -> None:
        self._store, self._devices, self._pipe, self._room = store, devices, pipe, Room(store, devices)
        self._courier = Courier(pipe.send)
        self._known: dict[str, Known] = {}
        self._heard_at = time.monotonic()
        self._told: dict[str, Any] = {}
        self._words: list[dict[str, Any]] = []  # what was said and is not done yet
        self._closed = ""  # why nothing that is said can be done

    def open(self, wakeups: Wakeups) -> None:
        wakeups.watch(self._pipe, self._hear)

    def room(self) -> dict[str, Any]:
        """What a queue is told of what there is room for."""
        return {**self._room.now(self._known), "closed": self._closed}

    def close(self) -> None:
        self._courier.close()

    def refill(self, free: int) -> bool:
        """Nothing is queued here, for orders come by themselves; but every turn is a moment to look at those that there are."""
        if time.monotonic() - self._heard_at > SILENCE:
            raise HungUp(signal.SIGHUP)
        self._obey()
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
            self._courier.end(job.id, self._end(ending, self._store.attempt(job.id, attempt.number) or attempt))
        self._tell_room()  # at once: there may be a slot for another line's order as well as for ours

    def hear_of(self, notice: Notice) -> None:
        """What the runner tells."""
        if isinstance(notice, Noted) and notice.job.id in self._known:
            self._pipe.send({"is": "note", "order": notice.job.id, "text": notice.text})
        elif isinstance(notice, Trouble):
            self._room.trouble = notice.what
            self._warn(notice.what)
        elif isinstance(notice, Warned):
            self._warn(notice.text)

    def _warn(self, text: str) -> None:
        for order in list(self._known)[:1]:
            self._tell_of_all(order, text)

    def _tell_of_all(self, order: str, text: str) -> None:
        """What concerns all that is here, in the name of one of them."""
        self._pipe.send({"is": "note", "order": order, "text": text, "of_host": True})

    # What the line brings.

    def _hear(self) -> None:
        frames, there = self._pipe.receive()
        self._heard_at = time.monotonic()
        self._words += [message for message, _ in frames if message["do"] != "ping"]
        self._obey()
        if not there:
            raise HungUp(signal.SIGHUP)

    def _obey(self) -> None:
        """In their order. What cannot be written down now is done in a later turn: before, nothing may be said of it."""
        words, self._words, why = self._words, [], ""
        for word in words:
            try:
                if all(word["order"] != each["order"] for each in self._words):
                    _OBEY[word["do"]](self, word["order"], word)
                    continue
            except Unwritable as error:
                why = str(error)
            self._words.append(word)
        if why and not self._closed:
            self._tell_of_all(self._words[0]["order"], why)
        self._closed = why

    def _start(self, order: str, message: dict[str, Any]) -> None:
        guest = at_home_here(guests.guest_from(message["guest"]), message["home"], str(self._store.home.root))
        with self._store.change() as change:
            guests.take(change, order, guest, uses_from(message.get("uses", ())))
        with suppress(OSError):  # its launcher tries again, and says why; of what was never here it would say that it was lost
            inputs.restore(inputs_of(self._store.job(order), self._store.home.root))
        self._know(order, message)

    def _watch(self, order: str, message: dict[str, Any]) -> None:
        """What is not known here never came, and must not come later: nobody is sure of what a broken line still holds."""
        if order not in guests.standings(self._store, [order]):
            with self._store.change() as change:
                guests.refuse(change, order)
        self._know(order, message)

    def _know(self, order: str, message: dict[str, Any]) -> None:
        job = self._store.job(order)
        kind = message.get("kind") or as_json(job.resources)  # whoever only watches it has not looked at the job
        self._known[order] = Known(order, kind, message.get("have", {}), time.monotonic())
        self._devices.expect([job])  # where it shares a GPU by its number there are so many slots from now on

    def _withdraw(self, order: str, message: dict[str, Any]) -> None:
        with self._store.change() as change:
            guests.withdraw(change, order)

    def _stop(self, order: str, message: dict[str, Any]) -> None:
        """What waits never starts; what runs is stopped by its launcher, which knows in which state that ends."""
        standing = guests.standings(self._store, [order]).get(order)
        if standing is None or standing.state not in ACTIVE:
            with self._store.change() as change:
                if guests.withdraw(change, order):
                    return
            standing = guests.standings(self._store, [order]).get(order)
        if standing is None or standing.attempt is None or standing.attempt.ending:
            return
        attempt = standing.attempt
        with suppress(Unwritable), self._store.change() as change:  # without room nobody reads why; it is stopped all the same
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
            self._look_for_a_place(known)
        elif standing.state in ACTIVE:
            if standing.attempt and not known.running and standing.state is not State.STARTING:
                self._runs(known, standing.attempt)
        elif standing.attempt and standing.attempt.ending:
            self._known.pop(known.order)
            self._courier.follow(known.order, standing.attempt.directory, known.have)
            self._courier.end(known.order, self._end(standing.attempt.ending, standing.attempt))
        else:
            self._drop(known)

    def _look_for_a_place(self, known: Known) -> None:
        """What the plan would start now, the runner starts in this turn; if it does not, nobody knows why."""
        waited = time.monotonic() - known.since
        wait = self._room.obstacle(known.order) if waited > GIVE_BACK else None
        if wait or waited > UNEXPLAINED:
            self._give_back(known, wait)

    def _give_back(self, known: Known, wait: Wait | None) -> None:
        with self._store.change() as change:
            if not guests.withdraw(change, known.order):
                return
        self._room.gave_back(self._store.job(known.order), known.kind, wait)
        self._tell_room()  # first: whoever hears that it never ran looks for a place at once, and must not find one here
        self._drop(known)

    def _drop(self, known: Known) -> None:
        self._known.pop(known.order, None)
        self._pipe.send({"is": "dropped", "order": known.order, "why": ""})

    def _runs(self, known: Known, attempt: Attempt) -> None:
        known.running = True
        self._room.started(known.kind)
        self._courier.follow(known.order, attempt.directory, known.have)
        self._pipe.send({"is": "running", "order": known.order, "origin": self._origin(attempt)})

    def _end(self, ending: Ending, attempt: Attempt) -> dict[str, Any]:
        """As a launcher reports it, and where it was: what is brief is over before anybody says that it runs."""
        return {
            "state": ending.state.value,
            "exit_status": ending.exit_status,
            "reason": ending.reason,
            "duration": attempt.duration,
            "taken": ending.taken,
            "origin": self._origin(attempt),
            # What it had and used of each GPU: whether it runs once more, where, and with how much, its queue decides.
            "uses": as_objects(self._store.uses_of(attempt)) if attempt.gpus else [],
        }

    def _origin(self, attempt: Attempt) -> dict[str, Any] | None:
        """This machine, and the Python and the GPUs that it got here. What this machine is called is for its queue to say: people
        know it by the name by which they log in to it."""
        found = origin_rows.origin_of(self._store, attempt)
        if found is None:
            return None
        python = found.interpreter.as_object() if found.interpreter else None
        return {"kernel": found.kernel, "driver": found.driver, "python": python, "gpus": attempt.gpus}

    def _tell_room(self) -> None:
        """Each change once."""
        if (room := self.room()) != self._told:
            self._told = room
            self._pipe.send({"is": "room", **room})


_OBEY = {
    "start": Orders._start,
    "watch": Orders._watch,
    "withdraw": Orders._withdraw,
    "stop": Orders._stop,
    "forget": Orders._forget,
}
