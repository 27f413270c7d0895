"""The Python face of exp-queue, by a name that nobody else has: `exp_queue.run("grid.yaml", {"lr": 1e-3}, jobs=2)`.

It is that of the package `scheduler`, described in `scheduler.api`. Many people have a scheduler.py of their own in the folder in
which they work, and then the name `scheduler` is theirs: it stays theirs, whether it is imported before this or after.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scheduler import (
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
        track,
        trials,
        ui,
        watch,
        work,
    )

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

_NAME = "scheduler"
_OURS = Path(__file__).resolve().parent.parent / _NAME / "__init__.py"


def _loaded() -> ModuleType:
    """Our package, under its name only where nobody else's has it."""
    there = sys.modules.get(_NAME)
    found = getattr(there, "__file__", None) if there else getattr(find_spec(_NAME), "origin", None)
    if found and Path(found).resolve() == _OURS:
        return importlib.import_module(_NAME)
    try:
        return _loaded_beside()
    finally:
        sys.modules.pop(_NAME, None)
        if there:
            sys.modules[_NAME] = there


def _loaded_beside() -> ModuleType:
    """Our package, which has the name for as long as this takes. Its rooms are loaded as well: what is in them is then found by
    way of them, and nobody asks for the package any more."""
    spec = spec_from_file_location(_NAME, _OURS, submodule_search_locations=[str(_OURS.parent)])
    assert spec
    assert spec.loader
    ours = module_from_spec(spec)
    if taken := [each.name for each in pkgutil.iter_modules(ours.__path__, f"{_NAME}.") if each.name in sys.modules]:
        raise ImportError(f"another package has the name {taken[0]}, and a module of exp-queue has it too: rename that package")
    sys.modules[_NAME] = ours
    spec.loader.exec_module(ours)
    for each in pkgutil.walk_packages(ours.__path__, f"{_NAME}."):
        if each.ispkg:
            _open(importlib.import_module(each.name))
        elif each.name.count(".") == 1:
            importlib.import_module(each.name)
    return ours


def _open(room: ModuleType) -> None:
    """Let `from scheduler.room import module` find the module by way of the room: Python's own way to one that is not loaded yet
    ends with a look at the package whose name comes first, and that would run the user's scheduler.py (PEP 562 has the hook)."""

    def module(name: str) -> ModuleType:
        try:
            return importlib.import_module(f"{room.__name__}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{room.__name__}.{name}":
                raise
            raise AttributeError(f"module {room.__name__!r} has no attribute {name!r}") from None

    room.__dict__.setdefault("__getattr__", module)


_scheduler = _loaded()


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_scheduler, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
