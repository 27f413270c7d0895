"""The best jobs, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from scheduler.actions.best import Best, Winner
from scheduler.actions.columns import BASE, FACTS
from scheduler.experiments import shell_line
from scheduler.goals import MAXIMIZE
from scheduler.report.text import number, place


def lines(found: Best) -> Iterator[str]:
    """A few lines for each."""
    for winner in found.winners:
        yield from _lines(winner)


def _lines(winner: Winner) -> Iterator[str]:
    job, attempt, name = winner.compared.job, winner.compared.attempt, winner.objective.name
    last = winner.compared.logged.last.get(name)
    state = f", {job.state}" if not winner.compared.succeeded else ""
    where = f"{'row' if winner.compared.logged.step is None else 'step'} {place(winner.at)}"
    yield f"{job.short_id} {job.name}: {name} {number(winner.value)} at {where} (last {number(last)}){state}"
    config = ", ".join(f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in winner.config.items())
    if config:
        yield f"  parameters: {config}"
    yield from (f"  checkpoint: {path}" for path in winner.checkpoints.files)
    yield from (f"  no checkpoint of its own: {doubt}" for doubt in winner.checkpoints.doubts)
    if attempt:
        yield f"  directory: {attempt.directory}"
    yield f"  command: {shell_line(job.argv)}"


def go_on(found: Best) -> list[str]:
    """What is said below."""
    first = found.winners[0].compared.job.short_id
    notes = [f"go on: `exp-queue show {first}`, `exp-queue curves {first}`, `exp-queue export {first}`"]
    if found.guessed:
        objective = found.objectives[0]
        largest = objective.goal == MAXIMIZE
        notes.append(
            f"the {'largest' if largest else 'smallest'} {objective.name} is taken for the best, by its name; "
            f"`-m {objective.name}:{'min' if largest else 'max'}` says otherwise"
        )
    return notes


def none(found: Best) -> str:
    """Why there is no best one of jobs that there are."""
    if not found.objectives:
        return "these jobs have logged no numbers; `exp-queue logs JOB` shows what one has printed"
    names = ", ".join(objective.name for objective in found.objectives)
    return f"none of these jobs that has not failed has logged a number for {names}"


def objects(found: Best) -> list[dict[str, Any]]:
    """For programs; the keys are part of the interface."""
    return [
        {
            **{name: FACTS[name](winner.compared) for name in BASE},
            "metric": winner.objective.name,
            "goal": winner.objective.goal,
            "best": winner.value,
            "best_at": winner.at,
            "last": winner.compared.logged.last.get(winner.objective.name),
            "config": winner.compared.job.config,
            "directory": winner.compared.attempt.directory if winner.compared.attempt else None,
            "checkpoints": [str(path) for path in winner.checkpoints.files],
            "checkpoint_doubts": list(winner.checkpoints.doubts),
            "argv": list(winner.compared.job.argv),
        }
        for winner in found.winners
    ]


def rows(found: Best) -> list[dict[str, Any]]:
    """The same, flat, for a CSV or JSON lines."""
    left = ("config", "checkpoints", "checkpoint_doubts", "argv")
    return [
        {
            **{name: value for name, value in each.items() if name not in left},
            **{f"config.{name}": value for name, value in winner.compared.config.items()},
            "checkpoint": next(iter(each["checkpoints"]), None),
        }
        for each, winner in zip(objects(found), found.winners, strict=True)
    ]
