"""One attempt inside its launcher: start the command, note its end, and leave no process of it behind."""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import signal
import time
from typing import Any

from scheduler.failpoints import reach
from scheduler.launcher import kept, leftovers, log_cap
from scheduler.launcher.files import LOG
from scheduler.launcher.journal import Journal
from scheduler.launcher.leftovers import Leftovers
from scheduler.launcher.spawning import NotStarted, Order, Spawn, start_program
from scheduler.linux import processes
from scheduler.shortage import is_short, passing, words

ALIVE_AFTER = 0.02  # a job that is over sooner is never reported as running: that spares short jobs a message
KILL_EVERY = 0.1
LOG_TICK = 1.0  # no kernel event tells that a file has grown beyond a size

Rung = tuple[float, signal.Signals]


class _AlreadyThere(Exception):
    """The attempt's directory was made by somebody else: it is never written to."""


class Execution:
    """The life of one attempt. `reap` and `tick` are called by the launcher's loop; nothing here blocks.

    `end` is set when the main process is over, and set anew when what it left behind is gone too: then `gone` is true.
    """

    def __init__(self, order: Order, claim: list[int], journal: Journal, spawn: Spawn = start_program) -> None:
        self.order, self._claim, self._journal, self._spawn = order, claim, journal, spawn
        self.end: dict[str, Any] | None = None
        self.gone = False
        self.dropped: str | None = None  # why it did not start and is not spent; "": its directory was there already
        self.notes: list[dict[str, str]] = []  # what was said and not sent yet: `text`, and what it is `about`
        self._pid: int | None = None
        self._stop_as: str | None = None
        self._signalled = False
        self._rungs: list[Rung] = []
        self._left: Leftovers | None = None
        self._why_ended: str | None = None  # why we ended what was left behind; None: we did not
        self._reported = False
        self._next_look_at_log = math.inf
        self._started, self._began = time.monotonic(), time.time()

    def start(self) -> None:
        """Start the command in a session of its own; a failure to start is an end like any other, unless the machine lacks
        room for it now: then the attempt is `dropped`, with the reason, and not spent."""
        try:
            self._journal.started(self.order.attempt)
            reach("start-noted")
            log = self._open_directory()
        except _AlreadyThere:
            self._drop("")
            return
        except OSError as error:
            self._has_no_directory(error)
            return
        self._started = time.monotonic()
        self._next_look_at_log = self._started + LOG_TICK if self.order.log_cap else math.inf
        try:
            self._pid = self._spawn(self.order, log, self._claim)
        except NotStarted as error:
            self._take_back(str(error)) if error.passing else self._never_started(str(error))
        finally:
            os.close(log)

    def stop(self, state: str, grace: float | None = None) -> None:
        """Begin to stop the whole tree; the attempt will end in `state`, unless it has ended already.

        `grace`: instead of the order's, from now on, also for a stop that is under way.
        """
        now = time.monotonic()
        if self.gone:
            return
        if self._stop_as or self._why_ended is not None:
            self._rungs = self._rungs if grace is None else self._anew(now, grace)
        else:
            self._begin_to_stop(state, self.order.grace if grace is None else grace, now)
        self.tick(now)

    def _begin_to_stop(self, state: str, grace: float, now: float) -> None:
        self._stop_as = state
        if self.end is None:
            self._rungs = [(now, signal.SIGINT), *_hard_rungs(now + grace, grace / 2)]
            late = f"it took longer than its time-out of {self.order.timeout:g} s: " if state == "timeout" else ""
            then = f"it has {grace:g} s to save its work, then SIGTERM follows" if grace else "SIGKILL follows at once"
            self._note(f"{late}SIGINT is sent; {then}", about=state)
        else:
            # SIGTERM first: what a shell has started with `&` is deaf to SIGINT.
            why = f"took longer than the time-out of {self.order.timeout:g} s and " if state == "timeout" else ""
            self._end_leftovers(why, now, grace)

    def _anew(self, now: float, grace: float) -> list[Rung]:
        """What is left of the ladder, with another grace from now on."""
        return _hard_rungs(now + grace, grace / 2) if self._is_polite() else [(now + grace, signal.SIGKILL)]

    def _is_polite(self) -> bool:
        """Whether a stop is under way that has not come to SIGTERM."""
        return signal.SIGTERM in [number for _, number in self._rungs]

    def alive(self) -> dict[str, int | None] | None:
        """The main process, once, when its tree has lived long enough to be worth reporting: `pid`, and `birth` if it lives and
        can be seen."""
        if self._reported or self._pid is None or self.gone or time.monotonic() < self._started + ALIVE_AFTER:
            return None
        self._reported = True
        process = None
        with passing():
            process = None if self.end else processes.look_up(self._pid)
        return {"pid": self._pid, "birth": process.birth if process else None}

    def reap(self) -> None:
        """Collect every child that has ended."""
        while not self.gone:
            try:
                info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                self._tree_is_gone()
                return
            if info is None:
                if self.end and not self._left:
                    self._begin_to_watch()
                return
            if info.si_pid == self._pid:
                self._main_ended(info)
            os.waitpid(info.si_pid, 0)

    def tick(self, now: float) -> None:
        """Do what is due: the time-out, a look at what was left behind, the next rung of the stop ladder."""
        if self._times_out_at() <= now:
            self.stop("timeout")
        if self._next_look_at_log <= now:
            self._next_look_at_log = now + LOG_TICK
            log_cap.cut(self._log, self.order.log_cap)
        if self._left and self._left.due <= now and not self.gone:
            self._look_at_leftovers(self._left, now)
        while self._rungs and self._rungs[0][0] <= now and not self.gone:
            self._climb(now)

    def deadline(self) -> float | None:
        """When `tick` or `alive` has something to do next, on the monotonic clock."""
        rung = self._rungs[0][0] if self._rungs else math.inf
        report = math.inf if self._reported else self._started + ALIVE_AFTER
        look = self._left.due if self._left else math.inf
        first = min(rung, report, look, self._times_out_at(), self._next_look_at_log)
        return None if first == math.inf else first

    def _times_out_at(self) -> float:
        over = self.order.timeout is None or self._stop_as or self._why_ended is not None or self.gone
        return math.inf if over else self._started + (self.order.timeout or 0)

    # The start.

    @property
    def _log(self) -> str:
        return f"{self.order.directory}/{LOG}"

    def _open_directory(self) -> int:
        """Make the attempt's directory and lock it; returns the descriptor of a new, append-only log."""
        # A Path took longer to build than a file to make.
        os.makedirs(os.path.dirname(self.order.directory), 0o700, exist_ok=True)  # noqa: PTH103, PTH120
        try:
            os.mkdir(self.order.directory, 0o700)  # noqa: PTH102
        except FileExistsError:
            raise _AlreadyThere from None
        try:
            return self._open_log()
        except OSError:
            with contextlib.suppress(OSError):
                os.rmdir(self.order.directory)  # noqa: PTH106 (its number would be passed over)
            raise

    def _open_log(self) -> int:
        directory = os.open(self.order.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._claim.append(directory)
        fcntl.flock(directory, fcntl.LOCK_EX)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return os.open(LOG, flags, 0o600, dir_fd=directory)

    def _has_no_directory(self, error: OSError) -> None:
        """Without room for it the attempt is not spent. Anything else is its end."""
        why = f"cannot write to {self.order.directory}: {words(error)}"
        self._drop(why) if is_short(error) else self._never_started(why)

    def _take_back(self, why: str) -> None:
        """Nothing was started for want of room: the runner waits until there is some, and the number is free again."""
        with contextlib.suppress(OSError):
            os.unlink(self._log)  # noqa: PTH108
            os.rmdir(self.order.directory)  # noqa: PTH106
        self._drop(why)

    def _drop(self, why: str) -> None:
        with contextlib.suppress(OSError):  # no room for that either: then the journal has no `S` to take back
            self._journal.dropped(self.order.attempt)
        self.dropped = why
        self._tree_is_gone()

    def _never_started(self, reason: str) -> None:
        self._record("failed", None, reason)
        self._tree_is_gone()

    # The stop.

    def _climb(self, now: float) -> None:
        """The next rung of the ladder. SIGKILL is sent until nothing is left."""
        _, number = self._rungs[0]
        try:
            self._signal(number)
        except OSError as error:  # the table of descriptors is full: who is below us cannot be seen
            if not is_short(error):
                raise
            self._rungs[0] = (now + KILL_EVERY, number)
            return
        self._rungs.pop(0)
        if number == signal.SIGKILL:
            self._rungs.append((now + KILL_EVERY, number))
        elif number == signal.SIGTERM and self._stop_as and self.end is None:
            self._note(f"it has not ended by then: SIGTERM is sent, SIGKILL follows in {round(self._rungs[0][0] - now, 1):g} s")

    def _signal(self, number: signal.Signals) -> None:
        """SIGINT as a terminal would send it, to the main process's group, so that a tracker in its own session can
        still save its rows; the harder signals go to the whole tree."""
        below = processes.descendants(os.getpid())
        if number == signal.SIGINT:
            below = [process for process in below if process.group == self._pid]
        self._signalled = processes.send(below, number) > 0 or self._signalled

    # The end.

    def _main_ended(self, info: os.waitid_result) -> None:
        status = info.si_status if info.si_code == os.CLD_EXITED else -info.si_status
        stopped = self._stop_as if self._signalled else None
        state = stopped or ("done" if status == 0 else "failed")
        self._record(state, status, "" if state != "failed" else _exit_reason(status))

    def _begin_to_watch(self) -> None:
        """The main process has ended and others of its tree live."""
        now = time.monotonic()
        self._left = Leftovers(self.order.leftovers, self.order.idle, now, self._log)
        if self.order.leftovers == leftovers.KILL and not self._stop_as:
            self._end_leftovers("", now, self.order.grace / 2)
            self.tick(now)

    def _look_at_leftovers(self, left: Leftovers, now: float) -> None:
        first, idle = not left.who, left.look(now)
        if self._why_ended is not None:
            return
        if idle and (not self._rungs or self._is_polite()):
            self._end_leftovers(f"sat idle for {self.order.idle:g} s and ", now, self.order.grace / 2)
        elif first and left.who and not self._stop_as:
            assert self.end
            self._note(left.introduced(self.end["exit_status"]))

    def _end_leftovers(self, why: str, now: float, grace: float) -> None:
        """SIGTERM now and SIGKILL after the grace for all that is left; said wherever somebody may look."""
        assert self._left
        self._left.identify()
        self._why_ended, self._rungs = why, _hard_rungs(now, grace)
        text = f"{self._left.ended(why, 'are')} (SIGTERM now, SIGKILL after {grace:.3g} s)"
        self._note(text)
        log_cap.say(self._log, text)

    def _note(self, text: str, about: str = "") -> None:
        self.notes.append({"text": text, "about": about})
        with contextlib.suppress(OSError):  # no room on the disk: who listens hears it all the same
            self._journal.noted(self.order.attempt, text)

    def _record(self, state: str, exit_status: int | None, reason: str) -> None:
        duration = round(time.monotonic() - self._started, 6)
        self.end = {"state": state, "exit_status": exit_status, "reason": reason, "duration": duration}
        self._journal.ended(self.order.attempt, self.end)
        reach("end-noted")

    def _tree_is_gone(self) -> None:
        if self.end and self._left:
            self._end_for_good(self.end, self._left)
        self.gone = True
        if self.order.copy_cap and self.end:
            kept.keep(self.order.directory, self._began, self.order.copy_cap)
        if self.order.log_cap and self._pid:  # else the log may be another attempt's
            log_cap.cut(self._log, self.order.log_cap)
        for descriptor in self._claim:
            os.close(descriptor)
        self._claim = []

    def _end_for_good(self, end: dict[str, Any], left: Leftovers) -> None:
        """The end as it is now that what the main process left behind has ended too."""
        state = self._stop_as if self._stop_as and self._signalled else end["state"]
        duration = round(time.monotonic() - self._started, 6)
        reason = end["reason"]
        if told := self._what_became_of(left, duration - end["duration"]):
            reason = f"{reason or leftovers.status_text(end['exit_status'])}; {told}"
        self.end = {**end, "state": state, "reason": reason, "duration": duration}
        with contextlib.suppress(OSError):  # no room: the main process's own end stands
            self._journal.ended(self.order.attempt, self.end)

    def _what_became_of(self, left: Leftovers, seconds: float) -> str:
        """What the final record says of them; nothing of those that nobody has ended and that were gone in a moment."""
        if self._why_ended is not None and self._signalled:
            return left.ended(self._why_ended, "were")
        return left.went_on(seconds) if left.who and not self._stop_as else ""


def _hard_rungs(start: float, grace: float) -> list[Rung]:
    return [(start, signal.SIGTERM), (start + grace, signal.SIGKILL)]


def _exit_reason(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
