"""The one loop: see, decide, do, wait. `run` and `sweep` differ only in where the next job comes from."""

from __future__ import annotations

import contextlib
import math
import signal
import time
from collections.abc import Callable, Sequence

from scheduler.gpus.placement import Refusal
from scheduler.jobs import aftermath, failpoints, recovery
from scheduler.jobs.changes import Changes
from scheduler.jobs.database import Unwritable
from scheduler.jobs.devices import Devices
from scheduler.jobs.driven import End, HungUp, Ready, Running
from scheduler.jobs.ends import write_end
from scheduler.jobs.environment import Differences
from scheduler.jobs.left_out import Choice, LeftOut
from scheduler.jobs.notices import Ended, Interrupted, Joined, Noted, Notice, Resized, Started, Trouble, Waiting, Warned
from scheduler.jobs.orders import order_of
from scheduler.jobs.outlook import Outlook
from scheduler.jobs.plan import Start, Stop, Wait
from scheduler.jobs.sources import EarlyStop, QueueAlone, Source
from scheduler.jobs.spawning import Order
from scheduler.jobs.states import State
from scheduler.jobs.store import Store
from scheduler.jobs.streaks import Streaks
from scheduler.jobs.supervision import Supervision
from scheduler.jobs.values import Attempt, Ending, Job
from scheduler.jobs.waits import Waits
from scheduler.jobs.wakeups import HEARD, Wakeups
from scheduler.jobs.wandering import Wanderers
from scheduler.shortage import Shortage, is_short, words

MISFIRES = 3
IMPATIENCE = 2  # Ctrl-C's that are heard; at the next one we leave
GATHER = 0.02  # seconds that the ends of short jobs may gather for one commit


class Runner:
    """Drives the jobs that `store.drive(...)` named until all of them are over, or a person stops it."""

    def __init__(
        self,
        store: Store,
        devices: Devices,
        slots: int | None,
        tell: Callable[[Notice], None],
        source: Source | None = None,
        grace: float | None = None,
        streaks: Streaks | None = None,
    ) -> None:
        """`slots`: at most so many jobs at once; None: as many as the machine offers, now and later. `grace`: seconds from SIGINT
        to SIGTERM of a stop, instead of the jobs' own. `streaks`: which programs fail too often in a row; None: however often,
        all jobs are started."""
        self._store, self._devices, self._tell, self._grace = store, devices, tell, grace
        self._slots, self._limit, self._offer = slots, slots or devices.default_slots, devices.note
        self._source = source or QueueAlone()
        self._choice = Choice(store, devices, streaks or Streaks(math.inf))
        self._outlook = Outlook(store, devices, self._choice)
        self._more = self._stuck = False
        self._stop = Stop.NO
        self._interrupts = 0
        self._waits, self._wanderers = Waits(), Wanderers(store)
        self._differences = Differences()
        self._troubles: set[str] = set()
        self._is_waiting = False
        self._at_once = False
        self._now = 0.0  # when this turn began, by the clock of the store

    @property
    def interrupted(self) -> bool:
        """Whether a Ctrl-C was heard."""
        return self._interrupts > 0

    @property
    def left_out(self) -> list[LeftOut]:
        """Jobs that stay queued although there were slots for them."""
        return self._choice.left_out()

    def run(self) -> None:
        """Returns when every job of ours is over and the source has no more, or when after a Ctrl-C nothing of ours runs.

        HungUp on SIGHUP and SIGTERM.
        """
        with Wakeups(self._on_signal) as self._wakeups:
            self._jobs = Supervision(self._store, self._devices, self._wakeups, self._limit, self._pause, self._noted)
            for source in self._devices.sources():
                self._wakeups.watch(source, self._devices.refresh)
            try:
                self._source.open(self._wakeups)
                while self._turn():
                    self._wakeups.wait(self._patience())
                    self._gather()
            finally:
                self._jobs.leave()
                self._source.close()

    # See and decide.

    def _turn(self) -> bool:
        """One turn of the loop; False when there is nothing left to do."""
        self._now = time.time()
        self._follow_the_machine()
        for joined in self._jobs.join():
            self._source.began(joined.job, joined.attempt)
            self._tell(Joined(joined.job, joined.attempt))
            if note := recovery.note_of(self._store.home, joined.attempt):
                self._noted(joined, note)
        ends = self._jobs.take_ends()
        if self._choice.heard(ends):
            self._jobs.fleet.call_back()
        over = {end.running.attempt.name for end in ends}
        active = [running.job for name, running in self._jobs.running.items() if name not in over]
        self._more = self._stop is Stop.NO and self._refilled(max(0, self._limit - len(active)))
        self._stop_early(self._source.stops(), over)
        decisions = self._outlook.decide(active, self._open_slots(len(active)), now=self._now, stop=self._stop)
        waits = [each for each in decisions if isinstance(each, Wait)]
        self._at_once = self._write(ends, [each for each in decisions if isinstance(each, Start)], waits)
        for notice in self._choice.news():
            self._tell(notice)
        self._tell_waits(waits)
        self._jobs.refuse_to_misfire_for_ever()
        self._devices.pace(self._is_waiting)
        with contextlib.suppress(Unwritable):  # it is seen again
            self._wanderers.note(self._devices.astray(), self._jobs.running)
        for text in self._devices.warnings(self._jobs.claims()):
            self._tell(Warned(text))
        return bool(self._jobs.running or self._jobs.ends) or (self._stop is Stop.NO and self._is_more_to_come())

    def _follow_the_machine(self) -> None:
        """GPUs come and go while we run, and so does what may run at once, unless a person has set that."""
        self._devices.refresh()
        limit, offer = self._slots or self._devices.default_slots, self._devices.note
        if (limit, offer) != (self._limit, self._offer):
            self._limit, self._offer = limit, offer
            self._jobs.fleet.resize(limit)
            self._choice.judge_anew()
            self._tell(Resized(offer, limit))

    def _refilled(self, free: int) -> bool:
        self._stuck = False
        try:
            return self._source.refill(free)
        except (Unwritable, Shortage) as error:
            self._pause(str(error))
            self._stuck = True
            return True

    def _is_more_to_come(self) -> bool:
        waits = self._more or self._store.mine_are_queued()
        # Nothing of ours runs. What came into the queue after we had looked, nobody else may start, and no event tells of it.
        holds_off = self._is_waiting or self._jobs.shortage.left(time.monotonic()) > 0
        overlooked = not holds_off and bool(self._store.mine_waiting(1, time.time()))
        # Asked after the queue: what another runner has just taken from it must be found here, and joined at once.
        self._at_once = self._at_once or overlooked or bool(self._store.mine_active_names())
        return waits or self._at_once

    def _open_slots(self, active: int) -> int:
        # Attempts that wait in a launcher count as active, but only one in each runs.
        capacity = self._limit if self._devices.with_gpus or self._is_waiting else self._jobs.fleet.capacity
        return self._jobs.shortage.most(capacity, active, time.monotonic())

    def _patience(self) -> float | None:
        if self._jobs.ends or self._at_once:
            return 0.0
        ticks = [self._devices.patience()] if self._is_waiting or self._stuck or self._jobs.has_visits else []
        if (tick := self._source.patience()) is not None:
            ticks.append(tick)
        due = self._store.mine_next_due(self._now) if self._stop is Stop.NO and len(self._jobs.running) < self._limit else None
        if due is not None:
            ticks.append(max(0.001, due - time.time()))
        if pause := self._jobs.shortage.left(time.monotonic()):
            ticks.append(pause)
        return min(ticks, default=None)

    def _gather(self) -> None:
        """Let the ends of short jobs come together, as long as no launcher runs dry."""
        deadline = time.monotonic() + GATHER
        while self._jobs.ends and self._jobs.fleet.well_fed() and (left := deadline - time.monotonic()) > 0:
            self._wakeups.wait(left)

    def _tell_waits(self, waits: list[Wait]) -> None:
        self._is_waiting = self._is_waiting or bool(waits)
        for wait in self._waits.news(waits, time.monotonic()):
            self._tell(Waiting(wait.job, wait.reason))

    # Do: one transaction for what ended and what starts; only what is on disk is sent.

    def _write(self, ends: list[End], starts: list[Start], waits: list[Wait]) -> bool:
        """Returns whether the next turn may find more to start than this one did. A lost claim race joins `waits`."""
        self._is_waiting = False
        ready = self._claimed(starts, waits)
        if not ends and not ready:
            return False
        try:
            with self._store.change() as change:
                retried = [write_end(self._store, change, end) for end in ends]
                begun = [self._begin(change, each) for each in ready]
                failpoints.reach("begin-written")
        except Unwritable as error:
            self._cannot_write(str(error), ends, ready)
            return False
        failpoints.reach("begin-committed")
        # First what the slots wait for, then what people and sources hear of it.
        started = [self._hand_over(each, attempt) for each, attempt in zip(ready, begun, strict=True)]
        self._jobs.fleet.flush()
        for end, again in zip(ends, retried, strict=True):
            self._over(end, again)
        for running in filter(None, started):
            self._source.began(running.job, running.attempt)
            if elsewhere := self._differences.news(running.job, self._store.surroundings(running.job)):
                self._tell(elsewhere)
            self._tell(Started(running.job, running.attempt))
        if self._more and ready:  # the source may have another for the next slot
            return True
        return any(retried) or None in begun or any(isinstance(end.found, recovery.NeverRan) for end in ends)

    def _begin(self, change: Changes, ready: Ready) -> Attempt | None:
        attempt = change.begin(ready.job, ready.slot.id, ready.gpus)
        if attempt and ready.claim:
            change.used(aftermath.granted(attempt, self._devices.used(ready.claim.id)))
        return attempt

    def _cannot_write(self, what: str, ends: list[End], ready: list[Ready]) -> None:
        """No room on the disk: start nothing, forget nothing, look again in a while."""
        self._jobs.ends[:0] = ends
        for each in ready:
            each.slot.release()
            each.let_go()
        self._pause(what)

    def _pause(self, what: str) -> None:
        self._is_waiting = True
        self._jobs.shortage.met(time.monotonic())
        if what not in self._troubles:
            self._troubles.add(what)
            self._tell(Trouble(what))

    def _claimed(self, starts: list[Start], waits: list[Wait]) -> list[Ready]:
        ready = []
        for start in starts:
            try:
                found = self._with_launcher(start)
            except OSError as error:
                if not is_short(error):
                    raise
                self._pause(words(error))
                break
            if isinstance(found, Refusal):
                waits.append(Wait(start.job, found.sentence))
            else:
                ready.append(found)
        return ready

    def _with_launcher(self, start: Start) -> Ready | Refusal:
        """The job with its claim and a launcher. OSError where the machine has no room for these: then there is no claim."""
        claim = self._devices.take(start) if start.placement else None
        if isinstance(claim, Refusal):
            return claim
        failpoints.reach("claim-taken")
        try:
            return Ready(start.job, self._jobs.fleet.choose(), claim)
        except OSError:
            if claim:
                claim.close()
            raise

    def _hand_over(self, ready: Ready, attempt: Attempt | None) -> Running | None:
        """Send a begun attempt to its launcher; None where somebody else was quicker to begin the job."""
        if attempt is None:
            ready.slot.release()
            ready.let_go()
            return None
        return self._jobs.hand_over(ready, attempt, self._order(ready, attempt))

    def _order(self, ready: Ready, attempt: Attempt) -> Order:
        job, claimed = ready.job, ready.claim.environment() if ready.claim else None
        threads = max(1, self._devices.cores // self._limit)
        return order_of(job, attempt, claimed, self._store.surroundings(job), threads, self._grace_of(job))

    def _grace_of(self, job: Job) -> float:
        return job.policy.grace if self._grace is None else self._grace

    def _over(self, end: End, again: str) -> None:
        self._jobs.forget(end)
        if isinstance(end.found, Ending):
            self._devices.ended(end.uses)
            if again:
                self._choice.again(end.running.job)
            self._source.ended(end.running.job, end.running.attempt, end.found, again=bool(again))
            self._tell(Ended(end.running.job, end.running.attempt, end.found, end.duration, bool(again), again))

    # Stops: a person's signals, and trials that fall behind.

    def _on_signal(self, number: int) -> None:
        if number != signal.SIGINT:
            if number in HEARD:
                raise HungUp(number)
            return
        self._interrupts += 1
        if self._interrupts > IMPATIENCE:
            raise HungUp(number)
        self._stop = Stop.DRAIN if self._interrupts == 1 else Stop.NOW
        self._jobs.fleet.call_back()
        running = self._jobs.running
        grace = max((self._grace_of(each.job) for each in running.values()), default=0.0)
        self._tell(Interrupted(self._interrupts, len(running), grace))
        if self._stop is Stop.NOW:
            self._jobs.stop(State.CANCELLED, dict.fromkeys(running, "interrupted"), self._grace)

    def _stop_early(self, stops: Sequence[EarlyStop], over: set[str]) -> None:
        there = self._jobs.running.keys() - over
        reasons = {stop.attempt: stop.reason for stop in stops if stop.attempt in there}
        self._jobs.stop(State.STOPPED_EARLY, reasons, self._grace)

    def _noted(self, running: Running, text: str) -> None:
        self._tell(Noted(running.job, running.attempt, text))
