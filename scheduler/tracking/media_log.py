"""Images, histograms, tables and saved files, beside the metric log.

`media.jsonl` has a row for each: `{"_step": 7, "_time": 1700000000.0, "name": "example", "kind": "image", "file":
"media/example-0.png", "caption": "a"}`; a histogram has `edges`, `counts` and `other`, a table `columns` and `rows`, in which an
image is `{"file": ...}`; a saved file is `{"kind": "file", "name": "model.pt", "file": "files/model.pt"}`. A file is whole before
its row is there; one without a row was being written when the training was killed.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scheduler.tracking.appending import JsonLines
from scheduler.tracking.media import Histogram, Image, Shown, jsonable, predictions_table
from scheduler.tracking.metric_log import rows

INDEX = "media.jsonl"


class MediaLog:
    """Writes into the directory of the metric log; nothing is there before there is something to show."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory.absolute()
        self._lines = JsonLines(directory / INDEX)
        self._saved: dict[tuple[Path, str], tuple[int, int]] = {}  # their sizes and times when they were copied
        self._numbers: dict[str, int] = {}  # of the next picture of a name

    def configure(self, values: Mapping[str, Any]) -> None:
        """The metric log has it."""

    def log(self, values: Mapping[str, Any], step: int | None) -> None:
        """The metric log has them."""

    def predictions(self, rows: list[dict[str, Any]], images: list[Any] | None, step: int | None) -> None:
        """As a table, where there is something to look at; the texts alone are in `predictions.jsonl`."""
        if rows and images is not None:
            self.show("predictions", predictions_table(rows, images), step)

    def summarize(self, values: Mapping[str, Any]) -> None:
        """The metric log has them."""

    def show(self, name: str, media: Shown, step: int | None) -> None:
        """Keep one image, histogram or table."""
        self._append({"name": name, **self._described(name, media)}, step)

    def keep(self, path: Path, name: str) -> None:
        """Keep a copy of a file, as it is now and once more in the end if it has changed by then."""
        stat = path.stat()
        state = (stat.st_size, stat.st_mtime_ns)
        if self._saved.get((path, name)) == state:
            return
        within = self._directory in path.parents  # then it is kept where it is
        if not within:
            self._copy(path, self._directory / "files" / name)
        if (path, name) not in self._saved:
            file = str(path.relative_to(self._directory)) if within else f"files/{name}"
            self._append({"name": name, "kind": "file", "file": file}, None)
        self._saved[path, name] = state

    def finish(self) -> None:
        for path, name in list(self._saved):
            if path.exists():
                self.keep(path, name)
        self._lines.close()

    def _copy(self, path: Path, kept: Path) -> None:
        """Whole, or not at all."""
        kept.parent.mkdir(parents=True, exist_ok=True)
        new = kept.with_name(f".{kept.name}.{os.getpid()}")
        try:
            shutil.copyfile(path, new)
            new.replace(kept)
        finally:
            new.unlink(missing_ok=True)

    def _described(self, name: str, thing: Shown) -> dict[str, Any]:
        if isinstance(thing, Image):
            return {"kind": "image", "file": self._written(name, thing), "caption": thing.caption}
        if isinstance(thing, Histogram):
            return {"kind": "histogram", "edges": short(thing.edges), "counts": list(thing.counts), "other": thing.other}
        cells = [[self._cell(name, cell) for cell in row] for row in thing.rows]
        return {"kind": "table", "columns": list(thing.columns), "rows": cells}

    def _cell(self, name: str, cell: Any) -> Any:
        return {"file": self._written(name, cell), "caption": cell.caption} if isinstance(cell, Image) else jsonable(cell)

    def _written(self, name: str, image: Image) -> str:
        """Its path below the directory. Several processes may write; nobody's file is overwritten."""
        folder = self._directory / "media"
        folder.mkdir(parents=True, exist_ok=True)
        stem = re.sub(r"[^\w.-]+", "_", name).strip("._")[:80] or "image"
        number = self._numbers.get(stem, 0)
        while True:
            path = folder / f"{stem}-{number}{image.suffix}"
            number += 1
            try:
                _write_new(path, image.content)
            except FileExistsError:
                continue
            self._numbers[stem] = number
            return f"media/{path.name}"

    def _append(self, row: Mapping[str, Any], step: int | None) -> None:
        self._lines.append({**({} if step is None else {"_step": step}), "_time": round(time.time(), 3), **row})


def _write_new(path: Path, content: bytes) -> None:
    """Whole, or not at all, as far as this process has its way. FileExistsError where it is there."""
    with path.open("xb", buffering=0) as file:
        try:
            while content:
                content = content[file.write(content) :]
        except OSError:
            path.unlink(missing_ok=True)
            raise


def short(edges: Sequence[float]) -> list[float]:
    """Edges with as many digits as tell their bins apart: a model has many histograms.

    >>> short([0.5, 0.5123456789, 0.5246913578]), short([1e6, 1000000.0123456]), short([-2e300, 2e300])
    ([0.5, 0.5123457, 0.5246914], [1000000.0, 1000000.0123456], [-2e+300, 2e+300])
    """
    width = abs(edges[-1] / len(edges) - edges[0] / len(edges)) if edges else 0.0
    digits = 4 - math.floor(math.log10(width)) if width else 0
    return [round(edge, digits) if 0 < digits < 300 else edge for edge in edges]


def media_of(directory: Path) -> Iterator[dict[str, Any]]:
    """The rows of the index in an attempt's directory, in order; none if nothing was shown."""
    return rows(directory / INDEX)
