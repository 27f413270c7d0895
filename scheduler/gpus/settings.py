"""How much respect for others, as a user or an administrator sets it: options first, then the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from scheduler.errors import UserError, about
from scheduler.gpus.observation import Settings
from scheduler.gpus.reading import allowed

IGNORE_BELOW = "EXP_QUEUE_IGNORE_BELOW"
QUIET = "EXP_QUEUE_QUIET"
MOST_CLAIMS = "EXP_QUEUE_MOST_CLAIMS"


def settings_from(environment: Mapping[str, str] = os.environ, **options: str | None) -> Settings:
    """The settings of this command: `quiet`, `ignore_below` and `most_claims` as texts in `options` (None: not
    said), else from EXP_QUEUE_QUIET, EXP_QUEUE_IGNORE_BELOW and EXP_QUEUE_MOST_CLAIMS, else the defaults; and what
    CUDA_VISIBLE_DEVICES allows. UserError for a text that is none of these.
    """
    changes: dict[str, Any] = {}
    for name, (variable, meaning) in _KNOWN.items():
        said, whence = options.get(name), f"--{name.replace('_', '-')}"
        if said is None:
            said, whence = environment.get(variable) or None, variable
        if said is not None:
            changes[name] = meaning(said, whence)
    return Settings(**changes, allowed=allowed(environment))


def _memory(text: str, whence: str) -> int:
    from scheduler.experiments.document import values

    with about(whence, next_step="300 and 300MiB mean the same"):
        return int(text) if text.strip().isdecimal() else values.memory(text)


def seconds(text: str, whence: str) -> float:
    """Seconds from `20`, `0`, `10m` or `1h30m`. UserError, which names `whence` the text came, for anything else."""
    from scheduler.experiments.document import values

    try:
        if 0 <= float(text) < float("inf"):
            return float(text)
    except ValueError:
        pass
    with about(whence, next_step="a bare number counts seconds"):
        return values.duration(text)


def _count(text: str, whence: str) -> int:
    if not (text.strip().isdecimal() and int(text) > 0):
        raise UserError(f'{whence}: expected a whole number of 1 or more, found "{text}"')
    return int(text)


_KNOWN: dict[str, tuple[str, Callable[[str, str], Any]]] = {
    "ignore_below": (IGNORE_BELOW, _memory),
    "quiet": (QUIET, seconds),
    "most_claims": (MOST_CLAIMS, _count),
}
