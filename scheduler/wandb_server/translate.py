"""From what a W&B client sends to the rows of our own logs. Pure.

Its rows hold numbers, texts, nested values, and media as mappings with a `_type`
(https://docs.wandb.ai/ref/python/data-types, and as wandb 0.18 and 0.31 were seen to send them).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scheduler.values import dataclass

MIB = 1024 * 1024
MOST_ROWS = 1000  # of a table that are kept
_IMAGES = ("image-file", "images/separated")
# What the client measures of a GPU, by the end of its name, and what it is called here; with what it is multiplied.
_GPU = {
    "gpu": ("use", 1.0),
    "memoryAllocatedBytes": ("memory", 1 / MIB),
    "powerWatts": ("power", 1.0),
    "temp": ("temperature", 1.0),
    "smClock": ("clock", 1.0),
}
_GPU_NAME = re.compile(r"system\.gpu\.(?:process\.)?(\d+)\.(\w+)")


@dataclass(frozen=True)
class Medium:
    """An image, a histogram or a table that was logged. `file`: the uploaded file that it needs, by its name; "": none."""

    name: str
    kind: str
    step: int | None
    time: float | None
    file: str = ""
    row: Mapping[str, Any] | None = None  # what is known of it without its file


def metric_row(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """A row of the metric log; None where it holds nothing but media.

    >>> metric_row({"_step": 3, "_timestamp": 1.5, "_runtime": 0.1, "loss": 0.5, "h": {"_type": "histogram"}})
    {'_step': 3, '_time': 1.5, 'loss': 0.5}
    """
    values = {name: value for name, value in row.items() if not name.startswith("_") and not _is_media(value)}
    return {**_moment(row), **values} if values else None


def _moment(row: Mapping[str, Any]) -> dict[str, Any]:
    step, time = _step(row), _time(row)
    return {**({} if step is None else {"_step": step}), **({} if time is None else {"_time": time})}


def _step(row: Mapping[str, Any]) -> int | None:
    found = row.get("_step")
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _time(row: Mapping[str, Any]) -> float | None:
    found = row.get("_timestamp")
    return round(found, 3) if isinstance(found, (int, float)) and not isinstance(found, bool) else None


def _is_media(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("_type"), str)


def media_in(row: Mapping[str, Any]) -> Iterator[Medium]:
    """The images, histograms and tables of a row, as far as we know their kind."""
    step, time = _step(row), _time(row)
    for name, value in row.items():
        if not isinstance(value, dict):
            continue
        kind = value.get("_type")
        if kind in _IMAGES:
            yield from (Medium(name, "image", step, time, file, {"caption": text}) for file, text in _images(value))
        elif kind == "histogram" and (found := _histogram(value)):
            yield Medium(name, "histogram", step, time, row=found)
        elif kind == "table-file" and isinstance(value.get("path"), str):
            yield Medium(name, "table", step, time, value["path"])


def _images(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    files = value.get("filenames") if value["_type"] == "images/separated" else [value.get("path")]
    captions = value.get("captions") if isinstance(value.get("captions"), list) else [value.get("caption")]
    for place, file in enumerate(files if isinstance(files, list) else ()):
        caption = captions[place] if captions and place < len(captions) else ""
        if isinstance(file, str):
            yield file, caption if isinstance(caption, str) else ""


def _histogram(value: Mapping[str, Any]) -> dict[str, Any] | None:
    edges, counts = value.get("bins"), value.get("values")
    packed = value.get("packedBins")
    if edges is None and isinstance(packed, dict):  # evenly spaced
        try:
            first, step, count = float(packed["min"]), float(packed["size"]), int(packed["count"])
        except (KeyError, TypeError, ValueError):
            return None
        edges = [first + step * place for place in range(min(count, 1 << 16) + 1)]
    if not _numbers(edges) or not _numbers(counts) or len(edges) != len(counts) + 1:  # type: ignore[arg-type]
        return None
    return {"edges": edges, "counts": counts, "other": 0}


def _numbers(found: object) -> bool:
    return isinstance(found, list) and all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in found)


def table_row(text: bytes) -> dict[str, Any] | None:
    """What a table's uploaded file says: its columns and rows; None where it is no table.

    >>> table_row(b'{"columns": ["a"], "data": [[1], [2]]}')
    {'columns': ['a'], 'rows': [[1], [2]]}
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    columns, data = (found.get("columns"), found.get("data")) if isinstance(found, dict) else (None, None)
    if not isinstance(columns, list) or not isinstance(data, list):
        return None
    return {
        "columns": [str(each) for each in columns],
        "rows": [_cells(row) for row in data[:MOST_ROWS] if isinstance(row, list)],
    }


def _cells(row: Sequence[object]) -> list[object]:
    return [each if isinstance(each, (int, float, str, bool)) or each is None else json.dumps(each) for each in row]


def media_row(medium: Medium, more: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the index of media; `more`: what its file has told, or where it lies."""
    moment = _moment({"_step": medium.step, "_timestamp": medium.time})
    return {**moment, "name": medium.name, "kind": medium.kind, **(medium.row or {}), **more}


def system_row(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """A row of the system log from what the client has measured; None where that is nothing that we keep.

    >>> system_row({"_timestamp": 1.0, "system.gpu.0.gpu": 97, "system.gpu.0.memoryAllocatedBytes": 1 << 30,
    ...     "system.proc.memory.rssMB": 70.5, "system.proc.cpu.threads": 4, "system.disk.vda.in": 0})
    {'_time': 1.0, 'memory.rss': 70.5, 'threads': 4, 'gpu.0.use': 97.0, 'gpu.0.memory': 1024.0}
    """
    found: dict[str, Any] = {}
    for name, ours in (("system.proc.memory.rssMB", "memory.rss"), ("system.proc.cpu.threads", "threads")):
        if _numbers([event.get(name)]):
            found[ours] = event[name]
    for name, value in event.items():
        known = _GPU_NAME.fullmatch(name)
        if known and known[2] in _GPU and _numbers([value]):
            ours, factor = _GPU[known[2]]
            found[f"gpu.{known[1]}.{ours}"] = round(value * factor, 3)
    return {**({} if _time(event) is None else {"_time": _time(event)}), **found} if found else None
