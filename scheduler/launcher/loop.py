"""The process that starts, reaps and records jobs: one per slot, one job at a time. It outlives its runner.

Because everything below it is that one job, `ECHILD` means that the job's whole tree is gone, also when some of it
escaped into sessions of its own. It runs isolated from the user's Python (`-I -S`) and imports little.

Its runner sends `start`, `revoke` and `stop` over the inherited socket; anybody of the same user may connect to its
listening socket, hear its reports and send
`stop`, `pause` and `continue`. Short jobs may be sent ahead: they start one after another without a
round trip between, and their ends are reported together, before half of what waits is used up: every message wakes the
runner, and takes a core from a job. Reports: `running` with pid and birth, `note` for what a person should know meanwhile,
`ended` when the tree is gone, `dropped` for what was revoked or found no room, with `why`.
"""

from __future__ import annotations

import math
import os
import selectors
import signal
import socket
import time
from collections import deque
from typing import Any

from scheduler.failpoints import reach
from scheduler.launcher.channel import Channel
from scheduler.launcher.execution import NOT_STARTED, REFUSED, Execution
from scheduler.launcher.journal import Journal
from scheduler.launcher.spawning import Order, Spawn, start_program
from scheduler.linux import parents
from scheduler.shortage import is_short

DEAF_FOR = 1.0  # seconds: whoever calls meanwhile waits in the kernel's queue


class Launcher:
    """The loop. Ends when the runner is gone and no job is left."""

    def __init__(self, runner: Channel, listener: socket.socket, journal: Journal, spawn: Spawn = start_program) -> None:
        self._spawn = spawn
        self._runner: Channel | None = runner
        self._listener, self._journal = listener, journal
        self._observers: list[Channel] = []
        self._execution: Execution | None = None
        self._ahead: deque[tuple[Order, list[int]]] = deque()
        self._reports: list[dict[str, Any]] = []  # not sent yet; what they tell is in the journal
        self._deaf_until = math.inf
        self._children = _child_signal()
        self._selector = selectors.DefaultSelector()
        self._selector.register(runner, selectors.EVENT_READ, self._hear_runner)
        self._selector.register(listener, selectors.EVENT_READ, self._admit)
        self._selector.register(self._children, selectors.EVENT_READ, lambda: self._children.recv(4096))

    def run(self) -> None:
        while self._runner or self._execution:
            for key, _ in self._selector.select(self._patience()):
                key.data()
            self._go_on()
            self._listen_again()
            self._send_reports()
        self._journal.closed()

    def _go_on(self) -> None:
        """Look after the present job, and start those that wait behind it as soon as nothing of it is left."""
        while self._execution or self._ahead:
            if self._execution is None:
                order, claim = self._ahead.popleft()
                self._execution = Execution(order, claim, self._journal, self._spawn)
                self._execution.start()
            self._look_after(self._execution)
            if self._execution:
                return

    def _patience(self) -> float | None:
        deadline = self._execution.deadline() if self._execution else None
        first = min(self._deaf_until, math.inf if deadline is None else deadline)
        return None if first == math.inf else max(0.0, first - time.monotonic())

    def _look_after(self, execution: Execution) -> None:
        execution.reap()
        execution.tick(time.monotonic())
        if process := execution.alive():
            self._report({"is": "running", **process}, execution.order.attempt)
        while execution.notes:
            self._report({"is": "note", **execution.notes.pop(0)}, execution.order.attempt)
        if execution.gone:
            self._execution = None
            dropped = {"is": "dropped", "why": execution.dropped}
            ended = {"is": "ended", "end": execution.end}
            self._report(ended if execution.dropped is None else dropped, execution.order.attempt)

    def _hear_runner(self) -> None:
        assert self._runner is not None
        messages, there = self._runner.receive()
        for message, descriptors in messages if there else []:
            self._obey(message, descriptors)
        if not there:
            self._selector.unregister(self._runner)
            self._runner = None
            while self._ahead:
                self._drop(self._ahead[0][0].attempt)

    def _obey(self, message: dict[str, Any], descriptors: list[int]) -> None:
        if message["do"] == "start" and message.get("lost"):
            # Without the descriptor of its claim it must not start: others would take its GPU.
            why = "a launcher may open no more files (see `ulimit -n`)"
            self._report({"is": "dropped", "why": why}, message["order"]["attempt"])
        elif message["do"] == "start":
            reach("order-received")
            self._ahead.append((Order(**message["order"]), descriptors))
        elif message["do"] == "revoke" and self._drop(message["attempt"]):
            self._report({"is": "dropped", "why": ""}, message["attempt"])
        elif message["do"] == "stop":
            self._stop(message)

    def _drop(self, attempt: str) -> bool:
        """Forget an order that has not started; False if there is none of that name."""
        found = next((each for each in self._ahead if each[0].attempt == attempt), None)
        if found:
            self._ahead.remove(found)
            for descriptor in found[1]:
                os.close(descriptor)
        return found is not None

    def _stop(self, message: dict[str, Any]) -> None:
        attempt = message["attempt"]
        if self._execution and self._execution.order.attempt == attempt:
            self._execution.stop(message["state"], message.get("grace"))
        elif self._drop(attempt):
            end = {"state": message["state"], "exit_status": None, "reason": "stopped before it started", "duration": 0.0}
            self._journal.ended(attempt, end)
            self._report({"is": "ended", "end": end}, attempt)

    def _pause(self, message: dict[str, Any], asked_by: Channel) -> None:
        """Pause an attempt or let it go on; only who asked hears that this cannot be. All hear of it when it is done."""
        attempt, why = message["attempt"], NOT_STARTED
        if self._execution and self._execution.order.attempt == attempt:
            now = time.monotonic()
            why = self._execution.pause(now) if message["do"] == "pause" else self._execution.go_on(now)
        if why:
            asked_by.send({"is": "note", "attempt": attempt, "text": why, "about": REFUSED})

    def _admit(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:  # who called has hung up
            return
        except OSError as error:
            if not is_short(error):
                raise
            self._selector.unregister(self._listener)
            self._deaf_until = time.monotonic() + DEAF_FOR
            return
        observer = Channel(connection)
        self._observers.append(observer)
        self._selector.register(observer, selectors.EVENT_READ, lambda: self._hear_observer(observer))

    def _listen_again(self) -> None:
        """After a while without a descriptor to spare. The job does not end for that."""
        if self._deaf_until <= time.monotonic():
            self._deaf_until = math.inf
            self._selector.register(self._listener, selectors.EVENT_READ, self._admit)

    def _hear_observer(self, observer: Channel) -> None:
        messages, there = observer.receive()
        for message, _ in messages:
            if message.get("do") == "stop":
                self._stop(message)
            elif message.get("do") in ("pause", "continue"):
                self._pause(message, observer)
        if not there:
            self._selector.unregister(observer)
            self._observers.remove(observer)
            observer.close()

    def _report(self, report: dict[str, Any], attempt: str) -> None:
        self._reports.append({**report, "attempt": attempt})

    def _send_reports(self) -> None:
        """Send what has gathered, unless all of it are ends and more jobs than these still wait to be started."""
        ends_alone = all(report["is"] == "ended" for report in self._reports)
        if ends_alone and len(self._reports) <= len(self._ahead):
            return
        for listener in [*self._observers, *([self._runner] if self._runner else [])]:
            for report in self._reports:
                listener.send(report, more=True)
            listener.flush()
        self._reports = []


def _child_signal() -> socket.socket:
    """A socket that becomes readable when a child ends."""
    reader, writer = socket.socketpair()
    for end in (reader, writer):
        end.setblocking(False)
    signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reader


def main(runner: int, listener: int, journal: int, spawn: Spawn = start_program) -> None:
    """Run on three inherited descriptors: the runner's socket, the listening socket, the locked journal. `spawn`: how it starts
    jobs."""
    # A shell's `&` starts programs with SIGINT ignored, and a job would inherit that and sleep through its stop.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for descriptor in (runner, listener, journal):
        os.set_inheritable(descriptor, False)
    parents.become_subreaper()
    listening = socket.socket(fileno=listener)
    listening.setblocking(False)
    Launcher(Channel(socket.socket(fileno=runner)), listening, Journal(journal), spawn).run()
