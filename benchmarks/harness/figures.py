"""A figure: what was measured of one thing, round by round, beside its peers and its floor."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

US = "exp-queue"


class Missing(Exception):
    """What a bench needs is not on this machine; says what, and how to get it."""


@dataclass(frozen=True)
class Asked:
    """How a bench is to measure. `alone`: ourselves only, for a comparison with another checkout; `python`: the interpreter that
    has the peers which are packages of Python."""

    quick: bool
    folder: Path
    python: str
    alone: bool = False


@dataclass(frozen=True)
class Floor:
    """The least that a thing could cost: what does that, and a value of it for each round."""

    what: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class NoFloor:
    """Why a figure has none."""

    why: str


ALONE = NoFloor("it was measured alone, to be compared")


@dataclass(frozen=True)
class Figure:
    """A value for each round. `key` is the same whatever the size, `name` is for people; `better` is "lower" or "higher";
    `missing`: peers that are not here; `subject`: whose values `ours` are."""

    key: str
    name: str
    unit: str
    ours: tuple[float, ...]
    floor: Floor | NoFloor
    peers: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    better: str = "lower"
    missing: tuple[str, ...] = ()
    subject: str = US


class Spread(NamedTuple):
    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    return Spread(statistics.median(values), min(values), max(values))


def times(here: float, there: float, better: str) -> float | None:
    """How many times as costly as there it is here: above 1 is worse, whichever way the values count. None where that is no
    number: it was nothing there."""
    cost, base = (here, there) if better == "lower" else (there, here)
    found = cost / base if base else math.nan
    return found if math.isfinite(found) else None


def above_floor(figure: Figure, values: Sequence[float]) -> float | None:
    """How many times the floor these values of the figure are, by their medians; None without a floor to speak of."""
    if isinstance(figure.floor, NoFloor):
        return None
    return times(statistics.median(values), statistics.median(figure.floor.values), figure.better)


def joined(rounds: Iterable[Sequence[Figure]]) -> list[Figure]:
    """The figures of several rounds, each with the values of all of them, in the order in which they came."""
    found: dict[str, Figure] = {}
    for figure in (each for one in rounds for each in one):
        found[figure.key] = _longer(found[figure.key], figure) if figure.key in found else figure
    return list(found.values())


def _longer(first: Figure, more: Figure) -> Figure:
    names = [*first.peers, *(name for name in more.peers if name not in first.peers)]
    peers = {name: (*first.peers.get(name, ()), *more.peers.get(name, ())) for name in names}
    return replace(first, ours=first.ours + more.ours, floor=_both(first.floor, more.floor), peers=peers)


def _both(first: Floor | NoFloor, more: Floor | NoFloor) -> Floor | NoFloor:
    if isinstance(first, Floor) and isinstance(more, Floor):
        return Floor(first.what, first.values + more.values)
    return first if isinstance(first, Floor) else more


def in_turns(
    us: Callable[[], float],
    floor: tuple[str, Callable[[], float]],
    peers: Mapping[str, Callable[[], float]] | None = None,
    *,
    alone: bool = False,
) -> dict[str, Any]:
    """What each of them takes, one after the other, as the fields of a figure."""
    if alone:
        return {"floor": ALONE, "ours": (us(),)}
    least = Floor(floor[0], (floor[1](),))
    return {"floor": least, "ours": (us(),), "peers": {name: (run(),) for name, run in (peers or {}).items()}}


def to_json(figure: Figure) -> dict[str, Any]:
    """With what follows from the values, for those who only read."""
    whole = {name: getattr(figure, name) for name in ("key", "name", "unit", "better", "subject", "missing")}
    parts = {"ours": _values(figure, figure.ours), "peers": {name: _values(figure, each) for name, each in figure.peers.items()}}
    return {**whole, **parts, **_floor(figure)}


def _floor(figure: Figure) -> dict[str, Any]:
    if isinstance(figure.floor, NoFloor):
        return {"floor": None, "no_floor": figure.floor.why}
    return {"floor": {"what": figure.floor.what, **_values(figure, figure.floor.values)}}


def _values(figure: Figure, values: Sequence[float]) -> dict[str, Any]:
    return {"values": list(values), **spread(values)._asdict(), "times_floor": above_floor(figure, values)}


def from_json(found: Mapping[str, Any]) -> Figure:
    least = found["floor"]
    return Figure(
        **{name: found[name] for name in ("key", "name", "unit", "better", "subject")},
        ours=tuple(found["ours"]["values"]),
        floor=Floor(least["what"], tuple(least["values"])) if least else NoFloor(found.get("no_floor", "")),
        peers={name: tuple(each["values"]) for name, each in found["peers"].items()},
        missing=tuple(found["missing"]),
    )
