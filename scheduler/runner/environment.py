"""What an attempt finds in its environment: the runner's own, what its job keeps of that of its submit, and what is ours."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path

from scheduler.errors import UserError
from scheduler.experiments.command.program_file import program_files_of_line
from scheduler.gpus.ports import variables
from scheduler.launcher.files import METRICS
from scheduler.launcher.system_log import EVERY
from scheduler.queue.job import RUN_DIR, RUN_ID, Attempt, Job
from scheduler.queue.surroundings import Surroundings
from scheduler.runner.attempts import Ready
from scheduler.tracking.local_wandb import online
from scheduler.tracking.no_account import offline

UNBUFFERED = "PYTHONUNBUFFERED"
_OF_ONE = ("EXP_QUEUE_", "WANDB_", "SWANLAB_", "CUDA_VISIBLE_DEVICES")  # variables that tell one attempt from another
# Libraries that compute on the CPU read the first of these that they know.
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def log_cap() -> int:
    """Bytes of a job's output that are kept: $EXP_QUEUE_LOG_CAP in MiB, 256 if it is not set; 0 keeps everything."""
    given = os.environ.get("EXP_QUEUE_LOG_CAP", "256")
    if not given.isdecimal():
        raise UserError(f'EXP_QUEUE_LOG_CAP is "{given}", not a number of MiB', next_step="0 keeps everything")
    return int(given) << 20


def copy_cap(environment: Mapping[str, str | None], attempt: Attempt) -> int:
    """Bytes that are copied from where the links of a job's W&B run lead: $EXP_QUEUE_COPY_CAP in MiB, 1024 if it is not set; 0:
    none. Jobs that have no such run in their directory are left alone."""
    given = os.environ.get("EXP_QUEUE_COPY_CAP", "1024")
    if not given.isdecimal():
        raise UserError(f'EXP_QUEUE_COPY_CAP is "{given}", not a number of MiB', next_step="0 copies nothing")
    return int(given) << 20 if environment.get("WANDB_DIR") == attempt.directory else 0


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


def child_environment(
    ready: Ready, attempt: Attempt, inherited: Mapping[str, str], kept: Surroundings, *, threads: int
) -> dict[str, str | None]:
    """Additions to the runner's environment, which is `inherited`, for one attempt; None takes a variable away. `kept`: what its
    job keeps of another.

    What it logs is to be seen, while it runs and without an account: see `no_account`, and
    `local_wandb` where the server of this machine is asked for.

    Without a claim CUDA sees no device, and the job gets `threads` CPU threads (or what it asked for), unless the user has set
    a number: several jobs that each use every core slow one another down.
    """
    job, differing = ready.job, kept.differing(inherited)
    program = ready.code.program if ready.code else _program(job)
    given: dict[str, str | None] = {**differing, **job.additions(attempt)}
    address = given.get("MASTER_ADDR", inherited.get("MASTER_ADDR"))
    own: dict[str, str | None] = {
        **_seen(attempt.directory, job, {**inherited, **given}, program),
        **given,
        **online({**inherited, **differing}, Path(attempt.directory).parents[2], attempt.directory, attempt.run_id),
        **variables(ready.port_numbers, asked=job.policy.ports > 0, address=address),
        "EXP_QUEUE_SLOT": str(ready.slot.number),
        "EXP_QUEUE_JOB": given.get("EXP_QUEUE_JOB", job.id),  # what another queue has sent here has a name there
        "EXP_QUEUE_ATTEMPT": given.get("EXP_QUEUE_ATTEMPT", str(attempt.number)),
        "EXP_QUEUE_RUN_DIR": attempt.directory,
        "EXP_QUEUE_METRICS": f"{attempt.directory}/{METRICS}",
    }
    if ready.claim:
        return {**own, **ready.claim.environment()}
    chosen = any(differing.get(name, inherited.get(name)) is not None for name in THREADS)
    share = {} if chosen else {THREADS[0]: str(job.resources.cpus or threads)}
    return {**own, **share, "CUDA_VISIBLE_DEVICES": "-1"}


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


def _program(job: Job) -> str | None:
    """The file that its command, which is a line for a shell, probably runs."""
    return next((os.path.join(job.cwd, name) for name in program_files_of_line(job.argv)), None)  # noqa: PTH118


def _seen(directory: str, job: Job, whole: Mapping[str, str | None], program: str | None) -> dict[str, str]:
    # Python keeps up to 8 KiB of what it prints into a file: nothing would be seen before the end. A `print` then costs a few
    # microseconds more.
    unbuffered = {} if whole.get(UNBUFFERED) is not None else {UNBUFFERED: "1"}
    return {**unbuffered, **offline(whole, directory, job.cwd, program)}
