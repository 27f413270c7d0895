"""The switch: which trackers are asked for, by the variable EXP_QUEUE_TRACKERS or by an argument."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from scheduler.errors import UserError, nearest
from scheduler.linux import variables

VARIABLE = "EXP_QUEUE_TRACKERS"
TRACKERS = ("wandb", "tensorboard", "swanlab", "trackio")
LOCAL = "wandb-local"  # scripts that call W&B's client log at the server of this machine; our own calls need none
NOBODY = "none"  # a job that says so is left out, whatever its runner says
_LOWER = {"w&b": "wandb", "wb": "wandb", "tb": "tensorboard"}


def asked(words: str | Iterable[str], where: str = VARIABLE) -> tuple[str, ...]:
    """The trackers that a list names, each once, in order. UserError, which says `where` it stands, for a name that is none.

    >>> asked("TensorBoard, wandb,tb"), asked(["none"]), asked("")
    (('tensorboard', 'wandb'), (), ())
    """
    names = words.split(",") if isinstance(words, str) else words
    found = [_known(name.strip(), where) for name in names if name.strip()]
    return tuple(dict.fromkeys(name for name in found if name != NOBODY))


def asked_by(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The trackers that an environment asks for. UserError for a name that is none."""
    return asked(environment.get(VARIABLE, ""))


@contextmanager
def asked_of_jobs(words: str | Iterable[str] | None, where: str) -> Iterator[None]:
    """The environment of this process, which its jobs inherit, names these trackers meanwhile; None: as it is. UserError for a
    name that is none, also where it stands in the environment."""
    if words is None:
        asked_by(os.environ)
        yield
        return
    with variables.said(VARIABLE, ",".join(asked(words, where)) or NOBODY):
        yield


def _known(word: str, where: str) -> str:
    name = _LOWER.get(word.lower(), word.lower())
    if name in (*TRACKERS, LOCAL, NOBODY):
        return name
    raise UserError(f'{where}: there is no tracker "{word}"', next_step=nearest(name, (*TRACKERS, LOCAL)))
