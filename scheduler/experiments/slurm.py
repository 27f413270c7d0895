"""What is said of the cluster that experiments may run on: by the `slurm` section of their file, and by who runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from scheduler.errors import UserError, about, nearest
from scheduler.experiments.asks import SlurmWishes
from scheduler.experiments.document import values

SLURM: dict[str, Callable[[object], Any]] = {
    **dict.fromkeys(("partition", "account", "qos", "constraint"), values.text),
    "memory": values.memory,
    "time": values.duration,
    "folder": values.text,
}


def wishes_of(words: tuple[str, ...]) -> SlurmWishes:
    """Those of the command line, each as KEY=VALUE; of several with one key the last counts. UserError where one cannot be
    understood."""
    found: dict[str, object] = {}
    for word in words:
        key, sign, text = word.partition("=")
        if not sign or key not in SLURM:
            raise UserError(f'--slurm: "{word}" is not KEY=VALUE with a known key', next_step=nearest(key, tuple(SLURM)))
        found[key] = text
    return read_wishes(found, "--slurm")


def read_wishes(given: Mapping[str, object], whose: str) -> SlurmWishes:
    """The wishes by their keys, each as a file has it; None is nobody's wish. `whose`: for the errors. UserError where one is not
    known, or cannot be understood."""
    found = {}
    for key, value in given.items():
        if key not in SLURM:
            raise UserError(f'{whose}: "{key}" is not known', next_step=nearest(str(key), tuple(SLURM)))
        with about(f"{whose} {key}"):
            found[key] = None if value is None else SLURM[key](value)
    return SlurmWishes(**found)
