"""The door to readings. NVML lives in a process of its own: when the driver hangs, a line is missing and the GPUs
are unknown, and nothing else happens; a driver upgrade is cured by a restart; and nobody who starts jobs has the
library loaded."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import time
from collections.abc import Callable
from types import TracebackType

from scheduler.gpus.driver import surely_no_driver
from scheduler.gpus.reading import Reading, no_driver, unknown
from scheduler.gpus.sampler_process import INTERVAL
from scheduler.gpus.silence import Silence, unanswered
from scheduler.linux import isolated
from scheduler.shortage import is_short, words
from scheduler.terminal import say

SILENCE = 5.0
# Without its persistence daemon, the driver initialises every GPU anew, seconds for each.
SLOW_START = 60.0
LONGEST_PAUSE = 60.0
LEAST_PAUSE = 0.05
TICK = 1.0


class Sampler:
    """Readings from a sampler process that is restarted, with growing pauses (1, 2, 4 ... 60 s), when it dies or
    falls silent.

    `fileno()` stays the same over restarts and is readable when `read()` has something new to say. Call `read()`
    then, and at least once per second while readings are wanted: it also does the restarting.
    """

    def __init__(
        self, silence: float = SILENCE, slow_start: float = SLOW_START, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._silence, self._slow_start, self._clock = silence, slow_start, clock
        self._epoll = select.epoll()
        self._child: _Child | None = None
        self._latest: Reading | None = None
        self._heard_at = 0.0
        self._failures = self._refusals = 0
        self._hindrance = ""
        self._retry_at: float | None = None
        self._interval = INTERVAL
        self._asked_at = float("-inf")

    def start(self) -> None:
        """Start sampling, if that was not done. A machine that has no driver for sure is known at once, without a process."""
        if surely_no_driver():
            self._latest = no_driver(self._clock())
        elif self._child is None:
            self._spawn()

    def fileno(self) -> int:
        """A descriptor for `selectors`: readable when a line, or the end of the sampler process, has come."""
        return self._epoll.fileno()

    def ask(self) -> None:
        """Ask for a reading now rather than at the next second, for instance because a claim has just ended. Calls that
        follow one another within 50 ms count as one."""
        now = self._clock()
        if self._child and now - self._asked_at >= LEAST_PAUSE:
            self._asked_at = now
            self._child.ask()

    def every(self, seconds: float) -> None:
        """From now on take a reading every so many seconds (1 at first), the next at once."""
        if seconds != self._interval:
            self._interval = seconds
            if self._child:
                self._child.ask(seconds)

    def read(self) -> Reading | None:
        """The latest reading, without blocking. None before the first; an unknown one while the driver does not
        answer."""
        now = self._clock()
        if self._child:
            self._listen(self._child, now)
        elif self._retry_at is not None and now >= self._retry_at:
            self._spawn()
        return self._latest

    def rest(self, seconds: float) -> None:
        """Sleep until there is something to read, at most `seconds`."""
        self._epoll.poll(seconds)

    @property
    def starting(self) -> bool:
        """Whether the first reading may still come from the first process: a driver can take many seconds to initialise."""
        return self._failures == 0 and self._child is not None and not self._child.spoke

    @property
    def silent_for(self) -> float:
        """Seconds since the first process asked the driver, while that has not said its first word; else 0. The time that our
        own process takes to start is not the driver's."""
        asked_at = self._child.asked_at if self._child and self.starting else None
        return 0.0 if asked_at is None else self._clock() - asked_at

    @property
    def hindrance(self) -> str:
        """Why there is no sampler process now, where the machine has no room for one; it is tried again. Empty otherwise."""
        return self._hindrance

    def close(self) -> None:
        """End the sampler process. A second call does nothing."""
        if self._child:
            self._child.close()
        self._child, self._retry_at = None, None
        self._epoll.close()

    def __enter__(self) -> Sampler:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _spawn(self) -> None:
        self._retry_at, self._heard_at = None, self._clock()
        try:
            self._child = _Child()
        except OSError as error:
            if not is_short(error):
                raise
            self._hinder(f"the process that reads the GPUs cannot be started: {words(error)}")
            return
        self._hindrance, self._refusals = "", 0
        self._epoll.register(self._child.output, select.EPOLLIN)
        if self._interval != INTERVAL:
            self._child.ask(self._interval)

    def _hinder(self, why: str) -> None:
        self._hindrance = why
        self._latest = unknown(why, self._heard_at)
        self._retry_at = self._heard_at + min(2.0**self._refusals, LONGEST_PAUSE)
        self._refusals += 1

    def _listen(self, child: _Child, now: float) -> None:
        heard, silence = child.latest(), self._silence + self._interval - INTERVAL
        if child.began and child.asked_at is None:
            child.asked_at = now
        if heard:
            self._latest, self._heard_at = heard, now
            self._failures = self._failures if heard.problem else 0
        if child.ended:
            self._part(child, now, "the process that reads the GPUs ended without a word")
        elif now - self._heard_at > (silence if child.spoke else self._slow_start):
            self._latest = None
            self._part(child, now, unanswered(now - self._heard_at))
        elif now - self._heard_at > silence:
            self._latest = unknown(unanswered(now - self._heard_at), now)

    def _part(self, child: _Child, now: float, why: str) -> None:
        """Leave a process that has ended or must; keep what it said last if that explains it."""
        self._epoll.unregister(child.output)
        child.close()
        self._child = None
        if self._latest and not self._latest.available:
            return
        if not (self._latest and self._latest.problem):
            self._latest = unknown(why, now)
        self._retry_at = now + min(2.0**self._failures, LONGEST_PAUSE)
        self._failures += 1


class _Child:
    """One sampler process and the pipes to it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            isolated.command("scheduler.gpus.sampler_process", "main()", packages=True),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            bufsize=0,
            start_new_session=True,  # Ctrl-C at the terminal is for the runner
        )
        assert self._process.stdin
        assert self._process.stdout
        self.output = self._process.stdout.fileno()
        self._input = self._process.stdin.fileno()
        os.set_blocking(self.output, False)
        os.set_blocking(self._input, False)
        self._rest = b""
        self.began = self.spoke = self.ended = False
        self.asked_at: float | None = None

    def ask(self, interval: float | None = None) -> None:
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            os.write(self._input, b"\n" if interval is None else f"{interval:g}\n".encode())

    def latest(self) -> Reading | None:
        """The last complete line that has come since, as a reading; None if there is none. Notes the end of the
        process."""
        *lines, self._rest = (self._rest + self._received()).split(b"\n")
        self.began = self.began or bool(lines)
        for line in reversed(lines):
            with contextlib.suppress(ValueError):
                reading = Reading.from_json(line)
                self.spoke = True
                return reading
        return None

    def _received(self) -> bytes:
        chunks = []
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self.output, 1 << 16):
                chunks.append(chunk)
            self.ended = True
        return b"".join(chunks)

    def close(self) -> None:
        """Kill the process and reap it, unless the driver holds it in an uninterruptible call: then leave it to the
        kernel."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=0.5)


def first_reading(sampler: Sampler) -> Reading:
    """The sampler's first word; a driver that stays silent is a reading too, after the sampler's own limit. After 2 s people are
    told what we wait for."""
    silence = Silence(say)
    while (reading := sampler.read()) is None:
        silence.lasts(sampler.silent_for)
        sampler.rest(TICK)
    return reading


def read_once(timeout: float = SLOW_START) -> Reading:
    """One reading, for callers without a loop; an unknown one if there is none within `timeout` seconds. Takes
    0.1-0.3 s with a driver (a process start), under 1 ms on a machine without."""
    with Sampler(silence=timeout, slow_start=timeout) as sampler:
        return first_reading(sampler)
