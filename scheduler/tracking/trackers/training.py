"""What a tracker is told of a training when it is opened, and what trackers need of pictures and tables."""

from __future__ import annotations

import contextlib
import sys
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
def no_words_on_stdout() -> Iterator[None]:
    """What a client prints meanwhile goes to standard error: standard output is the training's."""
    with contextlib.redirect_stdout(sys.stderr):
        yield
