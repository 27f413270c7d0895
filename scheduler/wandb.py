"""`import scheduler.wandb as wandb`: a script that was written for W&B runs without an account, without the network and without
that package. What it logs is kept with the job, or, by hand, in a folder of `exp-queue-runs`.

It has the names that first scripts use, with W&B's arguments; those that only steer W&B's server are taken and do nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from scheduler.errors import UserError
from scheduler.terminal import say
from scheduler.tracking import media
from scheduler.tracking.face import Face, Lenient, Script, in_notebook
from scheduler.tracking.face import Run as _Run
from scheduler.tracking.opening import About
from scheduler.tracking.values import Values

__all__ = [
    "AlertLevel",
    "Histogram",
    "Image",
    "Run",
    "Settings",
    "Table",
    "agent",
    "alert",
    "config",
    "define_metric",
    "finish",
    "init",
    "log",
    "login",
    "run",
    "save",
    "setup",
    "summary",
    "sweep",
    "unwatch",
    "watch",
]

run: Run | None
config: Values
summary: Values

_script = Script("wandb")
_FINISH_BEFORE = (True, "finish_previous", "create_new")


class Image(media.Image):
    """A picture: an array, a tensor, a Pillow image, a Matplotlib figure or a path. Boxes and masks are not drawn."""

    def __init__(self, data_or_path: Any, mode: str | None = None, caption: str | None = None, **others: Any) -> None:
        super().__init__(data_or_path, caption)


class Histogram(media.Histogram):
    """Of a sequence, or as NumPy has counted it: `np_histogram=(counts, edges)`."""

    def __init__(self, sequence: Any = None, np_histogram: Any = None, num_bins: int = media.BINS) -> None:
        if np_histogram is None:
            found = media.Histogram.of([] if sequence is None else sequence, num_bins)
        else:
            found = media.Histogram([float(edge) for edge in np_histogram[1]], [int(count) for count in np_histogram[0]])
        super().__init__(found.edges, found.counts, found.other)


class Table(media.Table):
    """Rows of numbers, texts and images."""

    def __init__(self, columns: Sequence[Any] | None = None, data: Any = None, dataframe: Any = None, **others: Any) -> None:
        frame = dataframe if dataframe is not None else data if hasattr(data, "columns") else None
        if frame is not None:
            columns, data = list(frame.columns), frame.itertuples(index=False)
        super().__init__(columns or ["Input", "Output", "Expected"], [] if data is None else list(data))

    @property
    def data(self) -> list[Sequence[Any]]:
        return self.rows

    def add_data(self, *cells: Any) -> None:
        """One more row."""
        self.add(*cells)


class Settings:
    """Of W&B's client; taken, and without effect."""

    def __init__(self, **settings: Any) -> None:
        self.__dict__.update(settings)


class AlertLevel:
    """How urgent an alert is."""

    INFO, WARN, ERROR = "INFO", "WARN", "ERROR"


class Run(_Run):
    """A run of W&B's, as far as a script sees it."""

    _step = 0

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._lenient, self._pending = Lenient(), dict[str, Any]()

    @property
    def step(self) -> int:
        """That of the next row without one."""
        return self._step

    def log(self, data: dict[str, Any], step: int | None = None, commit: bool | None = None, **others: Any) -> None:
        """Log a row: at once, unless `commit` is False; then it becomes part of the next."""
        if step is not None and step != self._step:
            self._commit()
            self._step = int(step)
        self._pending.update(self._lenient.taken(data))
        if commit is not False:
            self._commit()
            self._step += step is None or commit is True

    def watch(
        self, models: Any, criterion: Any = None, log: str | None = "gradients", log_freq: int = 1000, *given: Any, **others: Any
    ) -> None:
        """Keep histograms of gradients, parameters or all, at the first backward pass and each `log_freq`-th then."""
        for model in models if isinstance(models, (list, tuple)) else [models]:
            if log:
                self._tracker.watch(model, log_freq, log)

    def unwatch(self, models: Any = None) -> None:
        for model in models if isinstance(models, (list, tuple)) else [models]:
            self._tracker.unwatch(model)

    def save(self, glob_str: Any = None, base_path: Any = None, policy: str = "live", **others: Any) -> list[str]:
        """Keep files, as they are now and as they are in the end; their paths."""
        return self._save(glob_str, base_path) if glob_str is not None else []

    def alert(self, title: str, text: str, level: Any = AlertLevel.INFO, wait_duration: Any = None) -> None:
        """Say it on standard error."""
        say(f"{level or AlertLevel.INFO}: {title}: {text}")

    def define_metric(self, *given: Any, **others: Any) -> None:
        """Nothing: every metric has its steps."""

    def finish(self, exit_code: int | None = None, **others: Any) -> None:
        self._commit()
        super().finish()

    def _commit(self) -> None:
        if self._pending:
            row, self._pending = self._pending, {}
            self._tracker.log(row, self._step)


def login(*given: Any, **others: Any) -> bool:
    """True: no account is needed."""
    return True


def setup(*given: Any, **others: Any) -> None:
    """Nothing."""


def init(
    entity: str | None = None,
    project: str | None = None,
    dir: str | os.PathLike[str] | None = None,
    id: str | None = None,
    name: str | None = None,
    notes: str | None = None,
    tags: Sequence[str] | None = None,
    config: Any = None,
    group: str | None = None,
    mode: str | None = None,
    reinit: Any = None,
    **others: Any,
) -> Run:
    """Begin a run; the one that is open, if there is one. What a sweep has chosen goes before `config`."""
    if _script.run and not (reinit in _FINISH_BEFORE or in_notebook()):
        _script.config.update(config or {})
        return _script.run
    if _script.run:
        _script.run.finish()
    given = os.environ.get
    said = [tags] if isinstance(tags, str) else [*(tags or ()), *filter(None, given("WANDB_TAGS", "").split(","))]
    about = About(
        project or given("WANDB_PROJECT") or "exp-queue",
        group or given("WANDB_RUN_GROUP"),
        name or given("WANDB_NAME"),
        notes or given("WANDB_NOTES"),
        tuple(dict.fromkeys(said)),
    )
    tracker = _script.begin(config, about, parent=dir, disabled="disabled" in (mode, given("WANDB_MODE")))
    return _script.opened(Run(_script, tracker, about, id or given("WANDB_RUN_ID")))


def log(data: dict[str, Any], step: int | None = None, commit: bool | None = None, **others: Any) -> None:
    """As `Run.log`, of the run that is open."""
    _script.the_run("log").log(data, step, commit)


def watch(
    models: Any, criterion: Any = None, log: str | None = "gradients", log_freq: int = 1000, *given: Any, **others: Any
) -> None:
    """As `Run.watch`, of the run that is open."""
    _script.the_run("watch").watch(models, criterion, log, log_freq)


def unwatch(models: Any = None) -> None:
    """As `Run.unwatch`, of the run that is open."""
    _script.the_run("unwatch").unwatch(models)


def save(glob_str: Any = None, base_path: Any = None, policy: str = "live", **others: Any) -> list[str]:
    """As `Run.save`, of the run that is open."""
    return _script.the_run("save").save(glob_str, base_path, policy)


def alert(title: str, text: str, level: Any = AlertLevel.INFO, wait_duration: Any = None) -> None:
    """As `Run.alert`, of the run that is open."""
    _script.the_run("alert").alert(title, text, level)


def define_metric(*given: Any, **others: Any) -> None:
    """Nothing: every metric has its steps."""


def finish(exit_code: int | None = None, **others: Any) -> None:
    """End the run that is open, if there is one."""
    if _script.run:
        _script.run.finish()


def sweep(*given: Any, **others: Any) -> str:
    """UserError: sweeps are run by exp-queue itself."""
    raise UserError("scheduler.wandb.sweep() runs no sweep", next_step=_SWEEP)


def agent(*given: Any, **others: Any) -> None:
    """UserError: sweeps are run by exp-queue itself."""
    raise UserError("scheduler.wandb.agent() runs no sweep", next_step=_SWEEP)


_SWEEP = "write the sweep to a YAML file, with `program: train.py`, and run `exp-queue sweep FILE`, which reads W&B's own format"


class _Module(Face):
    _script: Script

    @property
    def run(self) -> Run | None:
        return self._script.run

    @property
    def summary(self) -> Values:
        return self._script.summary


sys.modules[__name__].__class__ = _Module
