"""`import scheduler.swanlab as swanlab`: a script that was written for SwanLab runs without an account, without the network and
without that package. What it logs is kept with the job, or, by hand, in a folder of `exp-queue-runs`.

It has the names that first scripts use, with SwanLab's arguments; those that only steer its server are taken and do nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from scheduler.tracking import media
from scheduler.tracking.face import Face, Lenient, Script, in_notebook
from scheduler.tracking.face import Run as _Run
from scheduler.tracking.opening import About
from scheduler.tracking.values import Values

__all__ = [
    "Image",
    "Run",
    "Settings",
    "Text",
    "config",
    "define_metric",
    "finish",
    "get_run",
    "has_run",
    "init",
    "log",
    "log_image",
    "log_text",
    "login",
    "merge_settings",
    "save",
]

config: Values

_script = Script("swanlab")


class Image(media.Image):
    """A picture: an array, a tensor, a Pillow image, a Matplotlib figure or a path."""

    def __init__(self, data_or_path: Any, mode: str | None = None, caption: str | None = None, **others: Any) -> None:
        super().__init__(data_or_path, caption)


class Text(str):
    """A text; its caption comes before it."""

    def __new__(cls, content: Any, caption: str | None = None) -> Text:
        return super().__new__(cls, f"{caption}: {content}" if caption else str(content))


class Settings:
    """Of SwanLab's client; taken, and without effect."""

    def __init__(self, **settings: Any) -> None:
        self.__dict__.update(settings)


class Run(_Run):
    """A run of SwanLab's, as far as a script sees it. Where no step is given, every name counts its own."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._lenient, self._steps = Lenient(), dict[str, int]()

    def log(self, data: Mapping[str, Any], step: int | None = None, **others: Any) -> None:
        """Log a row."""
        rows: dict[int, dict[str, Any]] = {}
        for name, value in self._lenient.taken(data).items():
            at = self._steps.get(name, 0) if step is None else int(step)
            self._steps[name] = at + 1
            rows.setdefault(at, {})[name] = value
        for at, row in rows.items():
            self._tracker.log(row, at)

    def log_image(self, key: str, data: Any, caption: str | None = None, step: int | None = None, **others: Any) -> None:
        """Log one image, or several."""
        images = data if isinstance(data, (list, tuple)) else [data]
        self.log({key: [each if isinstance(each, media.Image) else Image(each, caption=caption) for each in images]}, step)

    def log_text(self, key: str, data: Any, caption: str | None = None, step: int | None = None) -> None:
        """Log a text."""
        self.log({key: Text(data, caption)}, step)

    def define_metric(self, *given: Any, **others: Any) -> None:
        """Nothing: every metric has its steps."""

    def save(self, glob_str: Any, base_path: Any = None, policy: str = "live") -> list[str]:
        """Keep files, as they are now and as they are in the end; their paths."""
        return self._save(glob_str, base_path)

    def finish(self, state: str = "success", error: str | None = None, **others: Any) -> None:
        if error:
            self.summary["exception"] = error
        super().finish()


def login(*given: Any, **others: Any) -> bool:
    """True: no account is needed."""
    return True


def init(
    project: str | None = None,
    workspace: str | None = None,
    experiment_name: str | None = None,
    description: str | None = None,
    config: Any = None,
    logdir: str | os.PathLike[str] | None = None,
    mode: str | None = None,
    *,
    name: str | None = None,
    group: str | None = None,
    tags: Sequence[str] | None = None,
    id: str | None = None,
    reinit: bool | None = None,
    log_dir: str | os.PathLike[str] | None = None,
    **others: Any,
) -> Run:
    """Begin a run; the one that is open, if there is one. What a sweep has chosen goes before `config`."""
    if _script.run and not (reinit or in_notebook()):
        _script.config.update(config or {})
        return _script.run
    if _script.run:
        _script.run.finish()
    about = About(project or "exp-queue", group, experiment_name or name, description, tuple(tags or ()))
    disabled = "disabled" in (mode, os.environ.get("SWANLAB_MODE"))
    tracker = _script.begin(config, about, parent=logdir or log_dir, disabled=disabled)
    return _script.opened(Run(_script, tracker, about, id))


def log(data: Mapping[str, Any], step: int | None = None, **others: Any) -> None:
    """As `Run.log`, of the run that is open."""
    _script.the_run("log").log(data, step)


def log_image(key: str, data: Any, caption: str | None = None, step: int | None = None, **others: Any) -> None:
    """As `Run.log_image`, of the run that is open."""
    _script.the_run("log_image").log_image(key, data, caption, step)


def log_text(key: str, data: Any, caption: str | None = None, step: int | None = None) -> None:
    """As `Run.log_text`, of the run that is open."""
    _script.the_run("log_text").log_text(key, data, caption, step)


def save(glob_str: Any, base_path: Any = None, policy: str = "live") -> list[str]:
    """As `Run.save`, of the run that is open."""
    return _script.the_run("save").save(glob_str, base_path)


def get_run() -> Run:
    """The run that is open. UserError if there is none."""
    return _script.the_run("get_run")


def has_run() -> bool:
    """Whether a run is open."""
    return _script.run is not None


def define_metric(*given: Any, **others: Any) -> None:
    """Nothing: every metric has its steps."""


def merge_settings(*given: Any, **others: Any) -> None:
    """Nothing."""


def finish(state: str = "success", error: str | None = None, **others: Any) -> None:
    """End the run that is open, if there is one."""
    if _script.run:
        _script.run.finish(state, error)


sys.modules[__name__].__class__ = Face
