"""What runs have shown beside numbers, by run; a run that has shown nothing has no answer.

    {"images": [{"name": "example", "step": 90 or None, "caption": "", "picture": PICTURE}, ...],
     "tables": [{"name": "predictions", "step": 90, "columns": ["text", ...], "rows": [["the quick", ...], ...], "more": 0}],
     "histograms": [{"name": "grad/conv1", "step": 90, "edges": [low, high], "counts": [...], "other": 0}, ...],
     "files": [{"name": "model.pt", "bytes": 1024 or None}, ...],
     "left_out": {"images": 2, "tables": 0, "histograms": 0, "files": 0}}

All stand in the order in which they came. PICTURE is a `data:` address of PNG, JPEG, GIF or WebP, made of bytes that begin as
such a file does, or None, with `"why"` beside it. `edges` are the outermost where all bins have one width. A cell of a table is a
number, a text, a truth value, None, or `{"picture": PICTURE, "caption": ""}`; of a table `more` rows are not here. The texts of
`predictions.jsonl` are tables "predictions", where none with images is there for their step.

What is left out for its size counts in `left_out`. The last and the first step of everything come before those between, and the
first eight of the runs before the others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scheduler.actions.compared import Compared
from scheduler.actions.exports.texts import standard
from scheduler.queue.job import Attempt
from scheduler.queue.store import Store
from scheduler.web.documents import pictures
from scheduler.web.documents.shown import ROWS, Found, Thing, levels, things

KINDS = {"image": "images", "table": "tables", "histogram": "histograms", "file": "files"}
BEST = 8  # runs that come before the others
LATER = 2  # levels of steps that the others come after them
LONGEST = 2000  # characters of a cell
TITLE = 500  # characters of a name or a caption


@dataclass
class Room:
    """How many bytes of pictures, and how many characters of all else, an answer may still have."""

    pictures: int
    texts: int


@dataclass
class _Run:
    """The answer of a run as it grows."""

    directory: Path
    left_out: dict[str, int]
    kept: dict[int, tuple[str, dict[str, Any]]] = field(default_factory=dict)


def of_one(_: Store, run: Compared) -> dict[str, Any] | None:
    """The answer of one run; None where it has shown nothing."""
    found = document({run.job.id: run.attempt}, Room(24_000_000, 6_000_000)) if run.attempt else {}
    return found.get(run.job.id)


def in_a_report(_: Store, everyone: Sequence[Compared]) -> dict[str, dict[str, Any]]:
    """The answers of all, the best first, as far as a file that is sent has room for them."""
    return document({each.job.id: each.attempt for each in everyone if each.attempt}, Room(2_000_000, 1_500_000))


def document(attempts: Mapping[str, Attempt], room: Room) -> dict[str, dict[str, Any]]:
    """The answers, of these attempts by the ids of their runs, the best first."""
    found = {run: things(Path(attempt.directory)) for run, attempt in attempts.items()}
    runs = {run: _Run(Path(attempts[run].directory), _left_out(each)) for run, each in found.items() if each.things}
    for run, thing in _in_order({run: found[run].things for run in runs}):
        _take(runs[run], thing, room)
    return {run: _answer(each) for run, each in runs.items()}


def has_shown(attempt: Attempt) -> bool:
    """Whether an attempt has an answer, as far as names of files say."""
    return any((Path(attempt.directory) / name).exists() for name in ("media.jsonl", "predictions.jsonl"))


def _left_out(found: Found) -> dict[str, int]:
    return {name: found.passed.get(kind, 0) for kind, name in KINDS.items()}


def _in_order(found: Mapping[str, Sequence[Thing]]) -> Iterator[tuple[str, Thing]]:
    """All of it, what matters most first."""
    ranked = []
    for place, (run, everything) in enumerate(found.items()):
        for level, thing in levels(everything):
            ranked.append((level + (0 if place < BEST else LATER), place, thing.order, run, thing))
    return ((run, thing) for *_, run, thing in sorted(ranked, key=lambda each: each[:3]))


def _take(run: _Run, thing: Thing, room: Room) -> None:
    """Put it into the answer, or count it among what is left out."""
    name = KINDS[thing.kind]
    made = {"image": _image, "table": _table, "histogram": _histogram, "file": _file}[thing.kind](run.directory, thing, room)
    size = len(json.dumps(made)) - _length_of_pictures(made) if made else 0
    if made is None or size > room.texts:
        run.left_out[name] += 1
        return
    room.texts -= size
    run.kept[thing.order] = (name, made)


def _answer(run: _Run) -> dict[str, Any]:
    answer: dict[str, Any] = {name: [] for name in KINDS.values()}
    for _, (name, made) in sorted(run.kept.items()):
        answer[name].append(made)
    return standard({**answer, "left_out": run.left_out})


def _head(thing: Thing) -> dict[str, Any]:
    return {"name": thing.name[:TITLE], "step": thing.step}


def _image(directory: Path, thing: Thing, room: Room) -> dict[str, Any] | None:
    shown = _picture(directory, thing.row, room)
    return None if shown is None else {**_head(thing), **shown}


def _table(directory: Path, thing: Thing, room: Room) -> dict[str, Any]:
    rows, columns = thing.row["rows"], thing.row["columns"]
    return {
        **_head(thing),
        "columns": [str(each)[:TITLE] for each in columns],
        "rows": [[_cell(directory, cell, room) for cell in row] for row in rows[:ROWS]],
        "more": max(len(rows) - ROWS, 0) + int(thing.row.get("more", 0)),
    }


def _cell(directory: Path, cell: Any, room: Room) -> Any:
    if isinstance(cell, dict) and isinstance(cell.get("file"), str):
        return _picture(directory, cell, room) or {"picture": None, "caption": "", "why": "left out for its size"}
    if isinstance(cell, (dict, list)):
        cell = json.dumps(cell)
    return cell[:LONGEST] if isinstance(cell, str) else cell


def _picture(directory: Path, row: Mapping[str, Any], room: Room) -> dict[str, Any] | None:
    """None where there is no room for it."""
    found = pictures.read(directory, str(row.get("file")), room.pictures)
    if found is None:
        return None
    room.pictures -= found.size
    shown = {"picture": found.address, "caption": str(row.get("caption") or "")[:TITLE]}
    return shown if found.address else {**shown, "why": found.why}


def _histogram(_: Path, thing: Thing, room: Room) -> dict[str, Any]:
    edges, counts = thing.row["edges"], thing.row["counts"]
    width = (edges[-1] - edges[0]) / len(counts)
    even = all(abs(edge - edges[0] - place * width) <= abs(width) / 100 for place, edge in enumerate(edges))
    return {
        **_head(thing),
        "edges": [edges[0], edges[-1]] if even else edges,
        "counts": counts,
        "other": thing.row.get("other", 0),
    }


def _file(directory: Path, thing: Thing, room: Room) -> dict[str, Any]:
    place = pictures.inside(directory, str(thing.row.get("file")))
    return {"name": thing.name[:TITLE], "bytes": place.stat().st_size if place else None}


def _length_of_pictures(made: Mapping[str, Any]) -> int:
    """How many characters are addresses of pictures, which are counted by themselves."""
    cells = [cell for row in made.get("rows", ()) for cell in row if isinstance(cell, dict)]
    return sum(len(each.get("picture") or "") for each in (made, *cells))
