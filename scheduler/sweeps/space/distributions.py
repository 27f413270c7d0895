"""The distributions of a sweep's parameters: their names, their fields, and what a grid makes of them. Pure.

Names, fields and defaults are those of W&B (https://docs.wandb.ai/guides/sweeps/sweep-config-keys#distribution-options).
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping

from scheduler.values import dataclass

_RANGE = ("min", "max")
_BELL: dict[str, float] = {"mu": 0.0, "sigma": 1.0}
_BETA: dict[str, float] = {"a": 1, "b": 1}
_STEP: dict[str, float] = {"q": 1.0}

# Name: the fields that must be given, and the others with their defaults.
FIELDS: dict[str, tuple[tuple[str, ...], dict[str, float]]] = {
    "constant": (("value",), {}),
    "categorical": (("values",), {}),
    "categorical_w_probabilities": (("values", "probabilities"), {}),
    "int_uniform": (_RANGE, {}),
    "uniform": (_RANGE, {}),
    "q_uniform": (_RANGE, _STEP),
    "log_uniform_values": (_RANGE, {}),
    "inv_log_uniform_values": (_RANGE, {}),
    "q_log_uniform_values": (_RANGE, _STEP),
    "normal": ((), _BELL),
    "log_normal": ((), _BELL),
    "q_normal": ((), {**_BELL, **_STEP}),
    "q_log_normal": ((), {**_BELL, **_STEP}),
    "beta": ((), _BETA),
    "q_beta": ((), {**_BETA, **_STEP}),
    "log_uniform": (_RANGE, {}),
    "inv_log_uniform": (_RANGE, {}),
    "q_log_uniform": (_RANGE, _STEP),
}
LISTED = ("constant", "categorical", "categorical_w_probabilities")
GRID = ("categorical", "constant", "int_uniform", "q_uniform")
EXPONENTS = ("log_uniform", "inv_log_uniform", "q_log_uniform")  # their bounds are exponents of e; W&B has given them up
POSITIVE_MIN = ("log_uniform_values", "inv_log_uniform_values", "q_log_uniform_values")


@dataclass(frozen=True)
class Distribution:
    """A distribution by its name, with all its fields; those that the file leaves out have their defaults."""

    name: str
    fields: Mapping[str, object]

    def number(self, field: str) -> float:
        """A field that is a number, an int where the file has one."""
        found = self.fields[field]
        assert isinstance(found, (int, float))
        return found


@dataclass(frozen=True)
class Condition:
    """That another parameter has one of some values; where there are none, that it is a number between the two ends."""

    path: tuple[str, ...]
    values: tuple[object, ...]
    least: float | None = None
    most: float | None = None

    @property
    def is_range(self) -> bool:
        return not self.values


@dataclass(frozen=True)
class Parameter:
    """One parameter of the search space: its names from the outermost in, and its distribution. It applies only where all of
    `when` hold."""

    path: tuple[str, ...]
    distribution: Distribution
    when: tuple[Condition, ...] = ()

    @property
    def name(self) -> str:
        return ".".join(self.path)


def inferred(fields: Mapping[str, object]) -> str | None:
    """The distribution that W&B takes where none is named, or None if the fields are those of none."""
    if "value" in fields:
        return "constant"
    if "values" in fields:
        return "categorical_w_probabilities" if "probabilities" in fields else "categorical"
    if "min" in fields and "max" in fields:
        whole = all(isinstance(fields[end], int) for end in _RANGE)
        return "int_uniform" if whole else "uniform"
    return None


def grid_count(distribution: Distribution) -> int:
    """How many values `grid_values` would give, repetitions counted; known without making them."""
    if distribution.name == "int_uniform":
        return int(distribution.number("max") - distribution.number("min")) + 1
    if distribution.name == "q_uniform":
        count = (distribution.number("max") - distribution.number("min")) / distribution.number("q")
        return math.ceil(count) if math.isfinite(count) else sys.maxsize  # more than a float can say
    found = distribution.fields.get("values")
    return len(found) if isinstance(found, list) else 1


def grid_values(distribution: Distribution) -> tuple[object, ...]:
    """The values that a grid takes, each once, in order. `q_uniform` stops before its max, as in W&B."""
    if distribution.name == "constant":
        return (distribution.fields["value"],)
    if distribution.name == "int_uniform":
        return tuple(range(int(distribution.number("min")), int(distribution.number("max")) + 1))
    if distribution.name == "q_uniform":
        least, step = distribution.number("min"), distribution.number("q")
        return tuple(least + number * step for number in range(grid_count(distribution)))
    values = distribution.fields["values"]
    assert isinstance(values, list)
    return tuple(_once(values))


def _once(values: list[object]) -> list[object]:
    first: dict[str, object] = {}
    for value in values:
        first.setdefault(identity(value), value)
    return list(first.values())


def identity(value: object) -> str:
    """Equal for values that W&B takes for the same: 3.0 is 3, but true is not 1, and [3.0] is not [3]."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)
