"""A command, what it leaves behind when it ends, and the end of either: what a launcher and `exec` do alike.

Everything below this process belongs to that one command. It is a child subreaper, so ECHILD means that nothing is left, wherever
some of it has escaped to. A launcher imports this, so it imports little.
"""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable

from scheduler.launcher import log_cap
from scheduler.launcher.leftovers import KILL, Care, Leftovers
from scheduler.linux import ladder, processes, standstill
from scheduler.linux.standstill import Find, Standstill
from scheduler.shortage import is_short, passing


def find_all() -> list[processes.Process]:
    """All below this process."""
    return processes.descendants(os.getpid())


class Tree:
    """Nothing here blocks: `reap` and then `tick` are called in every turn of a loop, at the latest when something is `due`.

    `status`: the main process's once it is over, negative for a signal. `left`: the others of the tree, as soon as they are found
    to live on then; `why_ended`: why they are being ended, None: they are not. `reached`: some process got a signal from us.
    `gone`: nothing is left.
    """

    def __init__(
        self,
        care: Care,
        say: Callable[[str], None],
        *,
        ended: Callable[[int], None] = lambda status: None,
        introduce: Callable[[Leftovers, int], str] = Leftovers.introduced,
        log: str = "",
        rests: Callable[[], None] = lambda: None,
        find: Find = find_all,
    ) -> None:
        """`say` hears what a person should know; `ended` the main process's status, while its pid is still its own. `introduce`
        words that something was left behind, `log` is the path of the tree's output. `rests` is called when a pause has brought
        all of it to a standstill. `find` finds its processes."""
        self.main: int | None = None  # the process id of the command
        self.status: int | None = None
        self.left: Leftovers | None = None
        self.why_ended: str | None = None
        self.reached = self.gone = False
        self._care, self._say, self._ended, self._introduce, self._log = care, say, ended, introduce, log
        self._rests, self._all = rests, find
        self._ladder = ladder.NOT_BEGUN
        self._standstill: Standstill | None = None  # it is paused, or is being brought to that
        self._stop_at = self._continue_at = math.inf

    @property
    def due(self) -> float:
        """When `tick` has something to do next, on the monotonic clock; infinity: never."""
        if self.is_paused:
            return self._stop_at
        return min(self._continue_at, self._ladder.due, self.left.due if self.left else math.inf)

    @property
    def is_paused(self) -> bool:
        """Whether it stands still, or is being brought to that."""
        return self._standstill is not None

    @property
    def can_go_on(self) -> bool:
        """Whether any process of it can; False where none can be seen."""
        with passing():
            return any(process.can_go_on for process in self._all())
        return False

    @property
    def is_ending(self) -> bool:
        """Whether signals are being sent to end it."""
        return bool(self._ladder.rungs)

    def reap(self) -> None:
        """Collect every child that has ended."""
        while not self.gone:
            try:
                info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                self.gone = True
                return
            if info is None:
                if self.status is not None and not self.left:
                    self._begin_to_watch()
                return
            if info.si_pid == self.main:
                self.status = info.si_status if info.si_code == os.CLD_EXITED else -info.si_status
                self._ended(self.status)
            os.waitpid(info.si_pid, 0)
            if self._standstill:
                self._standstill.disturb()
                self._stop_at = min(self._stop_at, time.monotonic())

    def tick(self, now: float) -> None:
        """Do what is due: a look at what was left behind, the next rung of the ladder, the next SIGSTOP of a pause."""
        if self._standstill:
            if self._stop_at <= now and not self.gone:
                self._come_to_rest(self._standstill, now)
            return
        if self._continue_at <= now and not self.gone:
            self._let_go_on(now)
        if self.left and self.left.due <= now and not self.gone:
            self._look_at(self.left, now)
        while self._ladder.due <= now and not self.gone:
            self._climb(now)

    def pause(self, now: float) -> None:
        """Bring all of it to a standstill with the next ticks. Not for what is being ended."""
        self._standstill, self._stop_at = Standstill(self._all), now

    def go_on(self, now: float) -> None:
        """Let all of it go on, after the signals of an end that are due. What was left behind counts as if it had just worked."""
        self._standstill, self._stop_at = None, math.inf
        while self._ladder.due <= now and not self.gone:
            self._climb(now)
        self._let_go_on(now)
        if self.left:
            self.left.rested(now)

    def _let_go_on(self, now: float) -> None:
        try:
            standstill.go_on(self._all)
            self._continue_at = math.inf
        except OSError as error:
            if not is_short(error):
                raise
            self._continue_at = now + ladder.KILL_EVERY

    def _come_to_rest(self, still: Standstill, now: float) -> None:
        try:
            still.look()
        except OSError as error:
            if not is_short(error):
                raise
            self._stop_at = now + ladder.KILL_EVERY
            return
        self.reap()  # an end during the look disturbs: the look may have missed a child of who has ended
        self._stop_at = math.inf if still.reached else now + standstill.SOON
        if still.reached:
            self._rests()

    def interrupt(self, now: float, grace: float) -> str:
        """End the command and all that is there, from SIGINT on, with the next `tick`. Returns what is to be said of it."""
        self._ladder = ladder.from_sigint(now, grace)
        return ladder.announced(grace)

    def hurry(self, now: float, grace: float) -> None:
        """Another grace from now on, for what is being ended."""
        self._ladder = self._ladder.hurried(now, grace)

    def end_leftovers(self, why: str, now: float, grace: float) -> None:
        """SIGTERM with the next `tick` and SIGKILL after the grace for all that was left behind; said wherever somebody may look.
        Another time SIGTERM alone, for the first grace counts."""
        assert self.left
        if self.why_ended is not None:
            self._ladder = self._ladder.asked_again(now)
            return
        self.left.identify()
        self.why_ended, self._ladder = why, ladder.from_sigterm(now, grace)
        text = f"{self.left.ended(why, 'are')} (SIGTERM now, SIGKILL after {round(grace, 3):g} s)"
        self._say(text)
        if self._log:
            log_cap.say(self._log, text)

    def _begin_to_watch(self) -> None:
        """The main process has ended and others of its tree live."""
        now = time.monotonic()
        self.left = Leftovers(self._care, now, self._log)
        if self._care.leftovers == KILL and not self.is_ending:
            self.end_leftovers("", now, self._care.grace)

    def _look_at(self, left: Leftovers, now: float) -> None:
        first, idle = not left.who, left.look(now)
        if self.why_ended is not None:
            return
        if idle and (not self.is_ending or self._ladder.is_polite):
            self.end_leftovers(f"sat idle for {self._care.idle:g} s and ", now, self._care.grace)
        elif first and left.who and not self.is_ending and self.status is not None:
            self._say(self._introduce(left, self.status))

    def _climb(self, now: float) -> None:
        """Send the next signal; later, where the machine lacks what that takes."""
        number = self._ladder.number
        try:
            self.reached = ladder.send(number, self.main) or self.reached
        except OSError as error:
            if not is_short(error):
                raise
            self._ladder = self._ladder.postponed(now)
            return
        self._ladder = self._ladder.sent(now)
        if number == signal.SIGTERM and self.status is None:
            follows = round(self._ladder.due - now, 1)
            self._say(f"it has not ended by then: SIGTERM is sent, SIGKILL follows in {follows:g} s")
