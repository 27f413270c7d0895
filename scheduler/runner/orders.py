"""What a launcher is told to start: an attempt of a job, with all that its policy and its surroundings say."""

from __future__ import annotations

from collections.abc import Mapping

from scheduler.launcher.spawning import Order
from scheduler.queue.job import Attempt, Job
from scheduler.queue.surroundings import Surroundings
from scheduler.runner.environment import child_environment, copy_cap, log_cap


def order_of(
    job: Job, attempt: Attempt, claimed: Mapping[str, str] | None, kept: Surroundings, threads: int, grace: float
) -> Order:
    """`claimed`, `kept` and `threads`: as for `child_environment`; `grace`: seconds from SIGINT to SIGTERM of a stop."""
    return Order(
        attempt.name,
        list(job.argv),
        job.cwd,
        attempt.directory,
        child_environment(job, attempt, claimed, kept, threads=threads),
        job.policy.timeout,
        grace,
        job.policy.leftovers,
        log_cap=log_cap(),
        copy_cap=copy_cap(job),
        program=kept.program,
    )
