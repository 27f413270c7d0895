"""The one loop: see, decide, do, wait. `run` and `sweep` differ only in where the next job comes from."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

from scheduler.failpoints import reach
from scheduler.linux.wakeups import Wakeups
from scheduler.queue.database import Unwritable
from scheduler.queue.job import Ending
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.runner import recovery
from scheduler.runner.announced import Announced
from scheduler.runner.attempts import End, Running
from scheduler.runner.awaiting import Awaiting
from scheduler.runner.beginnings import Beginnings
from scheduler.runner.calls import Calls
from scheduler.runner.devices import Devices
from scheduler.runner.endings import write_end
from scheduler.runner.interrupts import Interrupts
from scheduler.runner.job_desk import JobDesk
from scheduler.runner.left_out import Choice, LeftOut
from scheduler.runner.limit import Limit, Slots
from scheduler.runner.notices import Ended, Interrupted, Joined, Noted, Notice, Warned
from scheduler.runner.obstacles import Obstacles
from scheduler.runner.outlook import Outlook
from scheduler.runner.plan import Start, Stop, Wait
from scheduler.runner.pulse import Pulse
from scheduler.runner.reading import Reading
from scheduler.runner.sources import QueueAlone, Source
from scheduler.runner.starts import Starts
from scheduler.runner.streaks import Streaks
from scheduler.runner.under_way import Supervision
from scheduler.runner.wandering import Wanderers
from scheduler.runner.warmth import Warmth
from scheduler.shortage import Shortage


class Runner:
    """Drives the jobs that are `mine` until all of them are over, or a person stops it."""

    def __init__(
        self,
        mine: Mine,
        devices: Devices,
        slots: Slots,
        tell: Callable[[Notice], None],
        source: Source | None = None,
        grace: float | None = None,
        streaks: Streaks | None = None,  # which programs fail too often in a row; None: all jobs are started
        pulse: Pulse | None = None,
        *,
        many: bool = False,
    ) -> None:
        """`slots`: at most so many jobs at once. `grace`: seconds from SIGINT to SIGTERM of a stop, instead of the jobs' own.
        `pulse`: what the clock alone tells; `many`: see `Warmth`."""
        self._mine, self._store, self._devices, self._tell, self._grace = mine, mine.store, devices, tell, grace
        self._source = source or QueueAlone()
        self._reading = Reading(mine.store.home, self._source.reads, self._source.grown)
        self._limit = Limit(slots, devices, mine, lambda running: self._reading.grown(running.job, running.attempt))
        self._choice = Choice(mine, devices, streaks or Streaks(math.inf), self._source.why_not)
        wakeups = self._wakeups = Wakeups(self._on_signal)
        obstacles = self._obstacles = Obstacles(tell)
        warmth = Warmth(wakeups, tell, many=many)
        self._jobs = Supervision(mine, devices, wakeups, self._limit.now, obstacles, self._noted, warmth, self._source.reads)
        self._starts = Starts(mine.store, devices, self._jobs, grace, obstacles.pause)
        self._outlook, self._announced = Outlook(mine.store, devices, self._choice), Announced(mine, devices, self._choice)
        self._interrupts, self._beginnings = Interrupts(), Beginnings(mine, tell)
        self._calls, self._awaiting = Calls(mine, obstacles.pause), Awaiting(mine)
        self._wanderers, self._pulse = Wanderers(mine.store), pulse or Pulse()
        self._now = 0.0  # when this turn began, by the clock of the store

    @property
    def interrupted(self) -> bool:
        """Whether a Ctrl-C was heard."""
        return self._interrupts.times > 0

    @property
    def left_out(self) -> list[LeftOut]:
        """Jobs that stay queued although there were slots for them."""
        return [*self._choice.left_out(), *([] if self.interrupted else self._awaiting.left_out())]

    def interrupt(self, number: int = signal.SIGINT) -> None:
        """As if that signal had come, from any thread: SIGINT is a Ctrl-C, SIGTERM means to leave."""
        self._wakeups.interrupt(number)

    def run(self) -> None:
        """Returns when every job of ours is over and the source has no more, or when after a Ctrl-C nothing of ours runs.

        HungUp on SIGHUP and SIGTERM.
        """
        with self._wakeups, self._calls, self._announced, ExitStack() as leaving:
            self._calls.open(self._wakeups)
            for source in self._devices.sources():
                self._wakeups.watch(source, self._devices.refresh)
            for act in (self._source.close, self._jobs.leave, self._reading.leave):  # the last of them first, and each of them
                leaving.callback(act)
            self._source.open(self._wakeups)
            self._reading.catch_up(self._store)
            self._wakeups.wait(0.0)  # a Ctrl-C that has come already: then nothing is started at all
            while (rest := self._turn()) is not None:
                self._wakeups.wait(rest)
                self._jobs.gather()
            interrupts = self._interrupts.times
            self._reading.wait(self._wakeups, lambda: self._interrupts.times > interrupts, self._tell)

    # See and decide.

    def _turn(self) -> float | None:
        """One turn of the loop; returns for how many seconds it may rest then, None when there is nothing left to do."""
        self._now = time.time()
        self._follow_the_machine()
        self._calls.call(self._now)
        for joined in self._jobs.join():
            self._began(joined)
            self._tell(Joined(joined.job, joined.attempt))
            if note := recovery.note_of(self._store.home, joined.attempt):
                self._noted(joined, note)
        ends = self._jobs.take_ends()
        if self._choice.heard(ends):
            self._jobs.fleet.call_back()
        over = {end.running.attempt.name for end in ends}
        active = [running.job for name, running in self._jobs.running.items() if name not in over]
        more = self._interrupts.stop is Stop.NO and self._refilled(max(0, self._limit.now - len(active)))
        self._jobs.stop_early(self._source.stops(), over, self._grace)
        decisions = self._outlook.decide(active, self._open_slots(len(active)), now=self._now, stop=self._interrupts.stop)
        waits = [each for each in decisions if isinstance(each, Wait)]
        again = self._write(ends, [each for each in decisions if isinstance(each, Start)], waits, more=more)
        self._obstacles.wait(waits)
        for notice in (*self._choice.news(), *self._awaiting.news(waits, idle=not (self._jobs.running or decisions))):
            self._tell(notice)
        self._announced.look(waits, self._jobs.fleet.capacity, self._trouble())
        for tick in self._pulse.news(self._jobs.begun().values(), self._obstacles.lasting, time.monotonic()):
            self._tell(tick)
        self._jobs.end_turn()
        if self._devices.desk:
            self._watch_over(self._devices.desk)
        return self._rest(more=more, again=again)

    def _follow_the_machine(self) -> None:
        """GPUs come and go while we run, and so does what may run at once, unless a person has set that."""
        self._devices.refresh()
        before, told = self._limit.now, self._limit.follow(self._jobs.working, time.monotonic())
        if told or self._limit.now != before:
            self._jobs.fleet.resize(self._limit.now)
            self._choice.judge_anew()
        for each in told:
            self._tell(each)

    def _refilled(self, free: int) -> bool:
        """Whether the source has more for us, now or later."""
        try:
            return self._source.refill(free)
        except (Unwritable, Shortage) as error:
            self._obstacles.pause(str(error))
            return True

    def _open_slots(self, active: int) -> int:
        # Attempts that wait in a launcher count as active, but only one in each runs; other machines say what they take.
        one_each = not self._devices.are_elsewhere and (self._devices.desk or self._obstacles.now)
        capacity = self._limit.now if one_each else self._jobs.fleet.capacity
        return self._obstacles.shortage.most(capacity, active, time.monotonic())

    def _trouble(self) -> str:
        """Why nothing at all is started for now."""
        return self._obstacles.lack if self._interrupts.stop is Stop.NO else "its runner was interrupted, and starts nothing more"

    def _watch_over(self, desk: JobDesk) -> None:
        """See to it that the GPUs are read often enough, and tell of what goes wrong on them."""
        desk.pace(bool(self._obstacles.now))
        with suppress(Unwritable):  # it is seen again
            self._wanderers.note(desk.astray, self._jobs.running)
        for text in desk.warnings(self._jobs.claims()):
            self._tell(Warned(text))

    def _rest(self, *, more: bool, again: bool) -> float | None:
        """Seconds to the next turn if nothing happens; infinity: only an event ends the rest. None: nothing is left to do.

        `more`: the source has more, now or later; `again`: this turn has made room for another at once.
        """
        if not (self._jobs.running or self._jobs.ends):
            if self._interrupts.stop is not Stop.NO:
                return None
            more = more or self._mine.are_queued()
            # Asked after the queue: what another runner has just taken from it must be found here, and joined at once.
            again = again or self._has_overlooked() or bool(self._mine.active_names())
            if not (more or again):
                return None
        return 0.0 if again or self._jobs.ends else min(self._ticks(), default=math.inf)

    def _has_overlooked(self) -> bool:
        """What came into the queue after we had looked, nobody else may start, and no event tells of it."""
        holds_off = self._obstacles.now or self._obstacles.rest()
        return not holds_off and bool(self._mine.waiting(1, time.time()))

    def _ticks(self) -> Iterator[float]:
        """In how many seconds something may be due that no event announces."""
        now = time.monotonic()
        timed = (each.patience(now) for each in (self._pulse, self._limit, self._jobs.fleet, self._announced))
        yield from (tick for tick in (self._source.patience(), self._calls.patience(), *timed) if tick is not None)
        if self._obstacles.now or self._jobs.has_visits:
            yield self._devices.patience()
        may_start = self._interrupts.stop is Stop.NO and len(self._jobs.running) < self._limit.now
        if may_start and (due := self._mine.next_due(self._now)) is not None:
            yield max(0.001, due - time.time())
        if pause := self._obstacles.rest():
            yield pause

    # Do: one transaction for what ended and what starts; only what is on disk is sent.

    def _write(self, ends: list[End], starts: list[Start], waits: list[Wait], *, more: bool) -> bool:
        """Returns whether the next turn may find more to start than this one did. A lost claim race joins `waits`; `more`: the
        source may have another for the next slot."""
        self._obstacles.begin()
        ready, refused = self._starts.claimed(starts, self._limit.now)
        waits += refused
        if not ends and not ready:
            return False
        try:
            with self._starts.held(ready), self._store.change() as change:
                retried = [write_end(self._store, change, end) for end in ends]
                begun = [self._starts.begin(change, each) for each in ready]
                reach("begin-written")
        except Unwritable as error:  # no room on the disk: start nothing, forget nothing, look again in a while
            self._jobs.ends[:0] = ends
            self._obstacles.pause(str(error))
            return False
        reach("begin-committed")
        # First what the slots wait for, then what people and sources hear of it.
        started = self._starts.hand_over(ready, begun, self._limit.now)
        self._jobs.fleet.flush()
        for end, again in zip(ends, retried, strict=True):
            self._over(end, again)
        for running in started:
            self._began(running)
            self._beginnings.sent(running)
        self._beginnings.begun(self._jobs.working())
        never_ran = any(isinstance(end.found, recovery.NeverRan) for end in ends)
        return (more and bool(ready)) or any(retried) or None in begun or never_ran

    def _began(self, running: Running) -> None:
        self._source.began(running.job, running.attempt)
        self._reading.began(running.job, running.attempt)

    def _over(self, end: End, again: str) -> None:
        job, attempt = end.running.job, end.running.attempt
        self._jobs.forget(end)
        if not isinstance(end.found, Ending):
            self._beginnings.never_ran(attempt.name)
            self._reading.forget(attempt)
            self._source.never_ran(job, attempt)
            return
        self._beginnings.begun([attempt.name])
        self._limit.ended(end.running, end.found, end.duration, time.monotonic())
        if again:
            self._choice.again(job)
        self._source.ended(job, attempt, end.found, again=bool(again))
        self._reading.ended(end, end.found)
        self._tell(Ended(job, attempt, end.found, end.duration, bool(again), again, end.silent))

    # Stops: a person's signals, and trials that fall behind.

    def _on_signal(self, number: int) -> None:
        if not self._interrupts.hear(number):
            return
        self._jobs.fleet.call_back()
        running, waiting = self._jobs.running, self._jobs.handed_over()
        grace = max((self._starts.grace_of(each.job) for name, each in running.items() if name not in waiting), default=0.0)
        told = Interrupted(self._interrupts.times, len(running) - len(waiting), grace, len(waiting))
        if self._interrupts.stop is Stop.NOW:  # before it is told: who leaves at these words leaves jobs that are being stopped
            self._jobs.stop(State.CANCELLED, dict.fromkeys(running, "interrupted"), self._grace)
            self._jobs.warmth.leave()  # what waits for imports has not begun, and need not
        self._tell(told)

    def _noted(self, running: Running, text: str) -> None:
        self._tell(Noted(running.job, running.attempt, text))
