"""What a tracker is told of a training when it is opened, and what trackers need of pictures and tables."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from io import BytesIO
from pathlib import Path
from typing import Any

from scheduler.tracking.media import Histogram, Image, Shown, Table, jsonable, predictions_table
from scheduler.values import dataclass


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

    def project_without(self, refused: str) -> str:
        """Its project, where a tracker refuses these characters (as in a regular expression, between square brackets)."""
        return re.sub(f"[{refused}]+", "-", self.project).strip("-")[:100] or "exp-queue"

    @property
    def short_tags(self) -> list[str] | None:
        """Its tags, as W&B takes them: none that is empty, none of more than 64 characters."""
        return list(dict.fromkeys(tag.strip()[:64] for tag in self.tags if tag.strip())) or None


def storable(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with whole numbers of more than 64 bits as floats, and as texts where they are too large for that: no tracker
    takes them, and some lose the rest of the row.

    >>> storable({"a": 2**63 - 1, "b": {"c": 2**63}, "d": 10**400 // 3 * 10**10})["b"]
    {'c': 9.223372036854776e+18}
    """
    return {name: _storable(value) for name, value in values.items()}


def _storable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return storable(value)
    if not isinstance(value, int) or -(2**63) <= value < 2**63:
        return value
    try:
        return float(value)
    except OverflowError:
        return f"a number of {value.bit_length():,} bits"


class Predictions:
    """A tracker that shows predictions as a table."""

    def predictions(self, rows: list[dict[str, Any]], images: list[Any] | None, step: int | None) -> None:
        self.show("predictions", predictions_table(rows, images), step)

    @abstractmethod
    def show(self, name: str, media: Shown, step: int | None) -> None: ...


class Cells(Predictions):
    """A tracker whose client has W&B's names for what can be shown, also inside of a table."""

    def cell(self, client: Any, value: Any) -> Any:
        """What `client`, the imported package, makes of it; None of a picture that Pillow does not know."""
        if isinstance(value, Image):
            picture = pillow(value)
            return None if picture is None else client.Image(picture, caption=value.caption or None)
        if isinstance(value, Histogram):
            return client.Histogram(np_histogram=(list(value.counts), list(value.edges)))
        if isinstance(value, Table):
            return self._table(list(value.columns), [[self.cell(client, cell) for cell in row] for row in value.rows])
        return jsonable(value)

    @abstractmethod
    def _table(self, columns: list[str], rows: list[list[Any]]) -> Any: ...


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
