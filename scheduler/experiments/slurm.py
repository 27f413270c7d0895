"""What a file says of the cluster that its experiments may run on: its `slurm` section."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from scheduler.errors import UserError, nearest
from scheduler.experiments.document import values
from scheduler.values import dataclass


@dataclass(frozen=True)
class SlurmWishes:
    """What Slurm is asked for beside the resources of an experiment. None: nothing is said. `memory`: MiB of the node's; `time`:
    seconds, where the policy has no time-out; `folder`: a directory that this machine and the nodes see under one name."""

    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    memory: int | None = None
    time: float | None = None
    folder: str | None = None


NO_WISHES = SlurmWishes()
SLURM: dict[str, Callable[[object], Any]] = {
    **dict.fromkeys(("partition", "account", "qos", "constraint"), values.text),
    "memory": values.memory,
    "time": values.duration,
    "folder": values.text,
}


def changed(wishes: SlurmWishes, words: tuple[str, ...]) -> SlurmWishes:
    """The wishes with those of the command line, each as KEY=VALUE. UserError where one cannot be understood."""
    for word in words:
        key, sign, text = word.partition("=")
        if not sign or key not in SLURM:
            raise UserError(f'--slurm: "{word}" is not KEY=VALUE with a known key', next_step=nearest(key, tuple(SLURM)))
        try:
            wishes = replace(wishes, **{key: SLURM[key](text)})
        except UserError as error:
            raise UserError(f"--slurm {key}: {error.what}", next_step=error.next_step) from error
    return wishes
