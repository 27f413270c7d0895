"""Put the experiments of a file into the queue."""

from __future__ import annotations

from collections.abc import Iterable

from scheduler.actions.never_here import never_here
from scheduler.actions.notices import Submitted, Tell
from scheduler.actions.skipped import tell_skipped
from scheduler.experiments import Experiment, ExperimentFile
from scheduler.experiments.argument_files import written
from scheduler.queue import submit as queue
from scheduler.queue.dependencies import Needs
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.queue.submit import Submission
from scheduler.sweeps.engine.trial_environment import with_points


def submit(
    store: Store,
    plan: ExperimentFile,
    directory: str,
    tell: Tell,
    experiments: Iterable[Experiment] | None = None,
    *,
    again: bool = False,
    lost: bool = False,
    begin: float | None = None,
) -> Submission:
    """Queue the experiments of `plan`, durably and all together, to start in `directory`; each when the files are there that its
    command and its environment name. `experiments`: the same, where they have been gone through already.

    `again`: new jobs for those that are over; `lost`: also for those whose outcome is unknown; `begin`: none starts before, in
    seconds since 1970.
    """
    given = plan.experiments() if experiments is None else experiments
    points = with_points(plan, written(given), store.home.root)
    needs = Needs(plan.policy.after_any, plan.policy.after_failure == "run")
    before = store.last_event()
    submission = queue.submit(
        *(store, points, directory),
        file=plan.path,
        again=again,
        lost=lost,
        begin=begin,
        after=plan.after,
        needs=needs,
        remarks=plan.remarks,
    )
    tell(Submitted(submission, plan.path, plan.launch))
    tell_skipped(store, submission.jobs, before, tell)
    return submission


def never(store: Store, submission: Submission) -> dict[str, str]:
    """Why some of its jobs can never run here, by their ids; nothing of those that a runner sends to other machines."""
    if not never_here(Mine(store, submission.jobs).by_resources()):
        return {}
    from scheduler.actions.bound import ways  # hardly any file asks for so much

    away = ways(store, submission.jobs)
    return never_here(job for job in submission.jobs if job.id not in away)
