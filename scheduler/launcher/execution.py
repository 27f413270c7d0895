"""One attempt inside its launcher: start the command, note its end, and leave no process of it behind."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import time
from typing import Any

from scheduler.attempt_files import LOG
from scheduler.failpoints import reach
from scheduler.launcher import directory, inputs, kept, leftovers, log_cap
from scheduler.launcher.journal import Journal
from scheduler.launcher.spawning import NotStarted, Order, Spawn, start_program
from scheduler.launcher.system_log import Sampling
from scheduler.launcher.tree import Tree, find_all
from scheduler.launcher.work_clock import WorkClock
from scheduler.linux import processes
from scheduler.linux.ladder import until_sigkill
from scheduler.linux.standstill import Find
from scheduler.shortage import is_short, passing, words

ALIVE_AFTER = 0.02  # a job that is over sooner is never reported as running: that spares short jobs a message
PAUSED, CONTINUED, REFUSED = "paused", "continued", "refused"  # what notes are about, for who asked
NOT_STARTED, NOT_PAUSED, OVER = "it has not started yet", "it is not paused", "it is over"  # why it is refused
LOG_TICK = 1.0  # no kernel event tells that a file has grown beyond a size


class Execution:
    """The life of one attempt. `reap` and then `tick` are called in every turn of the launcher's loop; nothing here blocks.

    `end` is set when the main process is over, and set anew when what it left behind is gone too: then `gone` is true.
    """

    def __init__(
        self, order: Order, claim: list[int], journal: Journal, spawn: Spawn = start_program, find: Find = find_all
    ) -> None:
        self.order, self._claim, self._journal, self._spawn = order, claim, journal, spawn
        self.end: dict[str, Any] | None = None
        self.gone = False
        self.dropped: str | None = None  # why it did not start and is not spent; "": its directory was there already
        self.notes: list[dict[str, str]] = []  # what was said and not sent yet: `text`, and what it is `about`
        care = leftovers.Care(order.leftovers, until_sigkill(order.grace), order.idle)
        self._tree = Tree(care, self._note, ended=self._main_ended, log=self._log, rests=self._rests, find=find)
        self._stop_as: str | None = None
        self._reported, self._standing = False, ""  # what people who look find, but for a pause
        self._next_look_at_log = math.inf
        self._clock, self._began = WorkClock(time.monotonic()), time.time()
        self._sampling = Sampling(order.directory, order.system, self._clock.started)

    def start(self) -> None:
        """Start the command in a session of its own; a failure to start is an end like any other, unless the machine lacks
        room for it now: then the attempt is `dropped`, with the reason, and not spent."""
        try:
            self._journal.started(self.order.attempt)
            reach("start-noted")
            lock, log = directory.make(self.order.directory, locked=self.order.locks)
        except directory.AlreadyThere:
            self._drop("")
            return
        except OSError as error:
            self._has_no_directory(error)
            return
        self._claim.append(lock)
        self._clock = WorkClock(time.monotonic())
        self._next_look_at_log = self._clock.started + LOG_TICK if self.order.log_cap else math.inf
        try:
            self._have_inputs()
            self._tree.main = self._spawn(self.order, log, self._claim)
        except NotStarted as error:
            self._take_back(str(error)) if error.passing else self._never_started(str(error))
        finally:
            os.close(log)

    def stop(self, state: str, grace: float | None = None) -> None:
        """Begin to stop the whole tree with the next `tick`; the attempt will end in `state`, unless it has ended already.

        `grace`: instead of the order's, from now on, also for a stop that is under way.
        """
        self.reap()  # who has ended before was not stopped
        now = time.monotonic()
        if self.gone:
            return
        if not self._tree.is_ending:
            self._begin_to_stop(state, self.order.grace if grace is None else grace, now)
        elif grace is not None:
            self._tree.hurry(now, grace)

    def pause(self, now: float) -> str:
        """Bring the whole tree to a standstill with the next ticks; a note tells when it is. Returns why that cannot be, "" if
        it can. For what is paused already the note is given again."""
        self.reap()
        if self.gone or self._tree.is_ending:
            return "it is being stopped" if self._tree.is_ending and not self.gone else OVER
        if not self._tree.is_paused:
            self._clock.pause(now)
        self._tree.pause(now)
        return ""

    def go_on(self, now: float) -> str:
        """Let a tree go on that we or others have stopped, and note it; returns why that cannot be, "" if it can."""
        self.reap()
        if self.gone:
            return OVER
        if not self._tree.is_paused and self._tree.can_go_on:
            return NOT_PAUSED
        rested = self._go_on(now)
        self._note(f"continued after a pause of {rested:.0f} s", about=CONTINUED, standing=self._standing)
        return ""

    def _go_on(self, now: float) -> float:
        """Seconds of the pause."""
        rested = self._clock.go_on(now)
        self._tree.go_on(now)
        with contextlib.suppress(OSError):
            self._journal.continued(self.order.attempt, round(rested, 3))
        return rested

    def _rests(self) -> None:
        with contextlib.suppress(OSError):
            self._journal.paused(self.order.attempt, round(time.time() - self._clock.paused_for(time.monotonic()), 3))
        way = f"`exp-queue continue {self.order.attempt[:8]}` lets it go on"
        text = f"paused by a person; it keeps its slot and its GPUs; {way}"
        self._note(text, about=PAUSED, standing=text)

    def _begin_to_stop(self, state: str, grace: float, now: float) -> None:
        self._stop_as = state
        is_paused = self._tree.is_paused
        self._ask_to_end(state, grace, now)
        if is_paused:  # whoever stands still cannot save its work: the signal is there when it goes on
            self._go_on(now)

    def _ask_to_end(self, state: str, grace: float, now: float) -> None:
        if self.end is None:
            late = f"it took longer than its time-out of {self.order.timeout:g} s: " if state == "timeout" else ""
            self._note(f"{late}{self._tree.interrupt(now, grace)}", about=state)
        else:
            # SIGTERM first: what a shell has started with `&` is deaf to SIGINT.
            why = f"took longer than the time-out of {self.order.timeout:g} s and " if state == "timeout" else ""
            self._tree.end_leftovers(why, now, grace)

    def alive(self) -> dict[str, int | None] | None:
        """The main process, once, when its tree has lived long enough to be worth reporting: `pid`, and `birth` if it lives and
        can be seen."""
        if self._reported or self._tree.main is None or self.gone or time.monotonic() < self._clock.started + ALIVE_AFTER:
            return None
        self._reported = True
        process = None
        with passing():
            process = None if self.end else processes.look_up(self._tree.main)
        return {"pid": self._tree.main, "birth": process.birth if process else None}

    def reap(self) -> None:
        """Collect every child that has ended."""
        if not self.gone:
            self._tree.reap()
            if self._tree.gone:
                self._is_over()

    def tick(self, now: float) -> None:
        """Do what is due: the time-out, a look at the log, at what it uses and at what was left behind, the next signal of a stop
        or a pause."""
        if self._times_out_at() <= now:
            self.stop("timeout")
        if self._next_look_at_log <= now:
            self._next_look_at_log = now + LOG_TICK
            log_cap.cut(self._log, self.order.log_cap)
        if self._sampling.due <= now and not self.gone:
            self._sampling.look(now, resting=self._tree.is_paused)
        self._tree.tick(now)

    def deadline(self) -> float | None:
        """When `tick` or `alive` has something to do next, on the monotonic clock."""
        report = math.inf if self._reported else self._clock.started + ALIVE_AFTER
        first = min(report, self._tree.due, self._times_out_at(), self._next_look_at_log, self._sampling.due)
        return None if first == math.inf else first

    def _times_out_at(self) -> float:
        if self.order.timeout is None or self._tree.is_ending or self._tree.is_paused or self.gone:
            return math.inf
        return self._clock.will_have_worked(self.order.timeout)

    # The start.

    @property
    def _log(self) -> str:
        return f"{self.order.directory}/{LOG}"

    def _have_inputs(self) -> None:
        """NotStarted where its files cannot be had: without them it would do something else than it was asked for."""
        try:
            told = inputs.restore(self.order.inputs)
        except OSError as error:
            why = f"cannot start: {error.filename}, which holds its arguments, cannot be had: {words(error)}"
            raise NotStarted(why, passing=is_short(error)) from error
        for text in told:
            self._note(text)

    def _has_no_directory(self, error: OSError) -> None:
        """Without room for it the attempt is not spent. Anything else is its end."""
        why = f"cannot write to {self.order.directory}: {words(error)}"
        self._drop(why) if is_short(error) else self._never_started(why)

    def _take_back(self, why: str) -> None:
        """Nothing was started for want of room: the runner waits until there is some, and the number is free again."""
        directory.take_back(self.order.directory)
        self._drop(why)

    def _drop(self, why: str) -> None:
        with contextlib.suppress(OSError):  # no room for that either: then the journal has no `S` to take back
            self._journal.dropped(self.order.attempt)
        self.dropped = why
        self._is_over()

    def _never_started(self, reason: str) -> None:
        self._record("failed", None, reason)
        self._is_over()

    # The end.

    def _main_ended(self, status: int) -> None:
        stopped = self._stop_as if self._tree.reached else None
        state = stopped or ("done" if status == 0 else "failed")
        self._record(state, status, "" if state != "failed" else _exit_reason(status))

    def _note(self, text: str, about: str = "", standing: str | None = None) -> None:
        """Tell it to who listens; `standing`: what people who look later find, where that is something else."""
        self.notes.append({"text": text, "about": about})
        if about not in (PAUSED, CONTINUED):
            self._standing = text
        with contextlib.suppress(OSError):  # no room on the disk: who listens hears it all the same
            self._journal.noted(self.order.attempt, text if standing is None else standing)

    def _record(self, state: str, exit_status: int | None, reason: str) -> None:
        duration = round(self._clock.worked(time.monotonic()), 6)
        self.end = {"state": state, "exit_status": exit_status, "reason": reason, "duration": duration}
        self._journal.ended(self.order.attempt, self.end)
        reach("end-noted")

    def _is_over(self) -> None:
        if self.end and self._tree.left:
            self._end_for_good(self.end, self._tree.left)
        self.gone = True
        self._sampling.end()
        if self.order.copy_cap and self.end:
            kept.keep(self.order.directory, self._began, self.order.copy_cap)
        if self.order.log_cap and self._tree.main:  # else the log may be another attempt's
            log_cap.cut(self._log, self.order.log_cap)
        for descriptor in self._claim:
            os.close(descriptor)
        self._claim = []

    def _end_for_good(self, end: dict[str, Any], left: leftovers.Leftovers) -> None:
        """The end as it is now that what the main process left behind has ended too."""
        state = self._stop_as if self._stop_as and self._tree.reached else end["state"]
        duration = round(self._clock.worked(time.monotonic()), 6)
        reason = end["reason"]
        if told := self._what_became_of(left, duration - end["duration"]):
            reason = f"{reason or leftovers.status_text(end['exit_status'])}; {told}"
        self.end = {**end, "state": state, "reason": reason, "duration": duration}
        with contextlib.suppress(OSError):  # no room: the main process's own end stands
            self._journal.ended(self.order.attempt, self.end)

    def _what_became_of(self, left: leftovers.Leftovers, seconds: float) -> str:
        """What the final record says of them; nothing of those that nobody has ended and that were gone in a moment."""
        if self._tree.why_ended is not None and self._tree.reached:
            return left.ended(self._tree.why_ended, "were")
        return left.went_on(seconds) if left.who and not self._stop_as else ""


def _exit_reason(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
