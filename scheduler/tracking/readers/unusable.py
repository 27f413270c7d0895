"""A value that stands under the metric's name and cannot be compared: what it is, and what to log instead. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from scheduler.values import dataclass

LONGEST = 40  # characters of an example


@dataclass(frozen=True)
class Unusable:
    """`what` it is ("a text"), `example` as JSON writes it (as long as a line bears), and `instead`: what to log."""

    what: str
    example: str
    instead: str

    def sentence(self, metric: str, source: str) -> str:
        """
        >>> Unusable("a text", '"0.5"', "log float(value)").sentence("loss", "W&B log")
        '"loss" is never a finite number in what the script logs; it is a text, such as "0.5" (in: W&B log): log float(value)'
        """
        value = self.what if self.what == self.example else f"{self.what}, such as {self.example}"
        return f'"{metric}" is never a finite number in what the script logs; it is {value} (in: {source}): {self.instead}'


def unusable(value: Any) -> Unusable | None:
    """Why `value` is no number that trials could be compared by; None where it is one.

    >>> unusable(0.5), unusable(10**400).what
    (None, 'a number too large')
    >>> found = unusable("0.5"); (found.what, found.example, found.instead)
    ('a text', '"0.5"', 'log float(value)')
    """
    kind = _kind(value)
    if kind is None:
        return None
    example = json.dumps(value, default=str)
    return Unusable(kind[0], example if len(example) <= LONGEST else f"{example[: LONGEST - 3]}...", kind[1])


def _kind(value: Any) -> tuple[str, str] | None:
    if isinstance(value, bool):
        return "a truth value", "log int(value), which is 0 or 1"
    if isinstance(value, (int, float)):
        return _of_number(value)
    if isinstance(value, str):
        return "a text", "log float(value)"
    if isinstance(value, Mapping) and "_type" in value:  # an image, a histogram: what becomes of an array
        return "an object of W&B's", "log a number under a name of its own"
    if isinstance(value, Mapping):
        return "a mapping", "log a number under a name of its own; of a group of metrics one is named as group.name"
    if value is None:
        return "null", "log a number, or nothing where there is none"
    return "a list", "log one number, such as its mean or its last"


def _of_number(value: float) -> tuple[str, str] | None:
    try:
        number = float(value)
    except OverflowError:
        return "a number too large", "log a smaller one, such as its logarithm"
    if math.isnan(number):
        return "NaN", "see why the training diverges, or log a large finite number where it does"
    if math.isinf(number):
        return json.dumps(number), "log a large finite number where a training diverges"
    return None
