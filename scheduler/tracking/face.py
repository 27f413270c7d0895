"""What the modules that look like another tracker have in common: `import scheduler.wandb as wandb` and the like."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterator, Mapping
from glob import glob
from pathlib import Path
from tempfile import mkdtemp
from types import ModuleType, TracebackType
from typing import Any, TypeVar

from scheduler.errors import UserError
from scheduler.terminal import say
from scheduler.tracking.media import SHOWN, Histogram, Image, Table
from scheduler.tracking.opening import About, is_first, track
from scheduler.tracking.plain import flattened, plain
from scheduler.tracking.tracker import Tracker
from scheduler.tracking.values import Values

R = TypeVar("R", bound="Run")
SEEN = 20  # names of which it is said that they cannot be kept


class Run:
    """A run as a script of another tracker sees it. What it logs goes to a tracker of ours."""

    def __init__(self, script: Script, tracker: Tracker, about: About, ident: str | None) -> None:
        self._script, self._tracker = script, tracker
        self.project, self.group, self.notes, self.tags = about.project, about.group, about.notes, tuple(about.tags)
        job = os.environ.get("EXP_QUEUE_JOB", "")[:8]
        self.id = ident or job or (tracker.directory.name if tracker.directory else "run")
        self.name = tracker.name or self.id
        self.url: str | None = None
        self._dir = str(tracker.directory or "")

    @property
    def config(self) -> Values:
        return self._tracker.config

    @property
    def summary(self) -> Values:
        return self._tracker.summary

    @property
    def dir(self) -> str:
        """A folder for files of the run; what is written there is kept with it."""
        self._dir = self._dir or mkdtemp(prefix="exp-queue-")
        return self._dir

    def _save(self, path: Any, base_path: Any) -> list[str]:
        """Keep the files of a name or a pattern; their paths."""
        given = os.fsdecode(os.fspath(path))
        found = [each for each in sorted(glob(given, recursive=True)) if os.path.isfile(each)]  # noqa: PTH113, PTH207 (a text may be absolute)
        for each in found or [given]:
            self._tracker.save(each, os.path.relpath(each, base_path) if base_path else None)
        return found

    def finish(self) -> None:
        """Nothing is logged any more."""
        self._tracker.finish()
        self._script.left(self)

    def __enter__(self: R) -> R:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._tracker.note(error)
        self.finish()

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(self._script.unknown(f"a run has no {name!r}", dir(self)))

    def _repr_html_(self) -> str:
        return self._tracker._repr_html_()


class Script:
    """The runs that a script opens by way of one such module, one after the other."""

    def __init__(self, like: str) -> None:
        """`like`: the package whose scripts are meant."""
        self.like = like
        self.run: Any = None
        self.config, self.summary = Values(), Values()  # of the newest run; before the first, what it will begin with
        self._is_used = False
        atexit.register(self._leave, os.getpid())

    def begin(self, config: Any, about: About, *, parent: Any = None, disabled: bool = False) -> Tracker:
        """The tracker of a new run. A `config` that is a path is a YAML file."""
        self._fresh()
        self._is_used = True
        self.config.update(_read(config) if isinstance(config, (str, os.PathLike)) else config or {})
        self.config.fix(sweep_parameters())
        if disabled:
            return Tracker([], config=self.config, name=about.name)
        return track(
            self.config,
            project=about.project,
            group=about.group,
            name=about.name,
            notes=about.notes,
            tags=about.tags,
            parent=parent,
        )

    def configure(self, values: Any) -> None:
        """Add to the configuration of the run that is open, else of the next."""
        if self.run is None:
            self._fresh()
        self.config.update(values)

    def opened(self, run: R) -> R:
        self.run, self.config, self.summary = run, run.config, run.summary
        return run

    def left(self, run: Any) -> None:
        self.run = None if self.run is run else self.run

    def the_run(self, call: str) -> Any:
        """The run that is open. UserError if there is none."""
        if self.run is None:
            raise UserError(f"{self.like}.{call}() where no run is open", next_step=f"call {self.like}.init() before")
        return self.run

    def unknown(self, what: str, names: list[str]) -> str:
        """What to do about a name that is only in the real package."""
        there = ", ".join(name for name in names if not name.startswith("_"))
        rest = f"`import {self.like}` has the rest, and exp-queue reads what it logs as well"
        return f"in scheduler.{self.like} {what}: it knows {there}; {rest}"

    def _fresh(self) -> None:
        if self._is_used:
            self.config, self._is_used = Values(), False

    def _leave(self, pid: int) -> None:
        """In the end of the process; not of one that was forked from it."""
        if self.run and os.getpid() == pid:
            self.run.finish()


class Face(ModuleType):
    """The class of such a module. Its `config` is that of the newest run; `config = {...}` adds to it, as first scripts do."""

    _script: Script

    @property
    def config(self) -> Values:
        return self._script.config

    @config.setter
    def config(self, values: Any) -> None:
        self._script.configure(values)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(self._script.unknown(f"there is no {name!r}", self.__dict__["__all__"]))

    def __dir__(self) -> list[str]:
        return sorted(self.__dict__["__all__"])


class Lenient:
    """Takes what other trackers take: an array becomes a histogram, a figure an image; None is nothing; what nobody can show is
    said once."""

    def __init__(self) -> None:
        self._refused: set[str] = set()

    def taken(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What can be kept, by name, in a form that nothing changes later."""
        return dict(self._each(values))

    def _each(self, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, value in flattened(values):
            try:
                found = _kept(name, value)
            except (TypeError, ValueError, RuntimeError) as error:
                self._refuse(name, error)
                continue
            if found is not None:
                yield name, found

    def _refuse(self, name: str, error: Exception) -> None:
        if name not in self._refused and len(self._refused) < SEEN and is_first():
            say(f'exp-queue: "{name}" is not kept: {error}')
        self._refused.add(name)


def _kept(name: str, value: Any) -> Any:
    if isinstance(value, Table):
        return value.copied()
    if value is None or isinstance(value, SHOWN):
        return value
    if hasattr(value, "savefig") or hasattr(value, "getbands"):
        return Image(value)
    try:
        return plain(name, value)
    except TypeError:
        if isinstance(value, (list, tuple)) and value and isinstance(value[0], (*SHOWN, str)):
            return list(value) if isinstance(value[0], SHOWN) else ", ".join(map(str, value))
        if isinstance(value, (list, tuple)) or hasattr(value, "__array__"):
            return Histogram.of(value)
        raise


def sweep_parameters() -> dict[str, Any]:
    """What a sweep has chosen for this run, in the form of W&B's agent; nothing outside of one. UserError if
    it cannot be read."""
    path = os.environ.get("WANDB_SWEEP_PARAM_PATH")
    found = _read(path) if path else {}
    return {name: each["value"] for name, each in found.items() if isinstance(each, Mapping) and "value" in each}


def _read(path: str | os.PathLike[str]) -> Mapping[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise UserError(f"the configuration {os.fspath(path)} cannot be read: {error}") from error
    if not isinstance(found, Mapping):
        raise UserError(f"the configuration {os.fspath(path)} is no mapping of names to values")
    return found


def in_notebook() -> bool:
    """Whether cells are run, some of them again."""
    return "ipykernel" in sys.modules
