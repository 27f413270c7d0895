"""What a tracker is told of a training when it is opened, and what trackers need of pictures and tables."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from scheduler.tracking.media import Image, Table, jsonable


@dataclass(frozen=True)
class Training:
    """`directory` is that of the attempt or of the metric log, None where a training has neither. A tracker that the user has
    told where to write, by its own variable, writes there instead."""

    config: Mapping[str, Any] = field(default_factory=dict)
    project: str = "exp-queue"
    name: str | None = None
    group: str | None = None
    notes: str | None = None
    tags: Sequence[str] = ()
    directory: Path | None = None


def as_table(rows: list[dict[str, Any]], images: list[Any] | None) -> Table:
    """Predictions, with the images in a first column where there are any."""
    columns = list(rows[0]) if rows else []
    cells: list[Sequence[Any]] = [[row.get(column) for column in columns] for row in rows]
    if images is None:
        return Table(columns, cells)
    return Table(["image", *columns], [[Image(image), *row] for image, row in zip(images, cells, strict=True)])


def pictures_of(table: Table) -> dict[str, list[Image]]:
    """The images of a table, by column."""
    found = {column: [row[at] for row in table.rows if isinstance(row[at], Image)] for at, column in enumerate(table.columns)}
    return {column: images for column, images in found.items() if images}


def texts_of(table: Table) -> list[list[Any]]:
    """Its rows as JSON has them; an image is its caption, or a word that says so."""
    return [[cell.caption or "(image)" if isinstance(cell, Image) else jsonable(cell) for cell in row] for row in table.rows]


def pillow(image: Image) -> Any:
    """A Pillow image; None of what Pillow does not know, as SVG."""
    import PIL.Image

    try:
        found = PIL.Image.open(BytesIO(image.content))
        found.load()
    except OSError:  # also what it cannot identify
        return None
    return found


@contextlib.contextmanager
def no_words() -> Iterator[None]:
    """What a client prints meanwhile, in this thread, is not shown: standard output is the training's, and we say where the run
    lies."""
    with contextlib.redirect_stdout(_WithoutMine(sys.stdout)):
        yield


class _WithoutMine:
    """A stream on which the thread that has made it writes nothing; for all others it is the stream itself."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._mine = stream, threading.get_ident()

    def write(self, text: str) -> int:
        if threading.get_ident() == self._mine:
            return len(text)
        written: int = self._stream.write(text)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
