"""The attempts that are under way for one runner: hand them to launchers, hear how they end, join those of others, stop them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from scheduler.errors import StateError
from scheduler.failpoints import reach
from scheduler.launcher.places import gone, sweep
from scheduler.launcher.spawning import Order
from scheduler.linux.wakeups import Wakeups
from scheduler.queue import origin_rows
from scheduler.queue.database import Unwritable
from scheduler.queue.evidence import is_elsewhere
from scheduler.queue.job import Attempt, Ending, Job
from scheduler.queue.mine import Mine
from scheduler.queue.states import ACTIVE, SUCCEEDED, State
from scheduler.runner import endings, recovery
from scheduler.runner.attempts import End, Ready, Running
from scheduler.runner.devices import Devices
from scheduler.runner.environment import system_interval
from scheduler.runner.launchers import Fleet
from scheduler.runner.logs import is_silent
from scheduler.runner.obstacles import Obstacles
from scheduler.runner.other_launchers import Visits
from scheduler.runner.sources import EarlyStop
from scheduler.runner.warmth import Warmth
from scheduler.shortage import passing

MISFIRES = 3
GATHER = 0.02  # seconds that the ends of short jobs may gather for one commit


class Supervision:
    """What runs, by the name of the attempt, and the ends that were heard and are not written down yet.

    `obstacles` hears when the machine has no room to start a job, and when it has again; `noted` is called with what launchers
    say of an attempt.
    """

    def __init__(
        self,
        mine: Mine,
        devices: Devices,
        wakeups: Wakeups,
        limit: int,
        obstacles: Obstacles,
        noted: Callable[[Running, str], None],
        warmth: Warmth,
        reads: Callable[[Job], bool],
    ) -> None:
        """`reads`: whether a source reads, and keeps, what a job logs."""
        self._mine, self._store, self._devices, self._wakeups = mine, mine.store, devices, wakeups
        self._obstacles, self._noted, self.warmth = obstacles, noted, warmth
        here = partial(Fleet, mine.store.home, wakeups, limit, self._heard, self._launcher_died, self._orphans, devices.early)
        self.fleet = devices.fleet(wakeups, self._heard) or here()
        self.fleet.resize(limit)
        elsewhere, noted_elsewhere = self._heard_elsewhere, lambda attempt, note: self._heard(note)
        self._visits = Visits(mine.store.home, wakeups, elsewhere, noted_elsewhere, self._latest)
        self.running: dict[str, Running] = {}
        self.ends: list[End] = []
        self._misfires = 0
        self._every, self._reads = system_interval(), reads

    @property
    def has_visits(self) -> bool:
        """Whether there are attempts that others started: events alone do not tell all that becomes of them."""
        return self._visits.any

    def working(self) -> dict[str, Running]:
        """What runs, without what waits in a launcher behind another; what has ended is there until that is written down."""
        first: dict[object, str] = {}
        for name, each in self.running.items():
            first.setdefault(id(each.slot) if each.slot else name, name)
        return {name: self.running[name] for name in first.values()}

    def begun(self) -> dict[str, Running]:
        """What runs, as far as that is known: without what another machine has and has not begun."""
        return {name: each for name, each in self.working().items() if each.begun is not None}

    def handed_over(self) -> set[str]:
        """What launchers of ours have and have not begun, as far as that is known: they can be called back."""
        begun = self.begun()
        return {name for name, each in self.running.items() if each.slot and name not in begun}

    def claims(self) -> set[str]:
        """The claims of what runs."""
        return {running.claim for running in self.running.values() if running.claim}

    def _orphans(self) -> set[int]:
        """The numbers of what runs in no launcher of ours."""
        return {each.attempt.slot for each in self.running.values() if each.slot is None and each.attempt.slot is not None}

    def gather(self) -> None:
        """Let the ends of short jobs come together, as long as no launcher runs dry."""
        deadline = time.monotonic() + GATHER
        while self.ends and self.fleet.well_fed() and (left := deadline - time.monotonic()) > 0:
            self._wakeups.wait(left)

    def take_ends(self) -> list[End]:
        """The ends that were heard since the last call; they are the caller's now."""
        ends, self.ends = self.ends, []
        return ends

    def hand_over(self, ready: Ready, attempt: Attempt, order: Order) -> Running:
        """Send a begun attempt to its launcher; `fleet.flush` must follow."""
        running = Running(ready.job, attempt, ready.slot, ready.claim.id if ready.claim else "", warm=ready.warm)
        running.begun = None if is_elsewhere(attempt) else time.monotonic()
        self.running[attempt.name] = running
        ready.slot.start(order, ready.descriptors, more=True)
        ready.let_go()
        self._meter(running, order.system)
        return running

    def forget(self, end: End) -> None:
        """The end is written down: the attempt is under way no longer."""
        self.running.pop(end.running.attempt.name, None)
        self.fleet.over(end.running.attempt)
        if isinstance(end.found, Ending):
            self._misfires = 0
            if self._devices.desk:
                self._devices.desk.ended(end.uses)
            if end.found.state in SUCCEEDED:  # a failure does not tell how long such jobs take
                self.fleet.learn(end.duration or 0.0)

    def join(self) -> list[Running]:
        """Watch attempts at jobs of ours that we did not start, and look again at those that we watch; returns the new ones."""
        if self._visits.any:
            self._believe_the_store()
            self._visits.look_again()
        strangers = [name.split("/")[0] for name in self._mine.active_names() if name not in self.running]
        if not strangers:
            return []
        jobs = self._store.by_ids(strangers)
        latest = self._store.latest_attempts(jobs)
        return [self._joined(job, latest[job.id]) for job in jobs if job.state in ACTIVE and job.id in latest]

    def _believe_the_store(self) -> None:
        """The runner that started an attempt may have written its end down, or that it never ran: then its launcher has nothing
        more to tell us."""
        there = {(attempt.name, attempt.launcher) for attempt in self._store.open_attempts()}
        heard = {end.running.attempt.name for end in self.ends}
        for name, running in list(self.running.items()):
            attempt = running.attempt
            if running.slot or name in heard or (name, attempt.launcher) in there:
                continue
            self._visits.forget(attempt)
            now = self._store.attempt(attempt.job, attempt.number)
            if now and now.launcher == attempt.launcher and now.ending:
                self._note_end(running, now.ending, now.duration)
            else:
                del self.running[name]

    def _joined(self, job: Job, attempt: Attempt) -> Running:
        desk = self._devices.desk
        running = self.running[attempt.name] = Running(job, attempt, claim=desk.adopt(job) if desk else "")
        if not is_elsewhere(attempt) or self._store.has_begun(attempt):
            running.begun = time.monotonic() - max(0.0, time.time() - attempt.started)
        running.slot = self.fleet.attend(attempt)
        if running.slot is None:
            self._visits.attend(attempt, job.policy)
        elif job.state is State.STOPPING:  # whoever has asked for its end may not have reached it
            running.slot.stop(attempt.name, State.CANCELLED.value, None)
        self._meter(running, self._every)
        return running

    def _meter(self, running: Running, every: float) -> None:
        """Have what its GPUs do written down; every `every` seconds, with 0 never."""
        if self._devices.desk and running.claim:
            self._devices.desk.rows.begin(running.claim, running.attempt, every)

    def _latest(self, attempt: Attempt) -> Attempt:
        return self._store.attempt(attempt.job, attempt.number) or attempt

    def stop(self, state: State, reasons: Mapping[str, str], grace: float | None = None) -> None:
        """Stop attempts, each for its reason, so that they end in `state`. `grace`: instead of their own."""
        if not reasons:
            return
        # Without room on the disk nobody reads why; they are stopped all the same.
        with contextlib.suppress(Unwritable), self._store.change() as change:
            for name, reason in reasons.items():
                change.stopping(self.running[name].attempt, reason)
        reach("stop-written")
        for name, reason in reasons.items():
            running = self.running[name]
            running.why_stopped = reason
            if running.slot:
                running.slot.stop(name, state.value, grace)
            else:
                self._visits.stop(running.attempt, state.value, grace)

    def stop_early(self, stops: Sequence[EarlyStop], over: set[str], grace: float | None) -> None:
        """Stop the trials that fall behind, but for attempts that are `over`. `grace`: as for `stop`."""
        there = self.running.keys() - over
        self.stop(State.STOPPED_EARLY, {stop.attempt: stop.reason for stop in stops if stop.attempt in there}, grace)

    def end_turn(self) -> None:
        """Nothing more is handed over in this turn. StateError when launcher after launcher has died."""
        self.fleet.recall(time.monotonic())
        if self._misfires >= MISFIRES:
            raise StateError(
                f"{MISFIRES} launchers in a row ended before a job did",
                next_step=f"the reason may stand in a journal in {self._store.home.launchers}; is memory or disk space short?",
            )

    def leave(self) -> None:
        """Let go of the launchers: the idle ones end, the others finish what they have."""
        self.fleet.leave()
        self.warmth.leave()
        self._visits.close()
        with passing():  # the next command removes what stays
            left = gone(self._store.home)
            needed = {attempt.launcher for attempt in self._store.open_attempts()}
            sweep(self._store.home, left, needed)
            self.fleet.tidy(needed)

    # What launchers tell, ours and those of others that run a job of ours.

    def _heard(self, message: dict) -> None:
        running = self.running.get(message["attempt"])
        if running is None:
            return
        if message["is"] in ("ended", "dropped") and is_elsewhere(running.attempt) and self._is_written(running):
            return
        if message["is"] != "dropped":
            self._obstacles.shortage.over()
        if message["is"] == "running":
            self._runs(running, message)
        elif message["is"] == "note":
            # Who has asked for the stop has said so already.
            if not (running.why_stopped and message["about"]):
                self._noted(running, message["text"])
        elif message["is"] == "dropped":
            self._dropped(running, message["why"])
        else:
            reach("end-heard")
            end = message["end"]
            self._note_end(running, recovery.ending_of(end), end["duration"], end)

    def _runs(self, running: Running, message: dict) -> None:
        began = running.begin(message.get("age")) if is_elsewhere(running.attempt) else None
        # Without room on the disk the pid is not noted; the attempt's end will be.
        with contextlib.suppress(Unwritable), self._store.change() as change:
            change.runs(running.attempt, message["pid"], message["birth"], began)
            if place := message.get("place"):
                origin_rows.arrived(change, running.attempt, place)

    def _is_written(self, running: Running) -> bool:
        """Whether another runner has written its end down, which is then the one that counts: with it went the files that told of
        it, and whoever looks for them later takes it for an attempt that never began, or could not."""
        now = self._store.attempt(running.attempt.job, running.attempt.number)
        if now is None or now.ending is None or now.launcher != running.attempt.launcher:
            return False
        self._note_end(running, now.ending, now.duration)
        return True

    def _dropped(self, running: Running, why: str) -> None:
        """It has not begun; but of one that ran, whoever had it has lost all knowledge, and a second start would be a guess. One
        whose end was asked for has come to it."""
        state = self._store.job(running.attempt.job).state
        if state is State.RUNNING:
            self._note_end(running, Ending(State.LOST, None, endings.forgotten(running.attempt)), None)
            return
        if state is State.STOPPING:
            has_begun = self._store.has_begun(running.attempt)
            self._note_end(running, endings.never_to_begin(running.attempt, has_begun=has_begun), None)
            return
        self.ends.append(End(running, recovery.NeverRan(), None))
        if why:
            self._obstacles.pause(why)

    def _launcher_died(self, attempts: list[str], warm: str) -> None:
        """Its job may live on; whoever watches orphans finds out. `warm`: for whose jobs it was forked."""
        if warm:  # another is begun from nothing
            self.warmth.died(warm)
        else:
            self._misfires += 1
        for name in attempts:
            running = self.running[name]
            running.slot = None
            self._visits.attend(running.attempt, running.job.policy)

    def _heard_elsewhere(self, attempt: Attempt, found: recovery.Verdict, duration: float | None) -> None:
        running = self.running.get(attempt.name)
        if running:
            self._note_end(running, found, duration)

    def _note_end(
        self, running: Running, found: recovery.Verdict, duration: float | None, told: Mapping[str, Any] = endings.UNTOLD
    ) -> None:
        """`told`: the end as it was heard."""
        if isinstance(found, Ending) and found.state is State.STOPPED_EARLY:
            found = replace(found, reason=found.reason or running.why_stopped)
        desk = self._devices.desk
        shares = (desk and desk.used(running.claim)) or endings.shares_from(self._store, running.attempt)
        if desk:
            desk.rows.end(running.claim)
        if isinstance(found, Ending) and found.state in SUCCEEDED:  # before it is decided how the next one starts
            self.warmth.ended(running.warm, duration or 0.0)
        judged, uses = endings.judge(running.attempt, found, shares, told)
        brief = duration is not None and duration < self._every  # it has no such log, and there may be a thousand of its kind
        system = None if brief else endings.system_use(running.attempt, found)
        known_here = not self._reads(running.job) and not is_elsewhere(running.attempt)
        silent = known_here and is_silent(running.attempt, duration)
        self.ends.append(End(running, judged, duration, uses, system, silent, told.get("place")))
