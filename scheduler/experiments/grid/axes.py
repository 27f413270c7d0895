"""Reading `grid` and `zip`: the axes along which an experiment is varied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from scheduler.errors import UserError
from scheduler.experiments.configurations.configurations import Axis, Path, together
from scheduler.experiments.document import values
from scheduler.experiments.document.document import Document
from scheduler.experiments.document.marks import Key
from scheduler.experiments.experiment import GROUP_KEY

Where = tuple[Key, ...]
ToPath = Callable[[Path, object], Path]  # where a value stands: a config group's option has a place of its own


def read_axes(document: Document, sections: dict[str, Any], where: Where, to_path: ToPath) -> tuple[Axis, ...]:
    """The axes of `grid` and `zip` in these sections, in the order of the file. Raises UserError at the wrong one."""
    axes: list[Axis] = []
    for key, written in sections.items():
        if key == "grid":
            axes += _lanes(document, written, (*where, key), to_path)
        elif key == "zip":
            axes += _zips(document, written, (*where, key), to_path)
    lanes = [lane for axis in axes for lane in axis.lanes()]
    for name in sorted({lane.name for lane in lanes}):
        if sum(lane.name == name for lane in lanes) > 1:
            raise document.error(f'"{name}" is varied twice', *where, "zip", name, key=True, next_step="keep one of the two")
    refuse_overlap(document, lanes, (*where, "grid" if "grid" in sections else "zip"))
    return tuple(axes)


def _zips(document: Document, written: object, where: Where, to_path: ToPath) -> list[Axis]:
    if not isinstance(written, list):
        return [_zip(document, written, where, to_path)]
    return [_zip(document, one, (*where, index), to_path) for index, one in enumerate(written)]


def _zip(document: Document, written: object, where: Where, to_path: ToPath) -> Axis:
    lanes = _lanes(document, written, where, to_path)
    if not lanes:
        raise document.error("there are no keys to go together", *where, next_step="write key: [values], twice or more")
    first, *others = zip(values.mapping(written), lanes, strict=True)
    for name, lane in others:
        if len(lane.values) != len(first[1].values):
            what = f'"{name}" has {len(lane.values)} values, but "{first[0]}" has {len(first[1].values)}'
            raise document.error(what, *where, name, next_step="keys of a zip go together: give each as many values")
    return together(lanes)


def _lanes(document: Document, written: object, where: Where, to_path: ToPath) -> list[Axis]:
    with document.at(*where):
        grid = values.mapping(written)
    return [_lane(document, key, found, (*where, key), to_path) for key, found in grid.items()]


def _lane(document: Document, key: str, found: object, where: Where, to_path: ToPath) -> Axis:
    path = dotted(document, key, where)
    if not isinstance(found, list) or not found:
        with document.at(*where):
            raise values.expected("a list of one or more values", found, "put [ ] around a single value")
    paths = {to_path(path, value) for value in found}
    if len(paths) > 1:
        next_step = "write option names alone, or mappings alone"
        raise document.error(
            f'"{key}" is a config group: its values are options and mappings at once', *where, next_step=next_step
        )
    return Axis(paths.pop(), tuple(found))


def dotted(document: Document, key: str, where: Where) -> Path:
    """The path that a dotted key stands for. Raises UserError for one that has no proper parts."""
    path = tuple(key.split("."))
    if not all(path):
        raise document.error(f'"{key}" is no proper key', *where, key=True, next_step="write key or outer.inner")
    if path[0] == GROUP_KEY:
        raise misplaced_group(document, where)
    return path


def misplaced_group(document: Document, where: Where) -> UserError:
    what = f'"{GROUP_KEY}" belongs to the whole file'
    return document.error(what, *where, key=True, next_step="move it to the top level")


def refuse_overlap(document: Document, lanes: Sequence[Axis], where: Where) -> None:
    """Two axes, one inside the other, would overwrite each other's values."""
    for outer, inner in pairwise(sorted(lanes, key=lambda lane: lane.path)):
        if inner.path[: len(outer.path)] == outer.path:
            what = f'"{inner.name}" lies inside "{outer.name}", which the grid varies too'
            raise document.error(what, *where, inner.name, key=True, next_step="keep one of the two")


def over(outer: Sequence[Axis], own: Sequence[Axis]) -> tuple[Axis, ...]:
    """The file's axes and an entry's own behind them; of two with one name the entry's is kept."""
    named = {lane.path for axis in own for lane in axis.lanes()}
    kept = [[lane for lane in axis.lanes() if lane.path not in named] for axis in outer]
    return (*(together(lanes) for lanes in kept if lanes), *own)
