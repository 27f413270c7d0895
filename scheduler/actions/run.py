"""Run the experiments of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scheduler.actions.drive import Driven, Tell, Terms, drive
from scheduler.actions.submit import submit
from scheduler.errors import CannotEverRun
from scheduler.experiments import Experiment, ExperimentFile
from scheduler.queue.store import Store
from scheduler.runner.devices import Devices


def run(
    store: Store,
    plan: ExperimentFile,
    devices: Devices,
    directory: str,
    terms: Terms,
    tell: Tell,
    *,
    again: bool = False,
    lost: bool = False,
    begin: float | None = None,
    through: Callable[[Iterator[Experiment]], Iterator[Experiment]] = iter,
) -> Driven:
    """Queue the experiments of `plan` and run them, with what is in the queue of them already, until all are over.

    CannotEverRun, before anything is queued, if one of them can never run there. `again`, `lost` and `begin` as for a
    submit; `through`: sees every experiment go by.
    """
    submission = submit(store, plan, directory, tell, through(possible(plan, devices)), again=again, lost=lost, begin=begin)
    return drive(store, submission.jobs, devices, terms, tell)


def possible(plan: ExperimentFile, devices: Devices) -> Iterator[Experiment]:
    """The experiments, as long as they can ever run there; CannotEverRun at the first that cannot."""
    for number, experiment in enumerate(plan.experiments(), 1):
        reason = devices.never(experiment)
        if reason:
            what = f"experiment {number} of {plan.path} can never run {devices.there}: {reason}"
            raise CannotEverRun(what, next_step=devices.cure or "change its `resources`")
        yield experiment
