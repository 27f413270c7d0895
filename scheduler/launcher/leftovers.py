"""What the script of a job leaves behind when it ends: whether that still works, how it is named, and what is said of it.

Pure but for `names` and `seen`, which read /proc. A launcher imports this, so it imports little.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from scheduler.linux import processes
from scheduler.shortage import passing
from scheduler.values import dataclass

WORK, WAIT, KILL = "work", "wait", "kill"
IDLE = 30.0  # seconds without work, after which policy `work` ends what is left
NAMED_AFTER = 5.0  # seconds: what a library leaves to its own end is gone sooner, and nobody's concern
LOOKS = 6  # within the seconds of idleness: one each 5 s
# Less is what something does that only waits: an event loop that turns, a thread that looks at the time.
CPU_SHARE = 0.01  # of one core
READ_RATE = 16_384  # bytes per second
MOST_NAMED, LONGEST_NAME = 3, 40

Key = tuple[int, int]  # pid and birth
Find = Callable[[], "list[processes.Process]"]


@dataclass(frozen=True)
class Care:
    """What becomes of processes that a command leaves behind, in the words of `Policy`; they have `grace` seconds from SIGTERM
    to SIGKILL, and with `work` may sit idle for `idle` seconds."""

    leftovers: str = WORK
    grace: float = 10.0
    idle: float = IDLE


@dataclass(frozen=True)
class Usage:
    """What a process, with the children that it has reaped, has done since it began: seconds of CPU time, bytes read and
    written by read(2), write(2) and the like, to whatever it be."""

    cpu: float = 0.0
    read: int = 0
    written: int = 0


@dataclass(frozen=True)
class Seen:
    """One look: what each process has done so far, and the bytes in the log."""

    usages: Mapping[Key, Usage]
    log: int = 0


def works(before: Seen, now: Seen, seconds: float) -> bool:
    """Whether there was work between two looks that are `seconds` apart: more than CPU_SHARE of a core, more than READ_RATE,
    or any output. A process that is new counts with all that it has done."""
    pairs = [(before.usages.get(key, Usage()), usage) for key, usage in now.usages.items()]
    cpu = sum(max(0.0, after.cpu - then.cpu) for then, after in pairs)
    read = sum(max(0, after.read - then.read) for then, after in pairs)
    written = any(after.written > then.written for then, after in pairs) or now.log > before.log
    return written or cpu > CPU_SHARE * seconds or read > READ_RATE * seconds


class Watch:
    """Since when have they only sat there? Looks are taken every `every` seconds; times are monotonic."""

    def __init__(self, patience: float, began: float) -> None:
        self.patience, self.every = patience, patience / LOOKS
        self.next_look = began + min(NAMED_AFTER, self.every)
        self._worked = began
        self._last: tuple[float, Seen] | None = None

    def look(self, now: float, seen: Seen | None) -> bool:
        """Take one look in; True when they have been idle for `patience` seconds. None: nothing could be seen, and who is not
        seen may work."""
        if not seen or (self._last and works(self._last[1], seen, now - self._last[0])):
            self._worked = now
        self._last = (now, seen) if seen else None
        self.next_look = now + self.every
        return now - self._worked >= self.patience


def seen(left: Iterable[processes.Process], log: int = 0) -> Seen:
    """Look at these processes now."""
    return Seen({(each.pid, each.birth): Usage(*processes.usage(each.pid)) for each in left}, log)


def names(left: Sequence[processes.Process], parent: int) -> str:
    """Those that `parent` has inherited, for people: `python train.py (pid 12), sh (pid 13)`. Their own children are theirs."""
    inherited = [each for each in left if each.parent == parent] or list(left)
    shown = ", ".join(f"{_name(processes.command_line(each.pid))} (pid {each.pid})" for each in inherited[:MOST_NAMED])
    more = len(inherited) - MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def _name(words: Sequence[str]) -> str:
    name = " ".join(processes.told(words))
    return "".join(letter if letter.isprintable() else "?" for letter in name)[:LONGEST_NAME] or "a process"


def counted(left: Sequence[processes.Process], parent: int) -> str:
    """`1 process` or `3 processes`, counted as `names` names them."""
    count = sum(each.parent == parent for each in left) or len(left)
    return f"{count} process{'es' * (count != 1)}"


def status_text(status: int) -> str:
    """How a process ended, for people."""
    return f"exit status {status}" if status >= 0 else f"signal {-status}"


class Leftovers:
    """The processes that are below this one although the main process has ended at `began`. `log`: where their output goes.

    `due` is when the next `look` is; `who` and `count` are as of the last one, and empty before.
    """

    def __init__(self, care: Care, began: float, log: str = "", find: Find | None = None) -> None:
        """`find` finds them where they are not below this process."""
        self._policy, self._log = care.leftovers, log
        self._find = find or (lambda: processes.descendants(os.getpid()))
        self._watch = Watch(care.idle, began)
        self.due = self._watch.next_look
        self.who = self.count = ""

    def identify(self) -> list[processes.Process]:
        """Learn who they are now, if they can be seen."""
        found: list[processes.Process] = []
        with passing():
            found = self._find()
        if found:  # else the last one has just gone, and is still the one that was there
            self.who, self.count = names(found, os.getpid()), counted(found, os.getpid())
        return found

    def look(self, now: float) -> bool:
        """Look at them; whether policy `work` ends them now because they have only sat there."""
        found = self.identify()
        moving = any(each.can_go_on for each in found)  # who was stopped is not idle
        idle = self._watch.look(now, seen(found, _size(self._log)) if moving else None)
        self.due = self._watch.next_look if self._policy == WORK else math.inf
        return idle and self._policy == WORK

    def rested(self, now: float) -> None:
        """They have been stopped until now: that was no idleness."""
        self._watch.look(now, None)
        self.due = self._watch.next_look if self._policy == WORK or not self.who else math.inf

    def introduced(self, status: int | None, what: str = "script", then: str = "the job goes on") -> str:
        """That they are there, and what becomes of the job. A `status` of None: nobody knows how the script has ended."""
        until = "as long as {} work{}" if self._policy == WORK else "until {} end{}"
        until = until.format("it", "s") if self.count.startswith("1 ") else until.format("they", "")
        ended = f"the {what} has ended" + ("" if status is None else f" ({status_text(status)})")
        return f"{ended} and left {self.count} behind: {self.who}; {then} {until}"

    def went_on(self, seconds: float) -> str:
        """That they went on by themselves for so long, and ended by themselves."""
        return f"{self.count} left behind went on for {seconds:.1f} s: {self.who}"

    def ended(self, why: str, verb: str) -> str:
        """That somebody ends them. `why` follows what they are; `verb`: `are`, `were`."""
        verb = {"are": "is", "were": "was"}[verb] if self.count.startswith("1 ") else verb
        return f"{self.count or 'what was'} left behind {why}{verb} ended: {self.who}"


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size if path else 0  # noqa: PTH116
    except OSError:
        return 0
