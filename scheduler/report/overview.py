"""What a file asks for, before anything runs: how many experiments, and what tells them apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from scheduler.actions.check import Overview
from scheduler.experiments import Experiment, shell_line
from scheduler.experiments.configurations.configurations import flat


def sentence(found: Overview) -> str:
    """How many, and what differs."""
    head = f"{found.path}: {found.count:,} experiment{'' if found.count == 1 else 's'}"
    return f"{head}; what differs: {', '.join(found.differing)}" if found.differing else head


def rows(found: Overview) -> list[dict[str, str]]:
    """The first experiments for people: only what differs; the whole command line where nothing does."""
    return [_row(number, each, found.differing) for number, each in enumerate(found.first, 1)]


def _row(number: int, experiment: Experiment, differing: Sequence[str]) -> dict[str, str]:
    head = {"": str(number)}  # no id: before it is queued, no command would find it by one
    if not differing:
        return {**head, "command": shell_line(experiment.argv)}
    values = flat(experiment.config)
    return {**head, **{name: _cell(values[name]) if name in values else "" for name in differing}}


def _cell(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def objects(found: Overview) -> dict[str, Any]:
    """The same for programs."""
    first = [{"id": each.id, "group": each.group, "config": each.config, "argv": list(each.argv)} for each in found.first]
    missing = [asdict(each) for each in found.missing]
    head = {"file": found.path, "experiments": found.count, "differs_in": list(found.differing)}
    return {**head, "not_there": missing, "first": first}
