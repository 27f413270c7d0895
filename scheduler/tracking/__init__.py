"""What came out: the metric log that every attempt writes, and the call with which a training script writes it, which is
imported when it is used: whoever reads logs writes none."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scheduler.tracking.opening import init, track
    from scheduler.tracking.tracker import Tracker

__all__ = ["Tracker", "init", "track"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{'tracker' if name == 'Tracker' else 'opening'}"), name)
