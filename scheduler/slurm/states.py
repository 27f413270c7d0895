"""What Slurm says of jobs, and what that means for an attempt whose journal does not say how it ended. Pure.

Our own files are the truth. Slurm is asked for what they cannot tell: what it has cancelled, killed or forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Any

from scheduler.launcher.journal import BY_CLUSTER, is_the_clusters
from scheduler.values import dataclass

FORMAT = "%j|%F|%K|%T|%N|%r"
_THERE = {
    *("PENDING", "RUNNING", "SUSPENDED", "COMPLETING", "CONFIGURING", "RESIZING", "SIGNALING", "STAGE_OUT", "STOPPED"),
    *("REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT"),
}
# How an attempt has ended that Slurm has ended, and the words for it.
_ENDS = {
    "CANCELLED": ("cancelled", "cancelled in Slurm (scancel)"),
    "TIMEOUT": ("timeout", "it took longer than Slurm's time limit"),
    "DEADLINE": ("timeout", "Slurm's deadline had come"),
    "OUT_OF_MEMORY": ("failed", "Slurm ended it: it used more memory than it had asked for"),
    "PREEMPTED": ("failed", "preempted: Slurm has given its node to a job of higher priority"),
    "NODE_FAIL": ("lost", "its node failed"),
    "BOOT_FAIL": ("lost", "its node did not start"),
}


@dataclass(frozen=True)
class Element:
    """What Slurm says of one element of an array."""

    state: str
    node: str = ""
    reason: str = ""

    @property
    def is_there(self) -> bool:
        """Whether it waits, or something of it may run."""
        return self.state in _THERE


@dataclass
class Array:
    """What Slurm says of the array of a batch: its elements by their numbers. `rest`: what those are that it does not name."""

    job: str
    elements: dict[int, Element] = field(default_factory=dict)
    rest: Element | None = None

    def element(self, index: int) -> Element | None:
        """None: Slurm knows nothing of it (any more)."""
        return self.elements.get(index, self.rest)


def read(text: str) -> dict[str, Array]:
    """What `squeue --format=FORMAT` has printed, by the names of the jobs."""
    found: dict[str, Array] = {}
    for line in text.splitlines():
        words = line.split("|", 5)
        if len(words) < 6:
            continue
        name, job, numbers, *said = words
        array, element = found.setdefault(name, Array(job)), Element(*said)
        if numbers == "N/A":  # an array that was cancelled as it waited
            array.rest = element
        for number in _numbers(numbers):
            array.elements[number] = element
    return found


def _numbers(text: str) -> Iterator[int]:
    """`3`, or `0-2,5-9%4`."""
    for part in text.split("%")[0].split(","):
        first, _, last = part.partition("-")
        if first.isdecimal() and (last.isdecimal() or not last):
            yield from range(int(first), int(last or first) + 1)


def end_of(element: Element | None) -> dict[str, Any] | None:
    """How an attempt ended that had begun, by Slurm's word alone; None where that is not known."""
    if element is None or element.state not in _ENDS:
        return None
    state, reason = _ENDS[element.state]
    where = f" ({element.node})" if element.node and state == "lost" else ""
    taken = element.state == "PREEMPTED"
    return {"state": state, "exit_status": None, "reason": f"{reason}{where}", "duration": None, "taken": taken}


def refined(end: dict[str, Any], element: Element | None) -> dict[str, Any]:
    """The end that a journal tells, with Slurm's reason where Slurm has ended it."""
    said = end_of(element) if is_the_clusters(end) else None
    if said is None or (said["state"] == "lost" and end["reason"] != BY_CLUSTER):  # a node that fails later ends nothing
        return end
    return {**end, **{key: said[key] for key in ("state", "reason", "taken")}}
