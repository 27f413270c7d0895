"""Rows to SwanLab, with the real client. Without an account the run is kept offline; `swanlab sync` sends it later."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from scheduler.terminal import say
from scheduler.tracking.media import Histogram, Image, Shown, jsonable
from scheduler.tracking.readers.places import SWANLOG
from scheduler.tracking.trackers.training import Predictions, Training, no_words, pictures_of, pillow, texts_of


class SwanlabRun(Predictions):
    """One SwanLab run. Offline unless SWANLAB_MODE, an API key or a login says that a server is wanted.

    To be made in a thread of its own: in the main thread the client takes over Ctrl-C.
    """

    def __init__(self, training: Training) -> None:
        import swanlab

        self._swanlab, before = swanlab, sys.excepthook
        mode = os.environ.get("SWANLAB_MODE") or ("online" if _has_account() else "offline")
        self._is_offline = mode == "offline"
        with self._quiet():
            self._run = swanlab.init(
                project=os.environ.get("SWANLAB_PROJ_NAME") or training.project_without(r"^0-9a-zA-Z_\-+."),
                name=training.name,
                group=training.group,
                description=training.notes,
                tags=training.short_tags,
                config=dict(jsonable(training.config)),
                mode=mode,
                log_dir=_directory(training),
                settings=swanlab.Settings(terminal=swanlab.Settings.Terminal(proxy_type="none")),
            )
        # At an exception it would end the run while rows still wait for it.
        sys.excepthook = before

    def log(self, values: Mapping[str, Any], step: int | None) -> None:
        self._run.log(
            {name: self._swanlab.Text(value) if isinstance(value, str) else value for name, value in values.items()}, step
        )

    def show(self, name: str, media: Shown, step: int | None) -> None:
        """A histogram is a bar chart; the images of a table stand beside it, by column."""
        if isinstance(media, Image):
            self._pictures(name, [media], step)
        elif isinstance(media, Histogram):
            self._run.log({name: self._bars(media)}, step)
        else:
            table = self._swanlab.echarts.Table()
            table.add(list(media.columns), texts_of(media))
            self._run.log({name: table}, step)
            for column, images in pictures_of(media).items():
                self._pictures(f"{name}/{column}", images, step)

    def configure(self, values: Mapping[str, Any]) -> None:
        self._run.config.update(jsonable(values))

    def summarize(self, values: Mapping[str, Any]) -> None:
        """As a last row."""
        self.log(values, None)

    def keep(self, path: Path, name: str) -> None:
        with self._quiet():
            self._run.save(str(path), base_path=str(path.parent), policy="end")

    def finish(self) -> None:
        failed = getattr(sys, "last_type", None)
        state = "success" if failed is None else "aborted" if failed is KeyboardInterrupt else "crashed"
        with self._quiet():
            self._run.finish(state=state, error=None if failed is None else failed.__name__)
        if self._is_offline:
            say(f"swanlab: logged offline; to send it: swanlab sync {shlex.quote(str(self._run.dir))}")

    def _quiet(self) -> AbstractContextManager[None]:
        """Online the client says where the run is seen."""
        return no_words() if self._is_offline else nullcontext()

    def _pictures(self, name: str, images: list[Image], step: int | None) -> None:
        found = [(picture, image.caption) for image in images if (picture := pillow(image)) is not None]
        if found:
            self._run.log({name: [self._swanlab.Image(picture, caption=caption or None) for picture, caption in found]}, step)

    def _bars(self, found: Histogram) -> Any:
        bars = self._swanlab.echarts.Bar()
        bars.add_xaxis([f"{edge:.4g}" for edge in found.edges[:-1]])
        bars.add_yaxis("count", list(found.counts))
        return bars


def _directory(training: Training) -> str | None:
    if os.environ.get("SWANLAB_LOG_DIR") or os.environ.get("SWANLAB_LOGDIR") or training.directory is None:
        return None
    found = training.directory / SWANLOG
    found.mkdir(parents=True, exist_ok=True)
    return str(found)


def _has_account() -> bool:
    """Whether the client would find credentials: a key in its settings, or a login in its file. It must never ask for one."""
    from swanlab import Settings

    return bool(Settings().api_key)
