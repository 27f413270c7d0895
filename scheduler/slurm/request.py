"""What Slurm is asked for: the words of `sbatch` for jobs that ask for the same. Pure."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Sequence
from itertools import groupby

from scheduler.experiments import Policy, Resources
from scheduler.experiments.slurm import SlurmWishes

NAMED = ("partition", "account", "qos", "constraint")
SLACK = 60.0  # seconds that a launcher has beyond a job's time-out and grace, to write down what happened


def wanted(resources: Resources, policy: Policy, wishes: SlurmWishes, *, has_gpus: bool) -> tuple[str, ...]:
    """The options for one job. `has_gpus`: whether the partition has any; then a job that does not say how many gets one, as on
    a machine with GPUs."""
    gpus = int(has_gpus) if resources.gpus is None else resources.gpus
    seconds = wishes.time if policy.timeout is None else policy.timeout + policy.grace + SLACK
    return (
        *(f"--{name}={value}" for name in NAMED if (value := getattr(wishes, name)) is not None),
        *((f"--gres=gpu:{gpus}",) if gpus else ()),
        *((f"--cpus-per-task={resources.cpus}",) if resources.cpus else ()),
        *((f"--mem={wishes.memory}M",) if wishes.memory else ()),
        *((f"--time={max(1, math.ceil(seconds / 60))}",) if seconds is not None else ()),
    )


def submission(name: str, options: Sequence[str], indices: Iterable[int], most: int | None, folder: str) -> list[str]:
    """The command that submits an array; its script comes on standard input. `most`: so many of it at once.

    Slurm never starts one again by itself: a further attempt is ours to begin.
    """
    together, output = f"%{most}" if most else "", folder.replace("%", "%%")
    return [
        *("sbatch", "--parsable", "--no-requeue", "--export=ALL", "--chdir=/", f"--job-name={name}"),
        *(f"--array={spans(indices)}{together}", f"--output={output}/%a.out", "--ntasks=1", "--nodes=1"),
        *options,
    ]


def spans(indices: Iterable[int]) -> str:
    """`0-2,5` for 0, 1, 2 and 5."""
    runs = groupby(enumerate(sorted(indices)), key=lambda pair: pair[1] - pair[0])
    ends = [(run[0][1], run[-1][1]) for run in (list(pairs) for _, pairs in runs)]
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ends)


def script(command: Sequence[str]) -> str:
    """What each element of the array runs."""
    return f"#!/bin/sh\nexec {shlex.join(command)}\n"
