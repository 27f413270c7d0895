"""exp-queue: a single-machine scheduler for GPU experiments. The rooms are described in docs/architecture.md.

What a notebook calls, `scheduler.run` and the others, is in `scheduler.api`, what a training calls, `scheduler.track`, in
`scheduler.tracking`; both are loaded when they are used.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scheduler.api import (
        CannotEverRun,
        Charts,
        Comparison,
        Curve,
        Job,
        Jobs,
        Overview,
        Page,
        StateError,
        Sweep,
        Sweeps,
        Trial,
        Trials,
        Ui,
        UserError,
        best,
        cancel,
        check,
        compare,
        curves,
        explain,
        hold,
        job,
        jobs,
        move,
        page,
        release,
        resume,
        retry,
        run,
        submit,
        sweep,
        sweeps,
        trials,
        ui,
        watch,
        work,
    )
    from scheduler.tracking import track

__version__ = "0.2.0"
__all__ = [
    "CannotEverRun",
    "Charts",
    "Comparison",
    "Curve",
    "Job",
    "Jobs",
    "Overview",
    "Page",
    "StateError",
    "Sweep",
    "Sweeps",
    "Trial",
    "Trials",
    "Ui",
    "UserError",
    "best",
    "cancel",
    "check",
    "compare",
    "curves",
    "explain",
    "hold",
    "job",
    "jobs",
    "move",
    "page",
    "release",
    "resume",
    "retry",
    "run",
    "submit",
    "sweep",
    "sweeps",
    "track",
    "trials",
    "ui",
    "watch",
    "work",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib  # not above: every process of ours passes here

    room = "scheduler.tracking" if name == "track" else "scheduler.api"  # a training need not load the queue
    return getattr(importlib.import_module(room), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """One room has the name of a call, `sweeps`. Once it is loaded, Python would have the name mean the room."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
