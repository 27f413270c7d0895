"""A runner's launchers, one per slot: which of them takes the next attempt, and how many short ones are sent ahead."""

from __future__ import annotations

import bisect
import itertools
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from scheduler.home import Home
from scheduler.launcher.client import Launch, Slot
from scheduler.linux.wakeups import Wakeups
from scheduler.queue.job import Attempt, Job
from scheduler.runner.ports import open_with_port

# Short jobs are sent ahead, up to so many and so many seconds of work, so that a launcher never waits for a commit.
MOST_AHEAD = 32
WORK_AHEAD = 0.05
# Behind a job of a brief kind one waits in its launcher; where such a job takes longer after all, that is taken back.
BRIEF = 0.25  # seconds, by the mean
PATIENCE = 0.5  # seconds since it was seen alive
MEMORY = 0.8  # weight of the past in the mean duration


class Fleet:
    """The launchers that this runner started.

    `heard` is called with every report, `died` with the names of the attempts that a launcher had when it was
    gone, and what it was forked for.
    """

    def __init__(
        self,
        home: Home,
        wakeups: Wakeups,
        limit: int,
        heard: Callable[[dict[str, Any]], None],
        died: Callable[[list[str], str], None],
        orphans: Callable[[], set[int]],
        early: Callable[[], Slot | None] = lambda: None,
    ) -> None:
        """`orphans`: the numbers of attempts that run outside of these launchers; no new launcher gets one of them. `early`:
        gives one that was begun before, as long as there is one."""
        self._home, self._wakeups, self._limit, self._heard, self._died = home, wakeups, limit, heard, died
        self._orphans, self._early = orphans, early
        self._slots: list[Slot] = []
        self._mean, self._has_learned = WORK_AHEAD, False

    @property
    def depth(self) -> int:
        """How many attempts a launcher may hold, by the mean duration of the last ones."""
        return max(1 + self._is_brief, min(MOST_AHEAD, int(WORK_AHEAD / self._mean)))

    @property
    def _is_brief(self) -> bool:
        """Whether the kind of jobs is one behind which another may wait in the launcher."""
        return self._has_learned and self._mean < BRIEF

    @property
    def capacity(self) -> int:
        """How many attempts all launchers together may hold."""
        busy = [slot for slot in self._slots if slot.busy]
        return sum(1 + slot.behind for slot in busy) + max(0, self._limit - len(busy)) * self.depth

    def resize(self, limit: int) -> None:
        """From now on so many launchers at most; those that there are go on."""
        for slot in self._with_one_behind() if limit < self._limit else ():
            slot.keep_behind(0)
        self._limit = limit

    def recall(self, now: float) -> None:
        """The turn is over: take back what waits behind a job that has turned out to be no brief one, by `now` on the monotonic
        clock, or while the queue has nothing more for an idle launcher."""
        is_idle = any(not slot.load for slot in self._slots)
        for slot in self._with_one_behind():
            if is_idle or now >= slot.patient_until:
                slot.keep_behind(0)

    def patience(self, now: float) -> float | None:
        """In how many seconds there may be something to take back; None: nothing waits behind a job."""
        return min((max(0.001, slot.patient_until - now) for slot in self._with_one_behind()), default=None)

    def _with_one_behind(self) -> list[Slot]:
        return [slot for slot in self._slots if slot.busy and slot.behind and slot.load > 1]

    def learn(self, duration: float) -> None:
        """Note how long a job took."""
        self._mean = max(0.0005, MEMORY * self._mean + (1 - MEMORY) * duration)
        self._has_learned = True

    def choose(
        self,
        job: Job | None = None,
        warm: str | None = None,
        launch: Callable[[], Launch | None] = lambda: None,
        host: str = "",
    ) -> Slot:
        """The launcher for one more attempt, of whichever job: an idle one, a new one, or the one with the least to do.
        `Slot.start` or `Slot.release` must follow. `warm`: which orders it should be able to fork; `launch` tells how one is
        begun that can, if that is worth it: it takes the place of an idle one that cannot. `host`: here there is but one."""
        slot = self._least([each for each in self._slots if not warm or each.warm == warm])
        if slot is None or slot.load:
            way = launch() if warm else None
            slot = self._anew(warm, way) if warm and way else None
            slot = slot or self._least(self._slots)
            if slot is None or (slot.load and len(self._slots) < self._limit):
                slot = self._open("", None)
        slot.reserved += 1
        return slot

    def _least(self, slots: Sequence[Slot]) -> Slot | None:
        there_is_room = (each for each in slots if not each.busy or each.load <= each.behind)
        return min(there_is_room, key=lambda each: each.load, default=None)

    def _anew(self, warm: str, way: Launch) -> Slot | None:
        """A launcher begun in that way, in the place of an idle one where there are as many as there may be; None: none is
        idle."""
        if len(self._slots) >= self._limit:
            idle = next((each for each in self._slots if not each.load), None)
            if idle is None:
                return None
            self._wakeups.forget(idle)
            self._slots.remove(idle)
            idle.close()
            idle.process.wait()
        return self._open(warm, way)

    def well_fed(self) -> bool:
        """Whether every launcher has enough to go on with, so that news may gather for one commit."""
        return self.depth > 1 and all(slot.busy or len(slot.attempts) > self.depth // 2 for slot in self._slots)

    def flush(self) -> None:
        """Send the orders that have gathered."""
        for slot in self._slots:
            slot.channel.flush()

    def call_back(self) -> None:
        """Take back everything that has not started; `dropped` is reported for each."""
        for slot in self._slots:
            slot.revoke_ahead()

    def leave(self) -> None:
        """Let go of all launchers: those without a job end now, the others when they have finished."""
        for slot in self._slots:
            slot.channel.close()
        for slot in self._slots:
            if not slot.attempts:
                slot.process.wait()

    def attend(self, attempt: Attempt) -> None:
        """Attempts of others are none of these launchers'."""

    def over(self, attempt: Attempt) -> None:
        """Its end is written down; a launcher keeps nothing for itself."""

    def tidy(self, still_needed: Collection[str]) -> None:
        """Launchers take along what they have, and `sweep` what those leave that were killed."""

    def _open(self, warm: str, launch: Launch | None) -> Slot:
        slot = (None if launch else self._early()) or open_with_port(self._home, launch)
        slot.warm = warm if launch else ""
        taken = {each.number for each in self._slots} | self._orphans()
        slot.number = next(number for number in itertools.count() if number not in taken)
        bisect.insort(self._slots, slot, key=lambda each: each.number)
        self._wakeups.watch(slot, lambda: self._hear(slot))
        return slot

    def _hear(self, slot: Slot) -> None:
        messages, there = slot.channel.receive()
        for message, _ in messages:
            if message["is"] == "running":
                self._is_no_short_job(slot, message["attempt"])
            elif message["is"] in ("ended", "dropped"):
                slot.over(message["attempt"])
            self._heard(message)
        if not there:
            self._wakeups.forget(slot)
            slot.channel.close()
            slot.process.wait()
            self._slots.remove(slot)
            self._died(slot.attempts, slot.warm)

    def _is_no_short_job(self, slot: Slot, attempt: str) -> None:
        """Of a brief kind one may wait behind it, as long as there are as many launchers as there may be."""
        slot.busy, slot.patient_until = attempt, time.monotonic() + PATIENCE
        slot.keep_behind(1 if self._is_brief and len(self._slots) == self._limit else 0)
