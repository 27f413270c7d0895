"""What a runner tells whoever listens, as it happens. Plain values; how they look is the report's business."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from scheduler.queue.code import Aged
from scheduler.queue.job import Attempt, Ending, Job
from scheduler.values import dataclass


@dataclass(frozen=True)
class Started:
    job: Job
    attempt: Attempt


@dataclass(frozen=True)
class Joined:
    """A job that is already running, started by another runner or by an earlier one."""

    job: Job
    attempt: Attempt


@dataclass(frozen=True)
class Ended:
    job: Job
    attempt: Attempt
    ending: Ending
    duration: float | None
    again: bool  # it is started once more
    why_again: str = "its policy starts it again"
    silent: bool = False  # it has certainly logged nothing


@dataclass(frozen=True)
class StillReading:
    """Nothing runs any more, and what this attempt has logged is long: so much of it is read, 0 to 1."""

    attempt: Attempt
    share: float


@dataclass(frozen=True)
class Waiting:
    """So many jobs, of which `job` is the first, cannot start now although there is a slot, all for this reason."""

    job: Job
    reason: str
    jobs: int = 1


@dataclass(frozen=True)
class Skipped:
    """Jobs that are never started, since what they come after will not be there."""

    jobs: Sequence[Job]
    reason: str


@dataclass(frozen=True)
class UnderWay:
    """An attempt has run for `seconds`: told again and again to whoever sees nothing else of it."""

    job: Job
    attempt: Attempt
    seconds: float


@dataclass(frozen=True)
class StandsStill:
    """For `seconds` nothing has run, and for `reason` nothing could start: no runner here is going to change that."""

    reason: str
    seconds: float


@dataclass(frozen=True)
class Impossible:
    """So many queued jobs, of which `job` is the first, can never run `there`, as `Devices.there` has it: they stay queued,
    and the others run."""

    job: Job
    jobs: int
    reason: str
    there: str = "here"


@dataclass(frozen=True)
class Halted:
    """A program that has failed job after job, at last in `attempt`, is started no more; `waiting` jobs of it stay queued."""

    program: str
    failures: int
    waiting: int
    attempt: Attempt


@dataclass(frozen=True)
class Interrupted:
    """A Ctrl-C was heard: the first (1) drains, the second (2) stops what runs, which has `grace` seconds from SIGINT to
    SIGTERM. `waiting`: so many were handed over and have not begun, as far as that is known; at the first they are taken back,
    at the second they end."""

    times: int
    running: int
    grace: float = 0.0
    waiting: int = 0


@dataclass(frozen=True)
class Noted:
    """What its launcher says of an attempt that is not over: what its script has left behind, how its stop goes on."""

    job: Job
    attempt: Attempt
    text: str


@dataclass(frozen=True)
class Trouble:
    """Nothing can be started or recorded now; the runner looks again until it can."""

    what: str


@dataclass(frozen=True)
class Warned:
    """Something about the machine that a person should know; it is not about one job's end."""

    text: str


@dataclass(frozen=True)
class Elsewhere:
    """A job runs in the environment of its submit, which is not the runner's: the variables that differ, and the program that
    its command means there, empty where the runner's is the same."""

    job: Job
    variables: tuple[str, ...]
    program: str


@dataclass(frozen=True)
class OtherCode:
    """A job starts with other code than it was asked for with; so will `others` that are queued, if it stays so."""

    job: Job
    change: Aged
    others: int


@dataclass(frozen=True)
class Resized:
    """The machine offers something else than before: what it has, and how many jobs run at most at once from now on."""

    note: str
    slots: int


class PacedBy(Enum):
    """Why it is so many jobs at once, where that is found out."""

    BEGIN = "nothing is known yet"
    BEFORE = "an earlier runner has found it"
    TRIED = "a step is compared with the number before"
    LOOK = "it is measured before the next step"
    GAINS = "no step brings more: it is settled"
    MEMORY = "there is no room for more: it is settled for this runner"
    SILENT = "its jobs log nothing"
    MANY = "jobs of several programs run"


@dataclass(frozen=True)
class Paced:
    """What is found out of how many jobs of a program are best at once: `slots` from now on. `gains`: of each number that was
    tried, how fast all together were over the number that was best before."""

    program: str
    slots: int
    gains: Mapping[int, float]
    why: PacedBy


@dataclass(frozen=True)
class Warm:
    """What the jobs of a program import is loaded from now on when they begin: these packages, which took so many seconds and
    hold so many bytes, once for all of them."""

    program: str
    packages: tuple[str, ...]
    seconds: float
    bytes: int


@dataclass(frozen=True)
class Cold:
    """What the jobs of a program import cannot be kept loaded: each imports it for itself."""

    program: str
    why: str


Stay = Waiting | StandsStill | Impossible | Halted | Trouble
Course = Started | OtherCode | Joined | Noted | UnderWay | Ended | Skipped
Notice = Course | Stay | StillReading | Elsewhere | Resized | Paced | Interrupted | Warned | Warm | Cold
