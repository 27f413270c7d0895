"""A sweep's plan as the store remembers it, for whoever shows the sweep: its file may be changed or gone. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scheduler.sweeps.files.early_terminate import EarlyTerminate
from scheduler.sweeps.files.sweep_file import Sweep
from scheduler.sweeps.space.distributions import Condition, Distribution, Parameter
from scheduler.sweeps.sweep import SweepPlan
from scheduler.tracking.metric_log import Objective


def plan_from(file: str, config: Mapping[str, Any], points: Iterable[Mapping[str, Any]]) -> SweepPlan:
    """What the sweep of this file was last run as: method, metric, space and early stopping, but no command. `config`: what
    `SweepPlan.remembered` has written. Of a sweep whose space was not kept yet, what its `points` have tried."""
    metric = {"name": config["metric"], "goal": config["goal"]} if config["metric"] else None
    rule = EarlyTerminate(**config["early_terminate"]) if config.get("early_terminate") else None
    beside = tuple(Objective(*each) for each in config.get("beside", ()))
    space = _kept(config["space"]) if "space" in config else _tried(points)
    return SweepPlan(file, Path(file).name, Sweep(config.get("method", ""), space, metric, None, rule, beside), (), ())


def _kept(space: Iterable[Sequence[Any]]) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(tuple(path), Distribution(name, fields), tuple(_condition(each) for when in rest for each in when))
        for path, name, fields, *rest in space
    )


def _condition(kept: Mapping[str, Any]) -> Condition:
    return Condition(tuple(kept["path"]), tuple(kept["values"]), kept["least"], kept["most"])


def _tried(points: Iterable[Mapping[str, Any]]) -> tuple[Parameter, ...]:
    values: dict[str, dict[str, Any]] = {}
    for point in points:
        for name, value in point.items():
            values.setdefault(name, {})[json.dumps(value)] = value
    return tuple(Parameter((name,), _of(list(seen.values()))) for name, seen in values.items())


def _of(values: list[Any]) -> Distribution:
    if len(values) == 1:
        return Distribution("constant", {"value": values[0]})
    return Distribution("categorical", {"values": values})
