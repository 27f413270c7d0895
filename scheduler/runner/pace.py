"""How many jobs at once where that is to be found out (`-j auto`): each program's climb, with what its jobs log as evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from scheduler.home import Home
from scheduler.linux import memory
from scheduler.pacing import kept
from scheduler.pacing.climb import DOWN, SETTLED, UP, Climb
from scheduler.pacing.meter import Meter
from scheduler.pacing.program import program_key
from scheduler.pacing.speeds import Speeds
from scheduler.queue.evidence import paused
from scheduler.queue.job import Ending, Job
from scheduler.queue.states import State
from scheduler.runner.attempts import Running
from scheduler.runner.devices import Devices
from scheduler.runner.notices import Paced, PacedBy, Warned
from scheduler.tracking.left import Grown

EVERY, SELDOM = 1.0, 5.0  # seconds between two judgements; as long as no job has logged anything, its end tells
PER_CORE, PER_GPU = 2, 16  # jobs at most
QUIET = 60.0  # seconds after which it is said that nothing was logged; to load a program takes a while
SPARE = 1.25  # of what the largest job holds must be free before one more is tried
RESERVE = 0.05  # of the memory that no try may take


@dataclass
class _Course:
    """Of one program."""

    climb: Climb
    began: float | None = None  # when its jobs were first looked at
    speeds: Speeds = field(default_factory=Speeds)
    is_silent: bool | None = None  # whether its jobs log nothing that is read; None: that is not known
    is_short: bool = False  # whether it goes no further for want of memory
    kept: tuple[Climb, bool, int, bool] | None = None  # what others were last told of it

    @property
    def is_known(self) -> bool:
        """Whether the next runner need not find it out; of the memory of this moment it knows nothing."""
        return self.climb.is_settled and not self.is_short


def has_room(running: Mapping[str, Running], more: int) -> bool:
    """Whether the memory of the machine allows so many more that are like the largest."""
    pids = [each.slot.process.pid for each in running.values() if each.slot and hasattr(each.slot, "process")]
    largest = max((memory.held_below(pid) for pid in pids), default=0) if more else 0
    return memory.available() >= SPARE * largest * more + RESERVE * memory.total()


class Pace:
    """Asked by a runner in each of its turns. Nothing is measured once what runs is settled, nor while several programs run."""

    def __init__(
        self,
        home: Home,
        devices: Devices,
        grown: Callable[[Running], Grown],
        room: Callable[[Mapping[str, Running], int], bool] = has_room,
    ) -> None:
        """`home`: where what was found is kept; `grown`: how much an attempt has logged; `room`: as `has_room`."""
        self._home, self._devices, self._grown, self._room = home, devices, grown, room
        self._courses: dict[str, _Course] = {}
        self._present: frozenset[str] = frozenset()  # the programs that run, or of what is to run first
        self._offer, self._meter, self._due = devices.offer, Meter(), 0.0
        self._goes_on, self._is_measured = True, False
        self._warns, self._has_told_of_many = True, False

    @property
    def slots(self) -> int:
        """How many jobs at once, now: of several programs, what is right for each of them."""
        return min((self._courses[each].climb.wanted for each in self._present), default=self._devices.default_slots)

    def patience(self, now: float) -> float | None:
        """Seconds to the next look; None: what is to be found out needs an event."""
        return max(0.001, self._due - now) if self._is_measured else None

    def look(self, running: Mapping[str, Running], first: Callable[[], Job | None], now: float) -> list[Paced | Warned]:
        """At what runs, by the name of its attempt, or at the `first` that will; returns what is to be told of it."""
        if (offer := self._devices.offer) != self._offer:  # what was found of another machine does not count
            self._offer, self._courses, self._meter = offer, {}, Meter()
        jobs = [each.job for each in running.values()] or list(filter(None, [first()]))
        self._present = frozenset(program_key(job.argv, job.cwd) for job in jobs)
        told: list[Paced | Warned] = [*self._warnings(), *map(self._met, sorted(self._present - self._courses.keys()))]
        self._is_measured = False
        if running and not all(self._courses[each].climb.is_settled for each in self._present):
            told += self._measured(running, now)
        self._keep()
        return told

    def ended(self, running: Running, ending: Ending, duration: float | None, now: float) -> None:
        """An attempt is over; call it before the next `look`."""
        course = self._courses.get(program_key(running.job.argv, running.job.cwd))
        if course and not course.climb.is_settled and ending.state is State.DONE and duration is not None:
            level = self._meter.level_of(running.attempt.name, duration, now)
            if level:
                course.speeds.took(level, duration)

    def _warnings(self) -> list[Warned]:
        broken = kept.set_aside(self._home.root) if self._warns else None
        self._warns = False
        what = "what -j auto had found before cannot be read, and is found out anew; the file is now"
        return [Warned(f"{what} {broken}")] if broken else []

    def _met(self, program: str) -> Paced:
        """What is known of a program from before, or where it begins."""
        climb, why = self._first(), PacedBy.BEGIN
        if before := kept.found(self._home.root, program, self._offer):
            level = min(max(before.slots, climb.least), climb.most)
            # Unless it is settled nothing above is known on the way up; on the way down it is known that more did not pay.
            heads = DOWN if not before.settled and max(before.gains, default=0) > before.slots else UP
            phase = SETTLED if before.settled else climb.phase
            climb = replace(climb, level=level, gains=before.gains, phase=phase, heads=heads)
            why = PacedBy.BEFORE if before.settled else PacedBy.BEGIN
        self._courses[program] = _Course(climb)
        return Paced(program, climb.wanted, climb.gains, why)

    def _first(self) -> Climb:
        devices = self._devices
        if devices.desk:
            gpus = devices.desk.slots
            return Climb(devices.default_slots, step=gpus, least=gpus, most=gpus * PER_GPU)
        return Climb(devices.default_slots, most=devices.cores * PER_CORE)

    def _measured(self, running: Mapping[str, Running], now: float) -> list[Paced]:
        if is_due := now >= self._due:
            self._goes_on = not paused(self._home, [each.attempt for each in running.values()])
        is_one = len(self._present) == 1
        seen = {name: self._grown(each) for name, each in running.items()}
        found = self._meter.look(seen, now, counts=is_one and self._goes_on)
        if not is_one:
            return self._of_many()
        (program,) = self._present
        course = self._courses[program]
        course.began = now if course.began is None else course.began
        for worked in found:
            course.speeds.logged(worked.job, worked.level, worked.rows, worked.seconds)
        self._is_measured = len(running) == course.climb.wanted
        if not (is_due and self._is_measured):
            return []
        self._due = now + (EVERY if any(grown.rows for grown in seen.values()) else SELDOM)
        return self._silence(program, course, seen, now) + self._judged(program, course, running)

    def _judged(self, program: str, course: _Course, running: Mapping[str, Running]) -> list[Paced]:
        before = course.climb
        after = before.after(course.speeds, running.keys())
        is_short = after.phase == UP and not self._room(running, max(0, after.wanted - len(running)))
        course.climb, course.is_short = after.stopped() if is_short else after, is_short
        after = course.climb
        if after == before:
            return []
        why = PacedBy.MEMORY if is_short else PacedBy.GAINS if after.is_settled else PacedBy.TRIED
        why = why if after.wanted != after.level or after.is_settled else PacedBy.LOOK
        return [Paced(program, after.wanted, after.gains, why)]

    def _keep(self) -> None:
        """What was found, and how many jobs are allowed now, so that others see it; each change once."""
        slots, beside = self.slots, len(self._present) > 1
        for program in sorted(self._present):
            course = self._courses[program]
            state = course.climb, course.is_short, slots, beside
            if state != course.kept:
                found = kept.Found(course.climb.level, self._offer, course.climb.gains, course.is_known)
                kept.keep(self._home.root, program, found.by_us(slots, beside=beside))
                course.kept = state

    def _silence(self, program: str, course: _Course, seen: Mapping[str, Grown], now: float) -> list[Paced]:
        """That its jobs log nothing that is read: said once."""
        if any(grown.rows for grown in seen.values()):
            course.is_silent = False
        elif course.is_silent is None and course.began is not None and now - course.began > QUIET:
            course.is_silent = True
            return [Paced(program, course.climb.wanted, course.climb.gains, PacedBy.SILENT)]
        return []

    def _of_many(self) -> list[Paced]:
        """That several programs run at once: said once."""
        told = [] if self._has_told_of_many else [Paced("", self.slots, {}, PacedBy.MANY)]
        self._has_told_of_many = True
        return told
