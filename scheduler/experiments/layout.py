"""The sections of an experiments file, each checked and turned into values. Every error has the place of its cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from scheduler.errors import UserError, nearest
from scheduler.experiments.asks import Policy, Ranking, Resources, SlurmWishes
from scheduler.experiments.document import values
from scheduler.experiments.document.document import Document
from scheduler.experiments.document.unusable import refuse_unusable
from scheduler.experiments.experiment import GROUP_KEY
from scheduler.goals import GOALS

CONFIGURED = ("base", "grid", "zip", "include", "exclude", "experiments")
SECTIONS = (
    *("experiment_group", "command", "shell", "program", "groups", "resources", "policy", "slurm"),
    *("after", "tags", "notes", "defaults"),
    *CONFIGURED,
)

AFTER_FAILURE = ("skip", "run")
MOST_PORTS = MOST_SHARES = 64
LEFTOVERS = ("work", "wait", "kill")

Readers = dict[str, Callable[[object], Any]]
Record = TypeVar("Record", Resources, Policy, SlurmWishes)


def objective(value: object) -> Ranking:
    """What `objective` of a policy says. Raises UserError."""
    found = values.mapping(value)
    for key in found:
        if key not in ("metric", "goal"):
            raise UserError(f'unknown key "{key}"', next_step=nearest(key, ("metric", "goal")))
    if found.keys() != {"metric", "goal"} or not found["metric"]:
        raise values.expected("a metric and its goal", value, "write objective: {metric: val_loss, goal: minimize}")
    return Ranking(values.text(found["metric"]), values.choice(found["goal"], GOALS))


RESOURCES: Readers = {
    "gpus": lambda value: values.whole_number(value, 0),
    "gpu_memory": values.memory,
    "cpus": lambda value: values.whole_number(value, 1),
    "exclusive": values.truth,
    "share": lambda value: values.whole_number(value, 1, MOST_SHARES),
}
POLICY: Readers = {
    "retries": lambda value: values.whole_number(value, 0),
    "timeout": values.duration,
    "resumable": values.truth,
    "leftovers": lambda value: values.choice(value, LEFTOVERS),
    "grace": values.pause,
    "environment": values.variables,
    "max_failures": values.count_or_none,
    "ports": lambda value: values.whole_number(value, 0, MOST_PORTS),
    "objective": objective,
    "priority": values.priority,
    "warm": values.truth_or_modules,
    "after_any": values.truth,
    "after_failure": lambda value: values.choice(value, AFTER_FAILURE),
}


def sections(document: Document) -> dict[str, Any]:
    """The top level of the file, every key known; configurations in it are free of what they must not hold."""
    with document.at():
        top = values.mapping(document.value)
    document.refuse_unknown(top, SECTIONS)
    if not top.keys() & {"experiments", "grid", "zip", "include", "base", "defaults"}:
        next_step = 'write "experiments:" and a list, or a "grid:"'
        raise document.error("there are no experiments in this file", next_step=next_step)
    return {key: refuse_unusable(document, key, value) if key in CONFIGURED else value for key, value in top.items()}


def group(document: Document, top: dict[str, Any]) -> str | None:
    """The file's group, or None where it names none."""
    if GROUP_KEY not in top:
        return None
    with document.at(GROUP_KEY):
        return values.text(top[GROUP_KEY])


def record(document: Document, top: dict[str, Any], section: str, readers: Readers, empty: Record) -> Record:
    """`resources`, `policy` or `slurm` as its frozen value; what the file does not say is as in `empty`."""
    if section not in top:
        return empty
    with document.at(section):
        found = values.mapping(top[section])
    document.refuse_unknown(found, readers, section)
    changes = {}
    for key, value in found.items():
        with document.at(section, key):
            changes[key] = readers[key](value)
            if isinstance(empty, Resources):
                refuse_two_ways_to_share(replace(empty, **changes))
    return replace(empty, **changes)


def shared(resources: Resources, share: int | None) -> Resources:
    """The resources with a share that somebody asks for beside the file; None: nobody does. UserError as below."""
    if share is None:
        return resources
    found = replace(resources, share=share)
    refuse_two_ways_to_share(found)
    return found


def refuse_two_ways_to_share(resources: Resources) -> None:
    """UserError for a job that shares its GPU by a number of jobs, and also by memory or not at all."""
    if resources.share is not None and resources.gpu_memory is not None:
        raise UserError("share and gpu_memory are two ways to share a GPU", next_step="keep the one that is known better")
    if resources.share is not None and resources.exclusive:
        raise UserError("share and exclusive: true contradict each other", next_step="keep one of them")
