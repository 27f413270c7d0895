"""What attempts log, read in a thread of its own: however long a log is, the loop that starts and ends jobs does not wait for it.

An attempt is followed when it has run for a moment, woken by the kernel, at most once a second and for a fiftieth of that, and
together with others, on quarters of a second; what it has logged by then lies beside its logs (`tracking.left`). When it is over
its logs are read to their end, and what they say is written into the store. A log that cannot be read harms nobody: its attempt
stays as one that is to be read.
"""

from __future__ import annotations

import math
import os
import selectors
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from queue import SimpleQueue

from scheduler.failpoints import reach
from scheduler.home import Home
from scheduler.linux.wakeups import Wakeups
from scheduler.queue.database import Unwritable
from scheduler.queue.job import Attempt, Ending, Job
from scheduler.queue.kept import keep, unread
from scheduler.queue.store import Store
from scheduler.runner.attempts import End
from scheduler.runner.logs import follower_of, is_silent, read_out
from scheduler.runner.notices import StillReading
from scheduler.runner.reading_words import Followed, Known, Over, Word
from scheduler.shortage import Shortage, passing, start
from scheduler.tracking.left import Grown, Leaving, clear
from scheduler.tracking.logged import Logged
from scheduler.tracking.readers.follower import Follower

YOUNG = 0.3  # seconds: what is over by then is only read when it is
PACE = 1.0  # seconds between two looks at one attempt
BEAT = 0.25  # seconds: looks begin at multiples of it, so that jobs which log in their own time are looked at in one wake
SPELL = 0.02  # seconds that a look may take
SILENCE, TOLD_EVERY, SOON = 2.0, 10.0, 0.05  # seconds: of a wait for it, between two words about that, and until a first one
LINGER = 1.0  # seconds that what was read waits for more, to be written down together: a transaction costs more than a reading
AGAIN = 5.0  # seconds to the next try where there was no room to write
MOST_AWAKE = 32  # attempts that the kernel wakes us for: a user has 128 such watches in all; others are looked at each PACE
TOGETHER = 256  # attempts that are written down in one transaction
NOTHING_YET = Grown()
SILENT = Logged()  # of an attempt in whose directory there is nothing


class Reading:
    """Hears of attempts, and reads what they log. `fileno` is readable when it reads no more."""

    def __init__(
        self,
        home: Home,
        others: Callable[[Job], bool] = lambda job: False,
        others_grown: Callable[[Job], Grown | None] = lambda job: None,
    ) -> None:
        """`others`: whether somebody else reads, and keeps, what a job logs; `others_grown`: how much that is."""
        self._home, self._others, self._others_grown = home, others, others_grown
        self._words: SimpleQueue[Word] = SimpleQueue()
        self._started = self._hurries = False
        self._present: StillReading | None = None  # what is read now, and how far that is
        self._grown: dict[str, Grown] = {}  # of attempts that are followed, told by the thread
        self._wakes = -math.inf  # when the thread looks up by itself, on the monotonic clock

    def fileno(self) -> int:
        return self._done

    @property
    def is_busy(self) -> bool:
        """Whether there is something that it reads, or may read."""
        return self._started and self._thread.is_alive()

    def catch_up(self, store: Store) -> None:
        """Read what others have left unread."""
        for attempt in unread(store):
            self._say(Over(attempt, attempt.ending))

    def began(self, job: Job, attempt: Attempt) -> None:
        if not self._others(job):
            self._say(Followed(job, attempt, time.monotonic() + YOUNG))

    def ended(self, end: End, ending: Ending) -> None:
        """It is over, and its final record is written."""
        running = end.running
        if end.silent:
            self.forget(running.attempt)
        elif not self._others(running.job):
            self._say(Over(running.attempt, ending, running.job, end.duration))

    def forget(self, attempt: Attempt) -> None:
        """It never ran, or has logged nothing."""
        if self._started:
            self._say(attempt.name)

    def grown(self, job: Job, attempt: Attempt) -> Grown:
        """How much an attempt under way has logged, whoever reads it, as far as that is known."""
        return self._others_grown(job) or self._grown.get(attempt.name, NOTHING_YET)

    def wait(
        self,
        wakeups: Wakeups,
        is_enough: Callable[[], bool] = lambda: False,
        tell: Callable[[StillReading], None] = lambda notice: None,
        silence: float = SILENCE,
    ) -> None:
        """Nothing more comes: return when what is over is read and written down. Where it `is_enough` before, the rest is left to
        the next runner. `tell` hears of what takes longer than `silence`, in seconds, and then every TOLD_EVERY."""
        self._say(None)
        if self.is_busy:
            wakeups.watch(self, lambda: None)
        due = time.monotonic() + silence
        while self.is_busy and not is_enough():
            wakeups.wait(max(0.0, due - time.monotonic()))
            if self.is_busy and time.monotonic() >= due:
                present = self._present
                if present:
                    tell(present)
                due = time.monotonic() + (TOLD_EVERY if present else SOON)

    def leave(self) -> None:
        """At once. What is not written down yet is left for the next runner."""
        self._hurries = True
        self._say(None)
        if self._started:
            os.close(self._mouth)
            os.close(self._done)
            self._started = False

    def _say(self, word: Word) -> None:
        if word is not None and not self._started:
            self._start()
        self._words.put(word)
        # A thousand short jobs need not wake it two thousand times: it hears of them when it looks up, which is soon.
        if self._started and (word is None or self._wakes > time.monotonic() + YOUNG):
            with suppress(OSError):  # it has enough to hear, or has left
                os.write(self._mouth, b".")

    def _start(self) -> None:
        """Where there is no room for a thread or its descriptors now, the next word tries again, and nothing is lost."""
        ends: list[int] = []
        with suppress(Shortage), passing():
            ends += os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
            ends += os.pipe2(os.O_CLOEXEC)
            self._ears, self._mouth, self._done, self._at_the_end = ends
            self._thread = threading.Thread(target=self._run, name="reading", daemon=True)
            start(self._thread)
            self._started = True
        for end in ends if not self._started else ():
            os.close(end)

    # In the thread.

    def _run(self) -> None:
        # Whatever goes wrong, the jobs go on, and their logs are read by the next runner.
        with suppress(Exception), Store(self._home) as store, closing(selectors.DefaultSelector()) as selector:
            self._serve(Known(store, selector))
        os.close(self._ears)
        os.close(self._at_the_end)

    def _serve(self, state: Known) -> None:
        state.selector.register(self._ears, selectors.EVENT_READ)
        try:
            while not self._hurries:
                self._hear(state)
                self._look(state)
                if state.over:
                    self._read_one(state)
                if state.read and self._is_time_to_write(state):
                    self._write(state)
                if state.is_closing and not state.over:
                    break
                self._sleep(state)
        finally:  # also where the store fails us: in a notebook this process lives on
            for each in state.followed.values():
                self._unfollow(state, each)

    def _hear(self, state: Known) -> None:
        with suppress(BlockingIOError):
            os.read(self._ears, 1 << 12)
        while not self._words.empty():
            word = self._words.get()
            if isinstance(word, Followed):
                state.followed[word.attempt.name] = word
            elif isinstance(word, Over):
                state.over.append(word)
                if each := state.followed.get(word.attempt.name):
                    each.wake = math.inf  # it is read to its end instead
            elif word is None:
                state.is_closing = True
            elif each := state.followed.pop(word, None):
                self._unfollow(state, each)

    def _sleep(self, state: Known) -> None:
        """Until something is heard. An attempt that has logged is looked at when its pace allows it, and not heard before; nor is
        one that logged at its last look, and so will have logged at the next."""
        wakes = [each.wake for each in state.followed.values()]
        wakes += [max(state.write_at, state.retry_at)] if state.read else []
        self._wakes = -math.inf if state.over else min(wakes, default=math.inf)
        wait = max(0.0, self._wakes - time.monotonic()) if self._words.empty() else 0.0
        heard = state.selector.select(None if wait == math.inf else wait)
        self._wakes = -math.inf
        for key, _ in heard:
            each = key.data
            if each:
                state.selector.unregister(each.follower)
                each.wake = min(each.wake, _beat(each.looked + PACE))

    def _look(self, state: Known) -> None:
        now = time.monotonic()
        for each in [each for each in state.followed.values() if each.wake <= now]:
            if self._hurries or not self._words.empty():
                break
            try:
                self._look_at(state, each)
            except Exception:  # noqa: BLE001 (one log must not stop the reading of others; it is read once more at its end)
                self._unfollow(state, each)
                each.wake = math.inf

    def _look_at(self, state: Known, each: Followed) -> None:
        each.looked = time.monotonic()
        if each.follower is None or each.leaving is None:
            each.is_awake = sum(other.is_awake for other in state.followed.values()) < MOST_AWAKE
            each.follower = follower_of(state.store, each.job, each.attempt, awake=each.is_awake)
            each.leaving = Leaving(Path(each.attempt.directory), each.follower)
        rows = each.follower.read()
        while each.follower.is_behind and time.monotonic() < each.looked + SPELL:
            rows += each.follower.read()
        each.leaving.look(rows)
        self._grown[each.attempt.name] = each.leaving.grown
        waits = [wait for wait in (each.follower.patience(), each.leaving.patience(), PACE if rows else None) if wait is not None]
        each.wake = _beat(each.looked + max(PACE, min(waits, default=math.inf)))
        with suppress(KeyError):  # it is watched already
            if each.is_awake and not rows:
                state.selector.register(each.follower, selectors.EVENT_READ, each)

    def _unfollow(self, state: Known, each: Followed) -> None:
        if each.follower:
            with suppress(KeyError, ValueError):
                if each.is_awake:
                    state.selector.unregister(each.follower)
            each.follower.close()
            each.follower, each.is_awake = None, False
        self._grown.pop(each.attempt.name, None)

    def _read_one(self, state: Known) -> None:
        over = state.over.pop(0)
        state.write_at = state.write_at if state.read else time.monotonic() + LINGER
        each = state.followed.pop(over.attempt.name, None)
        with suppress(Exception):  # a log that cannot be read: the next runner tries again
            if is_silent(over.attempt, over.duration):
                state.read.append((over.attempt, SILENT, None))
            else:
                self._read_out(state, over, each.follower if each else None)
        if each:
            self._unfollow(state, each)

    def _read_out(self, state: Known, over: Over, follower: Follower | None) -> None:
        job = over.job or state.store.job(over.attempt.job)
        follower = follower or follower_of(state.store, job, over.attempt, awake=False)
        if read_out(follower, over.ending, lambda: self._is_hurried(over.attempt, follower)):
            state.read.append((over.attempt, follower.logged(), follower.objective))

    def _is_hurried(self, attempt: Attempt, follower: Follower) -> bool:
        """Whether the rest is to be left; notes how far it is."""
        self._present = StillReading(attempt, follower.share)
        return self._hurries

    def _is_time_to_write(self, state: Known) -> bool:
        if state.is_closing and not state.over:
            return True
        are_enough = len(state.read) >= TOGETHER
        return time.monotonic() >= (state.retry_at if are_enough else max(state.write_at, state.retry_at))

    def _write(self, state: Known) -> None:
        reach("logs-read")
        try:
            with state.store.change() as change:
                for attempt, found, objective in state.read:
                    keep(change, attempt, found, objective)
        except Unwritable:
            state.retry_at = time.monotonic() + AGAIN
            return
        for attempt, found, _ in state.read:
            if found is not SILENT:
                clear(Path(attempt.directory))
        state.read.clear()


def _beat(moment: float) -> float:
    """The first beat that is not before this moment, both on the monotonic clock; infinity stays."""
    return math.ceil(moment / BEAT) * BEAT if moment < math.inf else moment
