"""From names of trackers to listeners, each in a thread of its own."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable
from importlib.util import find_spec

from scheduler.terminal import say
from scheduler.tracking.tracker import Listener
from scheduler.tracking.trackers.delivery import Delivery
from scheduler.tracking.trackers.training import Training

# Where each lives here. What is imported is also what the package is called, and the extra of ours that brings it.
_CLASSES = {"wandb": "WandbRun", "tensorboard": "EventFileRun", "swanlab": "SwanlabRun", "trackio": "TrackioRun"}


def opened(names: Iterable[str], training: Training, *, is_logged: bool, tell: Callable[[str], None] = say) -> list[Listener]:
    """A listener for each tracker. One that is not installed, or cannot be opened, is said, and the training goes on without it.

    `is_logged`: whether there is a metric log too, where what a tracker misses can be found.
    """
    comfort = "; the metric log has it all" if is_logged else ""
    found: list[Listener] = []
    for name in names:
        if not _is_there(name):
            cure = f"`pip install 'exp-queue[{name}]'` installs it"
            tell(f"exp-queue: nothing is sent to {name}, which is not installed here: {cure}{comfort}")
        else:
            found.append(Delivery(name, _maker(name, training), comfort=comfort, tell=tell))
    return found


def _maker(name: str, training: Training) -> Callable[[], Listener]:
    def make() -> Listener:
        if training.directory:  # W&B would quietly take another one
            training.directory.mkdir(parents=True, exist_ok=True)
        module = importlib.import_module(f"scheduler.tracking.trackers.{name}")
        listener: Listener = getattr(module, _CLASSES[name])(training)
        return listener

    return make


def _is_there(name: str) -> bool:
    """Not so where only a folder of the user's has that name: W&B's runs lie in one that is called `wandb`."""
    found = sys.modules.get(name) or find_spec(name)
    return getattr(found, "__file__", None) is not None or getattr(found, "origin", None) is not None
