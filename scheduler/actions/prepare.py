"""The experiments of a file, ready to be started by something else, and what its user should know of them then."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.experiments import Experiment, ExperimentFile
from scheduler.experiments.argument_files import written

COMPARED = 10_000  # experiments in which repetitions are looked for


def prepare(plan: ExperimentFile, *, with_environment: bool) -> Iterator[Experiment]:
    """Each experiment when the files are there that its command names, and `with_environment` also those of its environment."""
    experiments = written(plan.experiments())
    if plan.sweep is None or not with_environment:
        return experiments
    from scheduler.home import default_root
    from scheduler.sweeps.engine.trial_environment import with_points

    return with_points(plan, experiments, default_root())


def script_of_wandb(plan: ExperimentFile) -> str:
    """The script of a sweep file, where it uses wandb: by its command line alone it would train its defaults; "" otherwise."""
    if plan.sweep is None or not (first := next(plan.experiments(), None)):
        return ""
    from scheduler.sweeps.files.commands import mentions_wandb

    return next((word for word in first.argv if word.endswith(".py") and mentions_wandb(word)), "")


def repetitions(plan: ExperimentFile) -> tuple[int, list[tuple[int, int]]]:
    """How many experiments there are, and which repeat which, counted from 1; nothing for a file of more than COMPARED."""
    first: dict[str, int] = {}
    number = 0
    repeated = []
    for number, experiment in enumerate(plan.experiments() if plan.at_most() <= COMPARED else (), 1):
        if first.setdefault(experiment.id, number) != number:
            repeated.append((number, first[experiment.id]))
    return number, repeated
