"""What a training script logs at one moment, whatever wrote it down, and the one question that a sweep asks of it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any, Protocol

from scheduler.values import dataclass

_MISSING = object()


@dataclass(frozen=True)
class Row:
    """One logged row: metrics by name, possibly nested; `step` is None where the format has none, and so is `time`, when it
    was logged (seconds since 1970)."""

    step: int | None
    values: Mapping[str, Any] = field(default_factory=dict)
    time: float | None = field(default=None, compare=False)


class Reader(Protocol):
    """Reads one growing log. Every byte is taken in once, so following a long log costs no more than its new part."""

    @property
    def behind(self) -> bool:
        """Whether more lies there already than the last `read` took in: then read again soon."""

    @property
    def extent(self) -> tuple[int, int]:
        """How many bytes are taken in, and how many there are."""

    @property
    def summary(self) -> Mapping[str, Any]:
        """The run's own last word on its metrics, where the format has one."""

    @property
    def exit_code(self) -> int | None:
        """The exit code that the run wrote down, where the format has one."""

    @property
    def leads(self) -> bool:
        """Whether this says that it is the log of rank 0 of a parallel training."""

    def read(self) -> list[Row]:
        """The rows that became complete since the last call; what is incomplete or damaged is tried again next time."""

    def finish(self) -> list[Row]:
        """The rest, once nobody writes any more: also a last row without its end mark, and what lies behind damage."""


def finite(row: Row, metric: str) -> float | None:
    """The value of `metric` in `row`, or None where it is missing, a bool, a text, NaN or infinite.

    `a.b` is found as the literal name and inside nested values, as W&B does.

    >>> finite(Row(1, {"val": {"loss": 2}}), "val.loss"), finite(Row(1, {"val.loss": 3}), "val.loss")
    (2.0, 3.0)
    >>> finite(Row(1, {"loss": float("nan")}), "loss"), finite(Row(1, {"loss": True}), "loss"), finite(Row(1), "loss")
    (None, None, None)
    """
    found = number(row, metric)
    return found if found is not None and math.isfinite(found) else None


def number(row: Row, metric: str) -> float | None:
    """As `finite`, but NaN and infinities are numbers too: what a training that diverged has to say.

    >>> number(Row(1, {"loss": float("inf")}), "loss"), number(Row(1, {"loss": "0.5"}), "loss")
    (inf, None)
    """
    value = _found(row.values, metric)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def said(row: Row, metrics: Iterable[str]) -> list[Any]:
    """What the row says of those of `metrics` that it holds, whatever it is.

    >>> said(Row(1, {"loss": [0.5], "acc": None}), ["acc", "loss", "f1"])
    [None, [0.5]]
    """
    return [value for metric in metrics if (value := _found(row.values, metric)) is not _MISSING]


def holds(row: Row, metrics: Iterable[str]) -> bool:
    """Whether the row says anything about one of `metrics`, be it NaN or a text.

    >>> holds(Row(1, {"loss": None}), ["acc", "loss"]), holds(Row(1, {"loss": 1}), ["acc"])
    (True, False)
    """
    return any(_found(row.values, metric) is not _MISSING for metric in metrics)


def _found(values: Mapping[str, Any], name: str) -> Any:
    """What `name` stands for: the literal name first, then every way to read its dots as levels."""
    if name in values:
        return values[name]
    for dot in (place.start() for place in re.finditer(r"\.", name)):
        inner = values.get(name[:dot])
        value = _found(inner, name[dot + 1 :]) if isinstance(inner, Mapping) else _MISSING
        if value is not _MISSING:
            return value
    return _MISSING


def mention(metrics: Iterable[str]) -> Callable[[bytes], bool]:
    """Whether some bytes may hold one of `metrics`; without metrics every row is wanted.

    A filter before parsing: a run may log a hundred names and the sweep asks for one. It may say yes for nothing, never
    no for something: of each name the longest part that no encoding changes is looked for, and bytes with a backslash,
    where JSON may have changed even those, are always let through.

    >>> wanted = mention(["val.loss"])
    >>> wanted(b'{"val": {"loss": 1}}'), wanted(b'{"acc": 1}'), mention([])(b"")
    (True, False, True)
    """
    parts = [max(re.findall(r"[A-Za-z0-9_]+", metric), key=len, default="").encode() for metric in metrics]
    if not parts:
        return lambda data: True
    if len(parts) == 1:  # the usual case, and asked millions of times
        return lambda data, part=parts[0]: part in data or b"\\" in data  # type: ignore[misc]
    return lambda data: b"\\" in data or any(part in data for part in parts)
