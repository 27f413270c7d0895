"""The rows of what a run has shown, as they lie in its directory: those that are whole, and how much each could be missed."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from scheduler.tracking.media_log import media_of
from scheduler.tracking.metric_log import rows
from scheduler.values import dataclass

ROWS = 100  # of a table
STEPS = 50  # of one kind and name, at most twice as many
PREDICTIONS = ("table", "predictions")
MOST = 200_000  # predictions that are read
LARGEST = sys.float_info.max


@dataclass(frozen=True)
class Thing:
    """An image, a table, a histogram or a file: its row in the index, and how many came before it."""

    order: int
    kind: str
    name: str
    step: int | None
    row: Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """What was found, in the order in which it came; and of each kind how many were passed over, since there are too many of a
    name."""

    things: Sequence[Thing]
    passed: Mapping[str, int]


def things(directory: Path) -> Found:
    """All that a run has shown, but of each name not more than so many steps; the first and the newest among them."""
    groups: dict[tuple[str, str], list[Thing]] = {}
    counts: Counter[tuple[str, str]] = Counter()
    tables = set()
    for order, row in enumerate(media_of(directory)):
        if _is_whole(row):
            each = _thing(order, row)
            _keep(groups.setdefault((each.kind, each.name), []), each)
            counts[each.kind, each.name] += 1
            tables |= {each.step} if (each.kind, each.name) == PREDICTIONS else set()
    told = [row for row in _predictions(directory) if row["_step"] not in tables]
    for order, row in enumerate(told, sum(counts.values())):
        _keep(groups.setdefault(PREDICTIONS, []), _thing(order, row))
        counts[PREDICTIONS] += 1
    passed: Counter[str] = Counter()
    for name, count in counts.items():
        passed[name[0]] += count - len(groups[name])
    return Found(sorted((each for group in groups.values() for each in group), key=lambda each: each.order), passed)


def _keep(group: list[Thing], thing: Thing) -> None:
    """One more; where there are too many, every other between the first and the newest goes."""
    group.append(thing)
    if len(group) > 2 * STEPS:
        del group[1:-1:2]


def levels(everything: Sequence[Thing]) -> Iterator[tuple[int, Thing]]:
    """Each with how much it can be missed among those of its kind and name: the last 0, the first 1, the middle 2, ..."""
    groups: dict[tuple[str, str], list[Thing]] = {}
    for each in everything:
        groups.setdefault((each.kind, each.name), []).append(each)
    for group in groups.values():
        for place, each in enumerate(group):
            yield level(place, len(group)), each


def level(place: int, count: int) -> int:
    """
    >>> [level(place, 9) for place in range(9)]
    [1, 4, 3, 4, 2, 4, 3, 4, 0]
    >>> level(0, 1), level(0, 2)
    (0, 1)
    """
    if place == count - 1:
        return 0
    if place == 0:
        return 1
    halvings = (count - 2).bit_length()
    return 1 + halvings - ((place & -place).bit_length() - 1)


def _thing(order: int, row: Mapping[str, Any]) -> Thing:
    step = row.get("_step")
    return Thing(order, str(row["kind"]), str(row.get("name", "")), step if isinstance(step, int) else None, row)


def _is_whole(row: Mapping[str, Any]) -> bool:
    """Whether it says all that its kind has to say: any program may have written it."""
    kind = row.get("kind")
    if kind == "table":
        columns, cells = row.get("columns"), row.get("rows")
        are_lists = isinstance(columns, list) and isinstance(cells, list) and all(isinstance(each, list) for each in cells)
        return are_lists and isinstance(row.get("more", 0), int)
    if kind == "histogram":
        return _is_histogram(row.get("edges"), row.get("counts")) and isinstance(row.get("other", 0), int)
    return kind in ("image", "file")


def _is_histogram(edges: Any, counts: Any) -> bool:
    return (
        isinstance(edges, list)
        and isinstance(counts, list)
        and len(edges) == len(counts) + 1 >= 2
        and all(isinstance(each, (int, float)) and -LARGEST <= each <= LARGEST for each in (*edges, *counts))
    )


def _predictions(directory: Path) -> Iterator[dict[str, Any]]:
    """The texts of predictions as tables, one for each step."""
    steps: dict[Any, list[dict[str, Any]]] = {}
    more: dict[Any, int] = {}
    for row in islice(rows(directory / "predictions.jsonl"), MOST):
        step = row.pop("_step", None)
        if not isinstance(step, int):
            step = None
        kept = steps.setdefault(step, [])
        if len(kept) < ROWS:
            kept.append(row)
        else:
            more[step] = more.get(step, 0) + 1
    for step, kept in steps.items():
        columns = list(dict.fromkeys(name for row in kept for name in row))
        cells = [[row.get(name) for name in columns] for row in kept]
        yield {
            "_step": step,
            "kind": "table",
            "name": "predictions",
            "columns": columns,
            "rows": cells,
            "more": more.get(step, 0),
        }
