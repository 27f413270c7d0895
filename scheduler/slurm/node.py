"""What Slurm starts on a node for one element of an array: our launcher. It starts the job, watches over its whole tree and
writes down how it ended, as the launchers of one machine do; only it has no runner to talk to, and its journal lies on the
shared folder.

It runs isolated from the user's Python (`-I -S`) and imports little.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

from scheduler.launcher.execution import Execution
from scheduler.launcher.journal import BY_CLUSTER, Journal
from scheduler.launcher.spawning import Order
from scheduler.linux import parents
from scheduler.linux.readable import readable
from scheduler.queue.interpreters import Interpreters
from scheduler.queue.surroundings import Surroundings
from scheduler.slurm import batch

LOOK = 2.0  # seconds between two looks for a stop, if no signal tells of one
SHORT = 5.0  # seconds of grace at most where Slurm ends us: it kills soon
INDEX = "SLURM_ARRAY_TASK_ID"


class OnNode:
    """The life of one order."""

    def __init__(self, order: Order, journal: Journal, folder: Path, index: int, signals: Signals) -> None:
        self._order, self._journal, self._folder, self._index, self._signals = order, journal, folder, index, signals
        self._execution = Execution(order, [], journal)
        self._stop: dict | None = None
        self._by_slurm = False

    def run(self) -> None:
        """Returns when nothing of the job is left, and that is written down."""
        self._journal.is_at(self._order.attempt, place_of(self._order))
        self._execution.start()
        while not self._execution.gone:
            self._signals.wait(self._patience())
            self._obey()
            self._execution.reap()
            self._execution.tick(time.monotonic())
            self._execution.alive()
            self._execution.notes.clear()  # they are in the journal
        if self._by_slurm and self._execution.end:
            self._journal.ended(self._order.attempt, {**self._execution.end, "reason": BY_CLUSTER})
        self._journal.closed()

    def _patience(self) -> float:
        deadline = self._execution.deadline()
        left = math.inf if deadline is None else max(0.0, deadline - time.monotonic())
        return min(LOOK, left)

    def _obey(self) -> None:
        """What somebody has asked for counts before what Slurm does: to ask is followed by a signal."""
        asked = batch.asked_to_stop(self._folder, self._index)
        if asked and asked != self._stop:
            self._stop = asked
            self._execution.stop(asked["state"], asked["grace"])
        elif self._signals.terminated and not asked and not self._by_slurm:
            self._by_slurm = True
            self._execution.stop("cancelled", min(self._order.grace, SHORT))


class Signals:
    """What wakes us: the end of a child, a stop (SIGINT), Slurm (SIGTERM)."""

    def __init__(self) -> None:
        self.terminated = False
        self._reader, writer = socket.socketpair()
        for end in (self._reader, writer):
            end.setblocking(False)
        signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGCONT):
            signal.signal(number, lambda *_: None)
        signal.signal(signal.SIGTERM, self._terminate)

    def wait(self, seconds: float) -> None:
        readable([self._reader], seconds)
        with contextlib.suppress(BlockingIOError):
            self._reader.recv(4096)

    def _terminate(self, *_: object) -> None:
        self.terminated = True


def place_of(order: Order) -> dict[str, Any]:
    """What people are told of where this order starts: the node, and the Python there; and `at`: now, by the clock there."""
    kept = Surroundings(tuple((name, text) for name, text in order.environment.items() if name == "PATH"), order.program)
    argv = [order.program or order.argv[0], *order.argv[1:]]
    python = None
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        python = Interpreters(asks=False).of(argv, order.cwd, kept)  # none is started: Slurm's time is the job's
    system = os.uname()
    return {
        "host": os.environ.get("SLURMD_NODENAME") or system.nodename,
        "kernel": f"{system.sysname} {system.release}",
        "python": python.as_object() if python else None,
        "at": time.time(),
    }


def main(folder: str) -> None:
    """Run the order of the batch in `folder` that this element of the array stands for, unless it is somebody else's already."""
    signals, place, index = Signals(), Path(folder), int(os.environ[INDEX])
    order = batch.order(place, index)
    descriptor = batch.open_journal(place, index) if order else None
    if order is None or descriptor is None:
        return
    os.dup2(descriptor, 2)  # a defect's traceback lands in the journal, whose readers pass over such lines
    (place / f"{index}.out").unlink(missing_ok=True)
    if asked := batch.asked_to_stop(place, index):
        os.write(descriptor, batch.stopped_before(order.attempt, asked["state"]).encode())
        return
    parents.become_subreaper()
    OnNode(order, Journal(descriptor), place, index, signals).run()
