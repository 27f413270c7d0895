"""The frozen values of a job's life: jobs, attempts, how an attempt was paused and how it ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scheduler.attempt_files import LOG, METRICS, SYSTEM
from scheduler.experiments import Policy, Resources, SlurmWishes
from scheduler.queue.names import name_of
from scheduler.queue.states import State
from scheduler.values import dataclass

SEAT = "wandb_server/sit.py"  # the program of a job whose run a process elsewhere computes
RUN_DIR, RUN_ID = "{run_dir}", "{run_id}"  # in `Job.environment`: what only an attempt has


@dataclass(frozen=True)
class Ending:
    """How an attempt ended. `exit_status` is the job's own, or None where it is not known or never ran.

    A negative `exit_status` is the number of the signal that ended the process, as subprocess has it. `taken`: its place was
    given to another, through no fault of its own.
    """

    state: State
    exit_status: int | None = None
    reason: str = ""
    taken: bool = False


@dataclass(frozen=True)
class Attempt:
    """One execution of a job. Times are seconds since 1970; `duration` is measured on the monotonic clock."""

    job: str
    number: int
    launcher: str
    directory: str
    started: float
    pid: int | None = None
    birth: int | None = None  # the process's start in clock ticks since boot: with the pid and the boot it is unique
    boot: str = ""
    gpus: str = ""  # by their numbers on its machine, comma between them; what has none, such as a MIG instance, by its UUID
    ended: float | None = None
    duration: float | None = None
    ending: Ending | None = None
    slot: int | None = None  # its number among the attempts that its runner had running; None: it had none
    ports: str = ""  # its ports, comma between them
    elsewhere: str = ""  # GPUs on which it computed, as in `gpus`, without having been given them
    code: int | None = None  # what its program was at its start, by number; None: not known. See `Store.code`
    origin: int | None = None  # its code, its Python and its machine, by number; None: not known. See `queue.origin_rows`

    @property
    def name(self) -> str:
        """What launchers and journals call this attempt."""
        return f"{self.job}/{self.number}"

    @property
    def place(self) -> str:
        """Its GPUs for people: `GPU 0,1`, or the UUID of a MIG instance; empty on the CPU."""
        return self.gpus if not self.gpus[:1].isdecimal() else f"GPU {self.gpus}"

    @property
    def is_elsewhere(self) -> bool:
        """Whether its launcher is a process of another machine."""
        return "/" in self.launcher

    @property
    def host(self) -> str:
        """The host that has it, where that is reached over ssh; else ""."""
        return host_of(self.launcher)

    @property
    def site(self) -> str:
        """`place`, and on which host: `GPU 0,1 of ada`, or `ada`."""
        return " of ".join(each for each in (self.place, self.host) if each)

    @property
    def run_id(self) -> str:
        """What a tracker may call this attempt: unlike that of any other attempt, of any queue, and the same at every look.

        A job's id would not do: in a new queue the same experiment gets the same one.
        """
        from hashlib import sha256  # with OpenSSL; a list of jobs asks for no such name

        return self.job[:8] + sha256(f"{self.name} {self.launcher}".encode()).hexdigest()[:8]

    @property
    def log(self) -> Path:
        """Where its output is."""
        return Path(self.directory) / LOG

    @property
    def metrics(self) -> Path:
        """Where its metric log is, if it writes one."""
        return Path(self.directory) / METRICS

    @property
    def system(self) -> Path:
        """Where the rows are about what it uses of the machine, if it has lived long enough to have some."""
        return Path(self.directory) / SYSTEM


@dataclass(frozen=True)
class Pause:
    """`since` when an attempt is paused (seconds since 1970), None: it is not; `rested`: the seconds of its pauses so far;
    `spans`: from when to when each of them was, the present one until now."""

    since: float | None = None
    rested: float = 0.0
    spans: tuple[tuple[float, float], ...] = ()


NO_PAUSE = Pause()


def filled(text: str, attempt: Attempt) -> str:
    """A variable as an attempt finds it, whose directory and run id RUN_DIR and RUN_ID stand for."""
    own = text.replace(RUN_DIR, attempt.directory)
    return attempt.run_id if own == RUN_ID else own


def host_of(launcher: str) -> str:
    """The host that a launcher is on, where it is reached over ssh; else ""."""
    kind, _, rest = launcher.partition("/")
    return rest.partition("/")[0] if kind == "ssh" else ""


def where(launcher: str) -> str:
    """Where a launcher is that is no process of this machine, for people."""
    return host_of(launcher) or "a node of Slurm's"


@dataclass(frozen=True)
class Job:
    """An experiment in the queue, with its resources and policy."""

    id: str
    number: int
    key: str
    experiment: str
    group: str | None
    argv: tuple[str, ...]
    arguments: str
    cwd: str
    resources: Resources
    policy: Policy
    state: State
    submitted: float
    attempts: int = 0
    failures: int = 0  # attempts that count against `policy.retries`, since a person last asked for the job
    environment: str = "{}"  # JSON: what its attempts get beyond the user's own environment; see `additions`
    surroundings: int | None = None  # what it keeps of that environment, by number; None: nothing. See `Store.surroundings`
    code: int | None = None  # what its program was when it was last asked for, by number; None: not known. See `Store.code`
    file: str | None = None  # the real path of the file that has asked for it last; None: not known
    priority: int = 0  # the higher starts first; those of the same in the order of their submission
    begin_at: float = 0.0  # it does not start before, in seconds since 1970; 0: at once, or its time has come
    prerequisite: int | None = None  # the jobs that it comes after, by number; see `queue.dependencies`
    blocked: bool = False  # by its prerequisite, now
    renamed: str | None = None  # the name that a person has chosen; None: nobody has
    tags: tuple[str, ...] = ()  # sorted, each once
    note: str = ""  # what a person has written about it
    slurm: SlurmWishes = SlurmWishes()  # what its file says of the cluster that it may run on

    @property
    def config(self) -> dict[str, Any]:
        return json.loads(self.arguments)

    def additions(self, attempt: Attempt) -> dict[str, str | None]:
        """Variables for an attempt, whose directory and run id RUN_DIR and RUN_ID stand for; None takes a variable away."""
        found: dict[str, str | None] = json.loads(self.environment)
        return {name: value and filled(value, attempt) for name, value in found.items()}

    def told(self, attempt: Attempt) -> str:
        """`environment` for a machine on which this attempt is another job's: it says which attempt of which job it is here."""
        found: dict[str, str | None] = json.loads(self.environment)
        own = {name: attempt.run_id if value == RUN_ID else value for name, value in found.items()}
        return json.dumps({**own, "EXP_QUEUE_JOB": self.id, "EXP_QUEUE_ATTEMPT": str(attempt.number)})

    @property
    def name(self) -> str:
        """For people to type and to remember; no other job of the queue has it."""
        return self.renamed or name_of(self.id, self.number)

    @property
    def is_seat(self) -> bool:
        """Whether it only stands for a run that a process elsewhere computes: its own code and Python say nothing of that."""
        return len(self.argv) > 2 and self.argv[2].endswith(SEAT)

    @property
    def needs_agent(self) -> bool:
        """Whether it is a seat for an agent of a sweep, which only the server of that sweep can bring."""
        return self.is_seat and len(self.argv) == 6  # without the name of a run

    @property
    def short_id(self) -> str:
        return self.id[:8]


def waits_elsewhere(job: Job, attempt: Attempt) -> bool:
    """Whether another machine has it and has not begun it, as far as anybody has heard."""
    return job.state is State.STARTING and attempt.is_elsewhere


def deserves_another_attempt(job: Job, ending: Ending) -> bool:
    """Whether the job's own policy starts it again after this ending."""
    if ending.state is State.LOST:
        return job.policy.resumable
    return ending.state in (State.FAILED, State.TIMEOUT) and job.failures < job.policy.retries
