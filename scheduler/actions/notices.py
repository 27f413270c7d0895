"""What actions tell whoever listens, beside what a runner tells. Plain values; how they look is the report's business."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from scheduler.runner.notices import Notice
from scheduler.values import dataclass

if TYPE_CHECKING:
    from scheduler.experiments.command.command import Launch
    from scheduler.queue.code import Aged
    from scheduler.queue.job import Job
    from scheduler.queue.submit import Submission
    from scheduler.runner.gpu_view import GpuView
    from scheduler.sweeps.engine.budget import Budget
    from scheduler.sweeps.engine.evidence import Evidence
    from scheduler.sweeps.engine.live_trials import Book
    from scheduler.sweeps.sweep import SweepPlan


def _no_gpus() -> None:
    """Where there are none."""


@dataclass(frozen=True)
class Submitted:
    """The experiments of a file are in the queue."""

    submission: Submission
    file: str
    launch: Launch  # of the file: what it adds to a program's own arguments is told too


@dataclass(frozen=True)
class Driving:
    """Jobs are about to run, at most `slots` at once (None: that is found out), on what `note` says is there. `jobs`: None where
    all that is queued runs, and with `forever` all that comes; `done` of them are over already, and the first `before` were not
    asked for: the others come after them. `why`: why so many at once, where that is not plain. `view`: the GPUs as they were last
    seen, at any moment and of any thread."""

    slots: int | None
    note: str
    jobs: Sequence[Job] | None = None
    done: int = 0
    forever: bool = False
    before: int = 0
    why: str = ""
    view: Callable[[], GpuView | None] = field(default=_no_gpus, compare=False)


@dataclass(frozen=True)
class SweepOpened:
    """A sweep is about to begin (`new`) or to go on, with the trials in `book`, of which `revived` were interrupted and are
    tried again; `outdated` of those that succeeded: by what has changed since in the program that they ran. `evidence`: what it
    was given of other sweeps; `learns`: whether its search asks for such; `learns_outside`: whether it learns from its own
    trials outside of the present space."""

    plan: SweepPlan
    book: Book
    budget: Budget
    pruner: str
    new: bool
    revived: int
    outdated: Mapping[Aged, Sequence[int]]
    evidence: Evidence
    learns: bool = True
    learns_outside: bool = False


@dataclass(frozen=True)
class Said:
    """A sentence of a sweep about its course."""

    text: str


Told = Notice | Submitted | Driving | SweepOpened | Said
Tell = Callable[[Told], None]
