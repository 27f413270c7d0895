"""One attempt inside its launcher: start the command, note its end, and leave no process of it behind."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import math
import os
import signal
import time
from pathlib import Path
from typing import Any

from scheduler.jobs import failpoints, kept, logs, tree
from scheduler.jobs.attempt_files import LOG
from scheduler.jobs.journal import Journal
from scheduler.jobs.spawning import NotStarted, Order, Spawn, start_program

ALIVE_AFTER = 0.02  # a job that is over sooner is never reported as running: that spares short jobs a message
KILL_EVERY = 0.1
LOG_TICK = 1.0  # no kernel event tells that a file has grown beyond a size


class Execution:
    """The life of one attempt. `reap` and `tick` are called by the launcher's loop; nothing here blocks."""

    def __init__(self, order: Order, claim: list[int], journal: Journal, spawn: Spawn = start_program) -> None:
        self.order, self._claim, self._journal, self._spawn = order, claim, journal, spawn
        self.end: dict[str, Any] | None = None
        self.gone = False
        self.dropped = ""
        self._pid: int | None = None
        self._stop_as: str | None = None
        self._signalled = False
        self._rungs: list[tuple[float, signal.Signals]] = []
        self._reported = False
        self._next_look_at_log = math.inf
        self._started, self._began = time.monotonic(), time.time()

    def start(self) -> None:
        """Start the command in a session of its own; a failure to start is an end like any other."""
        try:
            self._journal.started(self.order.attempt)
            failpoints.reach("start-noted")
            log = self._open_directory()
        except OSError as error:
            self._has_no_directory(error)
            return
        self._started = time.monotonic()
        self._next_look_at_log = self._started + LOG_TICK if self.order.log_cap else math.inf
        try:
            self._pid = self._spawn(self.order, log, self._claim)
        except NotStarted as error:
            self._never_started(str(error))
        finally:
            os.close(log)

    def stop(self, state: str) -> None:
        """Begin to stop the whole tree; the attempt will end in `state`, unless it has ended already."""
        if self._stop_as or self.gone:
            return
        self._stop_as, now = state, time.monotonic()
        if self.end is None:
            self._rungs = [(now, signal.SIGINT), *self._hard_rungs(now + self.order.grace)]
        else:  # only what the main process left behind is still there
            self._rungs = self._hard_rungs(now)
        self.tick(now)

    def _hard_rungs(self, start: float) -> list[tuple[float, signal.Signals]]:
        return [(start, signal.SIGTERM), (start + self.order.grace / 2, signal.SIGKILL)]

    def alive(self) -> tree.Process | None:
        """The main process, once, when it has lived long enough to be worth reporting."""
        if self._reported or self._pid is None or self.end or time.monotonic() < self._started + ALIVE_AFTER:
            return None
        self._reported = True
        return tree.look_up(self._pid)

    def reap(self) -> None:
        """Collect every child that has ended. `end` is set when the main process is over, `gone` when nothing is left."""
        while not self.gone:
            try:
                info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                self._tree_is_gone()
                return
            if info is None:
                return
            if info.si_pid == self._pid:
                self._main_ended(info)
            os.waitpid(info.si_pid, 0)

    def tick(self, now: float) -> None:
        """Do what is due: the time-out, the next rung of the stop ladder."""
        if self._times_out_at() <= now:
            self.stop("timeout")
        if self._next_look_at_log <= now:
            self._next_look_at_log = now + LOG_TICK
            logs.cut(f"{self.order.directory}/{LOG}", self.order.log_cap)
        while self._rungs and self._rungs[0][0] <= now and not self.gone:
            _, number = self._rungs.pop(0)
            if number == signal.SIGKILL:
                self._rungs.append((now + KILL_EVERY, number))
            self._signal(number)

    def deadline(self) -> float | None:
        """When `tick` or `alive` has something to do next, on the monotonic clock."""
        rung = self._rungs[0][0] if self._rungs else math.inf
        report = math.inf if self._reported or self.end else self._started + ALIVE_AFTER
        first = min(rung, report, self._times_out_at(), self._next_look_at_log)
        return None if first == math.inf else first

    def _times_out_at(self) -> float:
        over = self.order.timeout is None or self._stop_as or self.end
        return math.inf if over else self._started + (self.order.timeout or 0)

    def _open_directory(self) -> int:
        """Make the attempt's directory and lock it; returns the descriptor of a new, append-only log."""
        os.makedirs(self.order.directory, 0o700, exist_ok=True)  # noqa: PTH103 (a Path took longer to build than a file to make)
        directory = os.open(self.order.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._claim.append(directory)
        fcntl.flock(directory, fcntl.LOCK_EX)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return os.open(LOG, flags, 0o600, dir_fd=directory)

    def _has_no_directory(self, error: OSError) -> None:
        """Without room on the disk the attempt is not spent: the runner waits for room. Anything else is its end."""
        why = f"cannot write to {self.order.directory} ({error.strerror})"
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            self._never_started(why)
            return
        Path(self.order.directory, LOG).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # no room for that either: then the journal has no `S` to take back
            self._journal.dropped(self.order.attempt)
        self.dropped = why
        self._tree_is_gone()

    def _signal(self, number: signal.Signals) -> None:
        """SIGINT as a terminal would send it, to the main process's group, so that a tracker in its own session can
        still save its rows; the harder signals go to the whole tree."""
        below = tree.descendants(os.getpid())
        if number == signal.SIGINT:
            below = [process for process in below if process.group == self._pid]
        self._signalled = tree.send(below, number) > 0 or self._signalled

    def _main_ended(self, info: os.waitid_result) -> None:
        status = info.si_status if info.si_code == os.CLD_EXITED else -info.si_status
        stopped = self._stop_as if self._signalled else None
        state = stopped or ("done" if status == 0 else "failed")
        self._record(state, status, "" if state != "failed" else _exit_reason(status))
        if not self._rungs:
            self._rungs = self._hard_rungs(time.monotonic() + self.order.linger)

    def _never_started(self, reason: str) -> None:
        self._record("failed", None, reason)
        self._tree_is_gone()

    def _record(self, state: str, exit_status: int | None, reason: str) -> None:
        duration = round(time.monotonic() - self._started, 6)
        self.end = {"state": state, "exit_status": exit_status, "reason": reason, "duration": duration}
        self._journal.ended(self.order.attempt, self.end)
        failpoints.reach("end-noted")

    def _tree_is_gone(self) -> None:
        self.gone = True
        if self.order.copy_cap and self.end:
            kept.keep(self.order.directory, self._began, self.order.copy_cap)
        if self.order.log_cap:
            logs.cut(f"{self.order.directory}/{LOG}", self.order.log_cap)
        for descriptor in self._claim:
            os.close(descriptor)
        self._claim = []


def _exit_reason(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
