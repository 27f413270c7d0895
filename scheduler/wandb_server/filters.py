"""Which runs a filter of `wandb.Api().runs` leaves, and their order. Pure.

Filters are those of MongoDB (https://docs.wandb.ai/ref/python/public-api/api/#method-apiruns), over the fields below. What is not
known is refused: to pass over a condition would tell of runs that nobody has asked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any

from scheduler.wandb_server.graphql import Refused
from scheduler.wandb_server.posts import Told

Run = tuple[dict[str, Any], Told]  # what the client is told of a run, and all that is known of it

MISSING = object()
_FIELDS = {"display_name": "displayName", "job_type": "jobType", "created_at": "createdAt", "heartbeat_at": "heartbeatAt"}
_PLAIN = ("name", "state", "displayName", "group", "jobType", "sweep", "tags", "createdAt", "heartbeatAt", "notes")
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda one, other: one > other,
    "$gte": lambda one, other: one >= other,
    "$lt": lambda one, other: one < other,
    "$lte": lambda one, other: one <= other,
}


def passes(node: Mapping[str, Any], told: Told, filters: object) -> bool:
    """Whether a run passes, of which the client is told `node`. Refused for what cannot be asked."""
    if not isinstance(filters, dict):
        raise Refused(f"a filter is a mapping, not {filters!r}")
    results = []  # each is looked at, so that a mistake is found whatever the runs are
    for name, wanted in filters.items():
        if name in ("$and", "$or", "$nor"):
            parts = [passes(node, told, each) for each in (wanted if isinstance(wanted, list) else [wanted])]
            results.append(all(parts) if name == "$and" else any(parts) is (name == "$or"))
        elif name == "$not":
            results.append(not passes(node, told, wanted))
        else:
            results.append(_holds(value_of(node, told, name), wanted))
    return all(results)


def value_of(node: Mapping[str, Any], told: Told, name: str) -> Any:
    """What a run has under the name of a field; MISSING where it has nothing. Refused for a field that no run has."""
    head, _, rest = name.partition(".")
    if head in ("config", "summary_metrics", "summaryMetrics") and rest:
        return _inner(told.config, _without_value(rest)) if head == "config" else _inner(told.summary, rest)
    known = _FIELDS.get(name, name)
    if known == "sweep":
        return told.sweep
    if known in _PLAIN:
        return node.get(known)
    raise Refused(f'runs have no field "{name}" here; there are {", ".join(_PLAIN)}, config.NAME and summary_metrics.NAME')


def _without_value(path: str) -> str:
    """`lr.value` and `model.value.depth` mean what `lr` and `model.depth` mean."""
    parts = path.split(".")
    return ".".join([part for place, part in enumerate(parts) if part != "value" or place == 0])


def _inner(values: Any, path: str) -> Any:
    if isinstance(values, dict) and path in values:
        return values[path]
    head, dot, rest = path.partition(".")
    return _inner(values[head], rest) if dot and isinstance(values, dict) and head in values else MISSING


def _holds(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, dict) or not any(str(name).startswith("$") for name in wanted):
        return _is(value, wanted)
    found = [_compared(value, operator, other) for operator, other in wanted.items()]  # each is looked at, as above
    return all(found)


def _is(value: Any, wanted: Any) -> bool:
    """As MongoDB has it: a list holds what one of its members is, and what is missing is null."""
    if value is MISSING:
        return wanted is None
    return value == wanted or (isinstance(value, list) and wanted in value)


def _compared(value: Any, operator: str, other: Any) -> bool:
    if operator in ("$eq", "$ne"):
        return _is(value, other) is (operator == "$eq")
    if operator in ("$in", "$nin") and isinstance(other, list):
        return any(_is(value, each) for each in other) is (operator == "$in")
    if operator == "$exists":
        return (value is not MISSING and value is not None) is bool(other)
    if operator == "$not":
        return not _holds(value, other)
    if operator == "$regex" and isinstance(other, str):
        return isinstance(value, str) and _pattern(other).search(value) is not None
    if operator in _ORDERED:
        return _comparable(value, other) and _ORDERED[operator](value, other)
    raise Refused(f'a filter has no "{operator}" here with {other!r}')


def _comparable(one: Any, other: Any) -> bool:
    numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in (one, other))
    return numbers or (isinstance(one, str) and isinstance(other, str))


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise Refused(f'"{text}" is no regular expression: {error}') from None


def in_order(runs: Iterable[Run], order: str) -> list[Run]:
    """By `+` or `-` and the name of a field, `+` where neither stands there; equals as they come. What has no finite number there
    comes behind in both directions, texts first: `Sweep.best_run` takes the first, which neither a run without a value may be nor
    one that has diverged. A NaN among numbers would spoil the order of all."""
    kinds: tuple[list[tuple[Any, Run]], ...] = ([], [], [])
    for node, told in runs:
        kind, value = _sort_key(_summary_of(value_of(node, told, order.lstrip("+-")), order))
        kinds[kind].append((value, (node, told)))
    return [run for kind in kinds for _, run in sorted(kind, key=itemgetter(0), reverse=order.startswith("-"))]


def _summary_of(value: Any, order: str) -> Any:
    """The number in what `run.define_metric(name, summary="min")` leaves, which is `{"min": 0.1}`."""
    if not isinstance(value, dict):
        return value
    names = ("max" if order.startswith("-") else "min", "best", "last", "mean", "min", "max")
    return next((value[name] for name in names if name in value), value)


def _sort_key(value: Any) -> tuple[int, Any]:
    """Which of the kinds of `in_order` it is, and by what those of one kind are compared."""
    if isinstance(value, (int, float)) and math.isfinite(value):
        return 0, value
    return (1, value) if isinstance(value, str) else (2, 0)
