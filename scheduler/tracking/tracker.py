"""What a training script calls: every call reaches every listener, the metric log, what is kept beside it, and other trackers
where they are asked for; and nobody at all where nothing listens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from scheduler.shortage import words
from scheduler.terminal import say
from scheduler.tracking.media import SHOWN, Histogram, Image, Shown, Table, jsonable
from scheduler.tracking.plain import flattened, plain
from scheduler.tracking.values import Values
from scheduler.tracking.watched import Watched


class Listener(Protocol):
    """Something that takes what a training says: a file, or a service. An OSError costs what could not be written; the training
    goes on."""

    def log(self, values: Mapping[str, Any], step: int | None) -> None:
        """One row: numbers and texts by name."""

    def predictions(self, rows: list[dict[str, Any]], images: list[Any] | None, step: int | None) -> None:
        """What a model makes of examples; the images, where there are any, are as many as the rows."""

    def show(self, name: str, media: Shown, step: int | None) -> None:
        """An image, a histogram or a table."""

    def configure(self, values: Mapping[str, Any]) -> None:
        """Values of the configuration, by name, for JSON. It may come again with more, or with others for the same names."""

    def summarize(self, values: Mapping[str, Any]) -> None:
        """Final values by name, for JSON. The last one of a name counts."""

    def keep(self, path: Path, name: str) -> None:
        """Keep the file at `path` as `name`, a relative path; as it is now, and once more in the end if it changes."""

    def finish(self) -> None:
        """Nothing comes any more."""


class Tracker:
    """Passes what a training says on to its listeners; without any it is the null object: the same calls, nothing written."""

    def __init__(
        self,
        listeners: Sequence[Listener],
        *,
        config: Values | None = None,
        directory: Path | None = None,
        name: str | None = None,
    ) -> None:
        """`directory` is where the run is kept, None where it is not."""
        self.config, self.summary = Values() if config is None else config, Values()
        self.directory, self.name = directory, name
        self._listeners = tuple(listeners)
        self._watched: list[Watched] = []
        self._has_told = self._is_over = False
        self.config.listen(lambda values: self._tell(lambda listener: listener.configure(jsonable(values))))
        self.summary.listen(self._summarize)

    def open(self) -> None:
        """Let the listeners begin, with the configuration."""
        self._tell(lambda listener: listener.configure(jsonable(self.config)))

    def log(self, values: Mapping[str, Any], step: int | None = None) -> None:
        """Log one row: numbers (or one-element tensors) and texts by name, nested ones too; images, histograms and tables are
        shown. TypeError, which names the metric, for anything else."""
        row, shown = _sorted(values)
        if row or not shown:
            self._tell(lambda listener: listener.log(row, step))
            self.summary.note(row)
        seen = [each for watched in self._watched for each in watched.take().items()]
        for name, media in [*shown, *seen]:
            self.show(name, media, step)

    def predictions(self, rows: list[dict[str, Any]], images: list[Any] | None = None, step: int | None = None) -> None:
        """Log predictions, e.g. `{"target": ..., "prediction": ...}`; `images` are uint8 arrays of H x W, one per row."""
        self._tell(lambda listener: listener.predictions(rows, images, step))

    def show(self, name: str, media: Shown, step: int | None = None) -> None:
        """Keep an image, a histogram or a table as it is now."""
        self._tell(lambda listener: listener.show(name, media, step))

    def image(self, name: str, data: Any, caption: str | None = None, step: int | None = None) -> None:
        """Keep a picture; see `media.Image` for what may be one."""
        self.show(name, Image(data, caption), step)

    def histogram(self, name: str, values: Any, step: int | None = None) -> None:
        """Keep how the numbers of an array, a tensor or a sequence are distributed."""
        self.show(name, Histogram.of(values), step)

    def table(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], step: int | None = None) -> None:
        """Keep rows of cells: numbers, texts, images. ValueError if a row has not as many cells as there are columns."""
        self.show(name, Table(columns, list(rows)), step)

    def save(self, path: str | PathLike[str], name: str | None = None) -> None:
        """Keep a copy of a file: as `name`, else by its path below the working directory. Where it is not there, that is said."""
        found = Path(path).absolute()
        if found.is_file():
            inside = "/".join(part for part in Path(name or self._relative(found)).parts if part not in ("/", ".."))
            self._tell(lambda listener: listener.keep(found, inside))
        else:
            say(f"exp-queue: {path} is no file, and was not saved")

    def watch(self, model: Any, every: int = 100, log: str = "all") -> None:
        """Keep histograms of a PyTorch model's gradients and parameters (`log`: "gradients", "parameters" or "all"): those of the
        first backward pass and of each `every`-th then, with the step of the row that is logged next."""
        if self._listeners:
            self._watched.append(Watched(model, every, log, f"{len(self._watched)}." if self._watched else ""))

    def unwatch(self, model: Any = None) -> None:
        """Watch `model`, or any, no more."""
        for each in [each for each in self._watched if model in (None, each.model)]:
            each.leave()
            self._watched.remove(each)

    def finish(self, summary: Mapping[str, Any] | None = None) -> None:
        """Say the final values in `summary`, and close every listener. A second time nothing happens."""
        if self._is_over:
            return
        if summary:
            final = {name: plain(name, value) for name, value in flattened(summary)}
            self.summary.update(final)
        self.unwatch()
        self._tell(lambda listener: listener.finish())
        self._is_over = True

    def __enter__(self) -> Tracker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Finish. An exception is noted, and goes on."""
        self.note(error)
        self.finish()

    def note(self, error: BaseException | None) -> None:
        """Say in the summary what has ended the training, if it is not over as it should be."""
        if error is not None and not (isinstance(error, SystemExit) and not error.code):
            self.summary["exception"] = f"{type(error).__name__}: {error}"[:1000]

    def __repr__(self) -> str:
        where = f"writes to {self.directory}" if self.directory else "nothing listens, and nothing is written"
        return f"<Tracker{f' {self.name}' if self.name else ''}: {where}>"

    def _repr_html_(self) -> str:
        where = f"is kept in <code>{escape(str(self.directory))}</code>" if self.directory else "is not kept: nothing listens"
        return f"<p>The run <b>{escape(self.name or '')}</b> {where}</p>"

    def _relative(self, path: Path) -> str:
        """Its name below the run's directory, or the working directory, or alone."""
        above = next((each for each in (self.directory, Path.cwd()) if each in path.parents), path.parent)
        return str(path.relative_to(above)) if above else path.name

    def _summarize(self, values: Mapping[str, Any]) -> None:
        row: dict[str, Any] = {}
        for name, value in flattened(values):
            media = list(_media(value))
            row |= {} if media else {name: jsonable(value)}
            for each in media:
                self.show(name, each)
        if row:
            self._tell(lambda listener: listener.summarize(row))

    def _tell(self, call: Callable[[Listener], None]) -> None:
        if self._is_over and self._listeners:
            self._say_once("exp-queue: this run is finished: what is logged after its finish() is not kept")
            return
        for listener in self._listeners:
            try:
                call(listener)
            except OSError as error:  # a training of days is worth more than a row
                where = f" to {error.filename}" if error.filename else ""
                why = f"what is logged cannot be written{where} ({words(error)})"
                self._say_once(f"exp-queue: {why}; the training goes on, such rows are lost")

    def _say_once(self, text: str) -> None:
        if not self._has_told:
            say(text)
        self._has_told = True


def _sorted(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, Shown]]]:
    """The numbers and texts, and what is to be shown; several images may have one name."""
    row: dict[str, Any] = {}
    shown: list[tuple[str, Shown]] = []
    for name, value in flattened(values):
        media = list(_media(value))
        if media:
            shown += [(name, each) for each in media]
        else:
            row[name] = plain(name, value)
    return row, shown


def _media(value: Any) -> Iterator[Shown]:
    if isinstance(value, SHOWN):
        yield value
    elif isinstance(value, (list, tuple)) and value and all(isinstance(each, SHOWN) for each in value):
        yield from value
