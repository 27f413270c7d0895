"""The one loop: see, decide, do, wait. `run` and `sweep` differ only in where the next job comes from."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from scheduler.errors import StateError
from scheduler.gpus.placement import Refusal
from scheduler.jobs import aftermath, failpoints, recovery
from scheduler.jobs.changes import Changes
from scheduler.jobs.database import Unwritable
from scheduler.jobs.devices import Devices
from scheduler.jobs.driven import End, HungUp, Ready, Running
from scheduler.jobs.ends import write_end
from scheduler.jobs.environment import child_environment, log_cap
from scheduler.jobs.fleet import Fleet
from scheduler.jobs.notices import Ended, Interrupted, Joined, Notice, Started, Trouble, Waiting, Warned
from scheduler.jobs.plan import Start, Stop, Wait, World, plan
from scheduler.jobs.slots import sweep
from scheduler.jobs.sources import EarlyStop, QueueAlone, Source
from scheduler.jobs.spawning import Order
from scheduler.jobs.states import ACTIVE, State
from scheduler.jobs.store import Store
from scheduler.jobs.values import Attempt, Ending, Job
from scheduler.jobs.visits import Visits
from scheduler.jobs.waits import Waits
from scheduler.jobs.wakeups import HEARD, Wakeups

MISFIRES = 3
IMPATIENCE = 2  # Ctrl-C's that are heard; at the next one we leave
LOOK_AHEAD = 16  # queued jobs considered beyond the free slots, so that one that must wait does not hide one that fits
GATHER = 0.02  # seconds that the ends of short jobs may gather for one commit


class Runner:
    """Drives the jobs that `store.drive(...)` named until all of them are over, or a person stops it."""

    def __init__(
        self, store: Store, devices: Devices, slots: int, tell: Callable[[Notice], None], source: Source | None = None
    ) -> None:
        self._store, self._devices, self._limit, self._tell = store, devices, slots, tell
        self._source = source or QueueAlone()
        self._more = self._stuck = False
        self._running: dict[str, Running] = {}
        self._ends: list[End] = []
        self._stop = Stop.NO
        self._interrupts = 0
        self._waits = Waits()
        self._troubles: set[str] = set()
        self._is_waiting = False
        self._at_once = False
        self._misfires = 0
        self._now = 0.0  # when this turn began, by the clock of the store

    @property
    def interrupted(self) -> bool:
        """Whether a Ctrl-C was heard."""
        return self._interrupts > 0

    def run(self) -> None:
        """Returns when every job of ours is over and the source has no more, or when after a Ctrl-C nothing of ours runs.

        HungUp on SIGHUP and SIGTERM.
        """
        with Wakeups(self._on_signal) as self._wakeups:
            self._visits = Visits(self._store.home, self._wakeups, self._heard_elsewhere)
            self._fleet = Fleet(self._store.home, self._wakeups, self._limit, self._heard, self._launcher_died)
            for source in self._devices.sources():
                self._wakeups.watch(source, self._devices.refresh)
            try:
                self._source.open(self._wakeups)
                while self._turn():
                    self._wakeups.wait(self._patience())
                    self._gather()
            finally:
                self._leave()

    # See and decide.

    def _turn(self) -> bool:
        """One turn of the loop; False when there is nothing left to do."""
        self._now = time.time()
        self._join()
        ends, self._ends = self._ends, []
        over = {end.running.attempt.name for end in ends}
        active = [running.job for name, running in self._running.items() if name not in over]
        self._more = self._stop is Stop.NO and self._refilled(max(0, self._limit - len(active)))
        self._stop_early(self._source.stops(), over)
        decisions = plan(self._see(active))
        waits = [each for each in decisions if isinstance(each, Wait)]
        self._at_once = self._write(ends, [each for each in decisions if isinstance(each, Start)], waits)
        self._tell_waits(waits)
        self._refuse_to_misfire_for_ever()
        self._devices.pace(self._is_waiting)
        for text in self._devices.warnings({running.claim for running in self._running.values() if running.claim}):
            self._tell(Warned(text))
        return bool(self._running or self._ends) or (self._stop is Stop.NO and self._is_more_to_come())

    def _refilled(self, free: int) -> bool:
        self._stuck = False
        try:
            return self._source.refill(free)
        except Unwritable as error:
            self._pause(str(error))
            self._stuck = True
            return True

    def _is_more_to_come(self) -> bool:
        waits = self._more or self._store.mine_are_queued()
        # Asked after the queue: what another runner has just taken from it must be found here, and joined at once.
        self._at_once = self._at_once or bool(self._store.mine_active_names())
        return waits or self._at_once

    def _see(self, active: list[Job]) -> World:
        with_gpus = bool(self._devices.sources())
        # Attempts that wait in a launcher count as active, but only one in each runs.
        slots = self._limit if with_gpus or self._is_waiting else self._fleet.capacity
        free, further = max(0, slots - len(active)), LOOK_AHEAD if with_gpus or self._is_waiting else 0
        waiting = tuple(self._store.mine_waiting(free + further, self._now)) if free else ()
        return World(
            waiting=waiting,
            active=tuple(active),
            slots=slots,
            cores=self._devices.cores,
            gpus=self._devices.view(self._store.gpu_uses(waiting) if with_gpus and waiting else {}),
            stop=self._stop,
        )

    def _patience(self) -> float | None:
        if self._ends or self._at_once:
            return 0.0
        ticks = [self._devices.patience()] if self._is_waiting or self._stuck or self._visits.orphans else []
        if (tick := self._source.patience()) is not None:
            ticks.append(tick)
        due = self._store.mine_next_due(self._now) if self._stop is Stop.NO and len(self._running) < self._limit else None
        if due is not None:
            ticks.append(max(0.001, due - time.time()))
        return min(ticks, default=None)

    def _gather(self) -> None:
        """Let the ends of short jobs come together, as long as no launcher runs dry."""
        deadline = time.monotonic() + GATHER
        while self._ends and self._fleet.well_fed() and (left := deadline - time.monotonic()) > 0:
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
        self._fleet.flush()
        for end, again in zip(ends, retried, strict=True):
            self._over(end, again)
        for running in filter(None, started):
            self._source.began(running.job, running.attempt)
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
        self._ends = [*ends, *self._ends]
        for each in ready:
            each.slot.release()
            each.let_go()
        self._pause(what)

    def _pause(self, what: str) -> None:
        self._is_waiting = True
        if what not in self._troubles:
            self._troubles.add(what)
            self._tell(Trouble(what))

    def _claimed(self, starts: list[Start], waits: list[Wait]) -> list[Ready]:
        ready = []
        for start in starts:
            claim = self._devices.take(start) if start.placement else None
            if isinstance(claim, Refusal):
                waits.append(Wait(start.job, claim.sentence))
            else:
                failpoints.reach("claim-taken")
                ready.append(Ready(start.job, self._fleet.choose(), claim))
        return ready

    def _hand_over(self, ready: Ready, attempt: Attempt | None) -> Running | None:
        """Send a begun attempt to its launcher; None where somebody else was quicker to begin the job."""
        if attempt is None:
            ready.slot.release()
            ready.let_go()
            return None
        running = self._running[attempt.name] = Running(ready.job, attempt, ready.slot, ready.claim.id if ready.claim else "")
        ready.slot.start(self._order(ready, attempt), [ready.claim.fd] if ready.claim else [], more=True)
        ready.let_go()
        return running

    def _order(self, ready: Ready, attempt: Attempt) -> Order:
        job, claimed = ready.job, ready.claim.environment() if ready.claim else None
        environment = child_environment(job, attempt, claimed, threads=max(1, self._devices.cores // self._limit))
        cap = log_cap()
        return Order(attempt.name, list(job.argv), job.cwd, attempt.directory, environment, job.policy.timeout, log_cap=cap)

    def _over(self, end: End, again: str) -> None:
        self._running.pop(end.running.attempt.name, None)
        if isinstance(end.found, Ending):
            self._misfires = 0
            self._fleet.learn(end.duration or 0.0)
            self._devices.ended(end.uses)
            self._source.ended(end.running.job, end.running.attempt, end.found, again=bool(again))
            self._tell(Ended(end.running.job, end.running.attempt, end.found, end.duration, bool(again), again))

    # Launchers: ours, and those of others that run a job of ours.

    def _heard(self, message: dict) -> None:
        running = self._running.get(message["attempt"])
        if running is None:
            return
        if message["is"] == "running":
            # Without room on the disk the pid is not noted; the attempt's end will be.
            with contextlib.suppress(Unwritable), self._store.change() as change:
                change.runs(running.attempt, message["pid"], message["birth"])
        elif message["is"] == "dropped":
            self._ends.append(End(running, recovery.NeverRan(), None))
            if message["why"]:
                self._pause(message["why"])
        else:
            failpoints.reach("end-heard")
            end = message["end"]
            self._note_end(running, recovery.ending_of(end), end["duration"])

    def _launcher_died(self, attempts: list[str]) -> None:
        """Its job may live on; whoever watches orphans finds out."""
        self._misfires += 1
        for name in attempts:
            running = self._running[name]
            running.slot = None
            self._visits.attend(running.attempt)

    def _refuse_to_misfire_for_ever(self) -> None:
        if self._misfires >= MISFIRES:
            raise StateError(
                f"{MISFIRES} launchers in a row ended before a job did",
                next_step=f"the reason may stand in a journal in {self._store.home.launchers}; is memory or disk space short?",
            )

    def _heard_elsewhere(self, attempt: Attempt, found: recovery.Verdict, duration: float | None) -> None:
        running = self._running.get(attempt.name)
        if running:
            self._note_end(running, found, duration)

    def _note_end(self, running: Running, found: recovery.Verdict, duration: float | None) -> None:
        if isinstance(found, Ending) and found.state is State.STOPPED_EARLY:
            found = replace(found, reason=found.reason or running.why_stopped)
        shares = self._devices.used(running.claim) or aftermath.shares_from(self._store, running.attempt)
        judged, uses = aftermath.judged(running.attempt, found, shares)
        self._ends.append(End(running, judged, duration, uses))

    def _join(self) -> None:
        """Watch attempts at jobs of ours that we did not start, and look again at those that no launcher tells about."""
        self._visits.look_again()
        strangers = [name.split("/")[0] for name in self._store.mine_active_names() if name not in self._running]
        if not strangers:
            return
        jobs = self._store.by_ids(strangers)
        latest = self._store.latest_attempts(jobs)
        for job in jobs:
            if job.state in ACTIVE and job.id in latest:
                attempt = latest[job.id]
                self._running[attempt.name] = Running(job, attempt, claim=self._devices.adopt(job))
                self._source.began(job, attempt)
                self._visits.attend(attempt)
                self._tell(Joined(job, attempt))

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
        self._fleet.call_back()
        self._tell(Interrupted(self._interrupts, len(self._running)))
        if self._stop is Stop.NOW:
            self._stop_all()

    def _stop_all(self) -> None:
        self._stop_as(State.CANCELLED, dict.fromkeys(self._running, "interrupted"))

    def _stop_early(self, stops: Sequence[EarlyStop], over: set[str]) -> None:
        self._stop_as(State.STOPPED_EARLY, {s.attempt: s.reason for s in stops if s.attempt in self._running.keys() - over})

    def _stop_as(self, state: State, reasons: Mapping[str, str]) -> None:
        """Stop attempts, by their names, so that they end in `state`."""
        if not reasons:
            return
        # Without room on the disk nobody reads why; they are stopped all the same.
        with contextlib.suppress(Unwritable), self._store.change() as change:
            for name, reason in reasons.items():
                change.stopping(self._running[name].attempt, reason)
        failpoints.reach("stop-written")
        for name, reason in reasons.items():
            running = self._running[name]
            running.why_stopped = reason
            if running.slot:
                running.slot.stop(name, state.value)
            else:
                self._visits.stop(running.attempt, state.value)

    def _leave(self) -> None:
        """Let go of the launchers: the idle ones end, the others finish what they have."""
        self._fleet.leave()
        self._visits.close()
        self._source.close()
        sweep(self._store.home, {attempt.launcher for attempt in self._store.open_attempts()})
