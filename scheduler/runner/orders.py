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
from scheduler.runner.environment import Alike, Caps, alike, child_environment, program_of_line

_ARGUMENTS = re.compile(r"/arguments/[0-9a-f]{64}\.json$")


class Alikes:
    """What jobs that start in one turn have in common, found out once. A thousand short ones are alike, and to ask for each of
    them whether there is an account of W&B's took longer than all else that its order says."""

    def __init__(self, inherited: Mapping[str, str], caps: Caps) -> None:
        """`inherited`: the runner's environment."""
        self._inherited, self._caps, self._found = inherited, caps, dict[tuple, Alike]()

    def of(self, ready: Ready, kept: Surroundings) -> Alike:
        """`kept`: as for `alike`."""
        job = ready.job
        program = ready.code.program if ready.code else program_of_line(job)
        key = (job.environment, job.cwd, program, kept)
        if key not in self._found:
            self._found[key] = alike(job, program, self._inherited, kept, self._caps)
        return self._found[key]

    def forget(self) -> None:
        """A turn is over: somebody may log in or out, and a server of this machine come and go."""
        self._found.clear()


def order_of(ready: Ready, attempt: Attempt, shared: Alike, threads: int, grace: float, home: Home) -> Order:
    """`shared` and `threads`: as for `child_environment`; `grace`: seconds from SIGINT to SIGTERM of a stop; `home`: that of the
    store, whose files commands name."""
    job, environment = ready.job, child_environment(ready, attempt, shared, threads=threads)
    return Order(
        attempt.name,
        list(job.argv),
        job.cwd,
        attempt.directory,
        environment,
        job.policy.timeout,
        grace,
        job.policy.leftovers,
        log_cap=shared.caps.log_cap,
        # Jobs that have no run of W&B's in their directory are left alone.
        copy_cap=shared.caps.copy_cap if environment.get("WANDB_DIR") == attempt.directory else 0,
        program=shared.program,
        inputs=inputs_of(job, home.root),
        system=shared.caps.system_interval,
        warm=ready.warm,
    )


def inputs_of(job: Job, home: Path) -> dict[str, str]:
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
