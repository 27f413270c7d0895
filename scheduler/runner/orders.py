"""What a launcher is told to start: an attempt of a job, with all that its policy and its surroundings say."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from scheduler.experiments.experiment import arguments_with_group
from scheduler.home import Home
from scheduler.launcher.spawning import Order
from scheduler.queue.job import RUN_DIR, Attempt, Job
from scheduler.queue.surroundings import Surroundings
from scheduler.runner.attempts import Ready
from scheduler.runner.environment import child_environment, copy_cap, log_cap, system_interval

_ARGUMENTS = re.compile(r"/arguments/[0-9a-f]{64}\.json$")


def order_of(
    ready: Ready, attempt: Attempt, inherited: Mapping[str, str], kept: Surroundings, threads: int, grace: float, home: Home
) -> Order:
    """`inherited`, `kept` and `threads`: as for `child_environment`; `grace`: seconds from SIGINT to SIGTERM of a stop; `home`:
    that of the store, whose files commands name."""
    job, environment = ready.job, child_environment(ready, attempt, inherited, kept, threads=threads)
    return Order(
        attempt.name,
        list(job.argv),
        job.cwd,
        attempt.directory,
        environment,
        job.policy.timeout,
        grace,
        job.policy.leftovers,
        log_cap=log_cap(),
        copy_cap=copy_cap(environment, attempt),
        program=kept.program,
        inputs=_inputs(job, home.root),
        system=system_interval(),
        warm=ready.warm,
    )


def _inputs(job: Job, home: Path) -> dict[str, str]:
    """The files of ours that the command and the environment of a job name, with what they hold."""
    has_point = '"WANDB_SWEEP_PARAM_PATH"' in job.environment
    found = {}
    for word in job.argv:
        if word.startswith(f"{home}/arguments/") and (job.experiment in word or (has_point and _ARGUMENTS.search(word))):
            # Named by the experiment's id where the program is told its group.
            found[word] = arguments_with_group(job.arguments, job.group) if job.experiment in word else job.arguments
    if has_point:
        from scheduler.tracking.wandb_offline import parameters_text  # loads YAML, which few jobs need

        path = json.loads(job.environment)["WANDB_SWEEP_PARAM_PATH"]
        found |= {path: parameters_text(job.config)} if path and RUN_DIR not in path else {}
    return found
