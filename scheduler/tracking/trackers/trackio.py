"""Rows to Trackio, with its own SDK, into its local database: `trackio show` draws them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scheduler.terminal import say
from scheduler.tracking.media import Shown, jsonable
from scheduler.tracking.trackers.training import Cells, Training, no_words


class TrackioRun(Cells):
    """One Trackio run, in the folder `trackio` of the attempt unless TRACKIO_DIR or a server of the user's says where."""

    def __init__(self, training: Training) -> None:
        self._directory = None if _has_a_place() else training.directory and training.directory.absolute() / "trackio"
        if self._directory:
            os.environ["TRACKIO_DIR"] = str(self._directory)  # read once, when the library is imported
        import trackio

        self._trackio = trackio
        with no_words():
            self._run = trackio.init(
                project=training.project,
                name=training.name,
                group=training.group,
                config=_config(training.config),
                embed=False,
            )

    def log(self, values: Mapping[str, Any], step: int | None) -> None:
        self._run.log(dict(values), step=step)

    def show(self, name: str, media: Shown, step: int | None) -> None:
        value = self.cell(self._trackio, media)
        if value is not None:
            self._run.log({name: value}, step=step)

    def configure(self, values: Mapping[str, Any]) -> None:
        """Counts until the first row is sent; Trackio has no way to change it later."""
        self._run.config.update(_config(values))

    def summarize(self, values: Mapping[str, Any]) -> None:
        """As a last row."""
        self._run.log(dict(values))

    def keep(self, path: Path, name: str) -> None:
        """Trackio shows no files of a run."""

    def finish(self) -> None:
        with no_words():
            self._run.finish()
        if self._directory:
            say(f"trackio: to see it: TRACKIO_DIR={shlex.quote(str(self._directory))} trackio show")

    def _table(self, columns: list[str], rows: list[list[Any]]) -> Any:
        return self._trackio.Table(columns, rows)


def _has_a_place() -> bool:
    return any(os.environ.get(name) for name in ("TRACKIO_DIR", "TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL"))


def _config(values: Mapping[str, Any]) -> dict[str, Any]:
    """Names that begin with `_` are Trackio's own, and it refuses others' ones."""
    return {name: value for name, value in jsonable(values).items() if not name.startswith("_")}
