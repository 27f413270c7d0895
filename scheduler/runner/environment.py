"""What an attempt finds in its environment: the runner's own, what its job keeps of that of its submit, and what is ours."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path

from scheduler.attempt_files import METRICS
from scheduler.errors import UserError
from scheduler.experiments.command.program_file import program_files_of_line
from scheduler.gpus.ports import variables
from scheduler.launcher.system_log import EVERY
from scheduler.queue.job import RUN_DIR, RUN_ID, Attempt, Job, filled
from scheduler.queue.surroundings import Surroundings
from scheduler.runner.attempts import Ready
from scheduler.tracking.local_wandb import is_asked, online
from scheduler.tracking.no_account import offline
from scheduler.values import dataclass

UNBUFFERED = "PYTHONUNBUFFERED"
_OF_ONE = ("EXP_QUEUE_", "WANDB_", "SWANLAB_", "CUDA_VISIBLE_DEVICES")  # variables that tell one attempt from another
# Libraries that compute on the CPU read the first of these that they know.
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Caps:
    """What the user has set for all jobs, each as the function of that name has it."""

    log_cap: int
    copy_cap: int
    system_interval: float


def caps() -> Caps:
    """UserError for what is no number: ask before anything begins."""
    return Caps(log_cap(), copy_cap(), system_interval())


def log_cap() -> int:
    """Bytes of a job's output that are kept: $EXP_QUEUE_LOG_CAP in MiB, 256 if it is not set; 0 keeps everything."""
    return _bytes_of("EXP_QUEUE_LOG_CAP", "256", "0 keeps everything")


def copy_cap() -> int:
    """Bytes that are copied from where the links of a job's W&B run lead: $EXP_QUEUE_COPY_CAP in MiB, 1024 if it is not set; 0:
    none."""
    return _bytes_of("EXP_QUEUE_COPY_CAP", "1024", "0 copies nothing")


def _bytes_of(variable: str, usual: str, next_step: str) -> int:
    given = os.environ.get(variable, usual)
    if not given.isdecimal():
        raise UserError(f'{variable} is "{given}", not a number of MiB', next_step=next_step)
    return int(given) << 20


def system_interval() -> float:
    """Seconds between the rows about what a job uses of the machine: $EXP_QUEUE_SYSTEM_METRICS, 5 if it is not set; 0: none."""
    given = os.environ.get("EXP_QUEUE_SYSTEM_METRICS") or f"{EVERY:g}"
    try:
        found = float(given)
    except ValueError:
        found = -1.0
    if not 0 <= found < math.inf:
        what = f'EXP_QUEUE_SYSTEM_METRICS is "{given}", not a number of seconds'
        raise UserError(what, next_step="5 is usual; 0 writes nothing down of what jobs use of the machine")
    return found


@dataclass(frozen=True)
class Alike:
    """What attempts of jobs that are alike have in common. `texts`: additions to the runner's environment, None takes a variable
    away; in those that `places` names, RUN_DIR and RUN_ID stand for what only an attempt has. `users`: the whole environment
    without what is the jobs' own; `at_server`: whether that asks for the W&B server of this machine. `program`: as in
    `Surroundings`."""

    texts: Mapping[str, str | None]
    places: tuple[str, ...]
    users: Mapping[str, str | None]
    at_server: bool
    program: str | None
    address: str | None  # MASTER_ADDR so far
    caps: Caps

    def of(self, attempt: Attempt) -> dict[str, str | None]:
        """As one attempt finds it."""
        found = dict(self.texts)
        found.update((name, filled(found[name] or "", attempt)) for name in self.places)
        return found


def alike(job: Job, program: str | None, inherited: Mapping[str, str], kept: Surroundings, caps: Caps) -> Alike:
    """For all jobs of the same `environment` and `cwd`. `program`: the file with the code that they run, where that is known;
    `inherited`: the runner's environment; `kept`: what they keep of another.

    What they log is to be seen, while they run and without an account: see `no_account`, and
    `local_wandb` where the server of this machine is asked for.
    """
    differing, given = kept.differing(inherited), json.loads(job.environment)
    whole = {**inherited, **differing, **given}
    seen, users = _seen(RUN_DIR, job, whole, program), {**inherited, **differing}
    ours = {**{name: text for name, text in seen.items() if name not in differing}, **given}
    places = tuple(name for name, text in ours.items() if text and (RUN_DIR in text or text == RUN_ID))
    return Alike({**differing, **ours}, places, users, is_asked(users), kept.program, whole.get("MASTER_ADDR"), caps)


def child_environment(ready: Ready, attempt: Attempt, shared: Alike, *, threads: int) -> dict[str, str | None]:
    """Additions to the runner's environment for one attempt; None takes a variable away. `shared`: what those of such jobs find
    alike.

    Without a claim CUDA sees no device, and the job gets `threads` CPU threads (or what it asked for), unless the user has set
    a number: several jobs that each use every core slow one another down.
    """
    job, own = ready.job, shared.of(attempt)
    if shared.at_server:
        own |= online(shared.users, Path(attempt.directory).parents[2], attempt.directory, attempt.run_id)
    own |= variables(ready.port_numbers, asked=job.policy.ports > 0, address=shared.address)
    own["EXP_QUEUE_SLOT"] = str(ready.slot.number)
    own.setdefault("EXP_QUEUE_JOB", job.id)  # what another queue has sent here has a name there
    own.setdefault("EXP_QUEUE_ATTEMPT", str(attempt.number))
    own["EXP_QUEUE_RUN_DIR"] = attempt.directory
    own["EXP_QUEUE_METRICS"] = f"{attempt.directory}/{METRICS}"
    if ready.claim:
        return {**own, **ready.claim.environment()}
    if all(shared.users.get(name) is None for name in THREADS):
        own[THREADS[0]] = str(job.resources.cpus or threads)
    own["CUDA_VISIBLE_DEVICES"] = "-1"
    return own


def lasting_environment(
    job: Job, program: str | None, inherited: Mapping[str, str], kept: Surroundings, *, threads: int
) -> dict[str, str]:
    """What all attempts of such jobs find there alike: without what tells one from another, and without devices. `program`: as
    for `offline`; the others as for `child_environment`."""
    own = {name: text for name, text in json.loads(job.environment).items() if _lasts(name, text)}
    given = {**inherited, **kept.differing(inherited), **own}
    chosen = any(given.get(name) is not None for name in THREADS)
    share = {} if chosen or job.resources.gpus else {THREADS[0]: str(job.resources.cpus or threads)}
    seen = {name: text for name, text in _seen("", job, given, program).items() if _lasts(name, text)}
    return {name: text for name, text in {**given, **share, **seen}.items() if text is not None}


def _lasts(name: str, text: str | None) -> bool:
    return not name.startswith(_OF_ONE) and RUN_DIR not in (text or "") and text != RUN_ID


def program_of_line(job: Job) -> str | None:
    """The file that its command, which is a line for a shell, probably runs."""
    return next((os.path.join(job.cwd, name) for name in program_files_of_line(job.argv)), None)  # noqa: PTH118


def _seen(directory: str, job: Job, whole: Mapping[str, str | None], program: str | None) -> dict[str, str]:
    # Python keeps up to 8 KiB of what it prints into a file: nothing would be seen before the end. A `print` then costs a few
    # microseconds more.
    unbuffered = {} if whole.get(UNBUFFERED) is not None else {UNBUFFERED: "1"}
    return {**unbuffered, **offline(whole, directory, job.cwd, program)}
