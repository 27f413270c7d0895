"""Attempts that somebody else's launcher runs: hear how they end, stop them when asked, notice when nobody can tell."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from scheduler.experiments import Policy
from scheduler.home import Home
from scheduler.launcher.channel import Channel
from scheduler.launcher.client import connect, stop_message
from scheduler.linux.wakeups import Wakeups
from scheduler.queue import evidence
from scheduler.queue.job import Attempt
from scheduler.runner import recovery
from scheduler.runner.forsaken import Forsaken
from scheduler.shortage import passing

Heard = Callable[[Attempt, recovery.Verdict, "float | None"], None]


class Visits:
    """Lines to launchers that are not ours. An attempt without a launcher is an orphan.

    `heard` is called once for each attempt, with its end; `noted` with what its launcher says about it before, and with what is
    seen of an orphan. `latest` reads what the store knows of an attempt.
    """

    def __init__(
        self,
        home: Home,
        wakeups: Wakeups,
        heard: Heard,
        noted: Callable[[Attempt, dict[str, Any]], None],
        latest: Callable[[Attempt], Attempt],
    ) -> None:
        self._home, self._wakeups, self._heard, self._noted, self._latest = home, wakeups, heard, noted, latest
        self._policies: dict[str, Policy] = {}
        self._forsaken: dict[str, Forsaken] = {}
        self._lines: dict[str, tuple[Attempt, Channel]] = {}
        self._orphans: dict[str, Attempt] = {}

    @property
    def any(self) -> bool:
        """Whether there is anything to look at."""
        return bool(self._lines or self._orphans)

    def attend(self, attempt: Attempt, policy: Policy) -> None:
        """Hear of this attempt's end, once, whether it lies ahead or has happened already. `policy`: of its job."""
        self._orphans[attempt.name], self._policies[attempt.name] = attempt, policy
        self._call(attempt)
        # It may have ended before we were listening.
        self._examine(attempt)

    def stop(self, attempt: Attempt, state: str, grace: float | None = None) -> None:
        if attempt.name in self._lines:
            _, channel = self._lines[attempt.name]
            channel.send(stop_message(attempt.name, state, grace))

    def look_again(self) -> None:
        """Examine all: of an orphan's end no event tells, and a launcher may have told of an end just before it heard that we
        listen."""
        for attempt in [*self._orphans.values(), *(attempt for attempt, _ in self._lines.values())]:
            self._examine(attempt)
            if attempt.name in self._orphans:
                self._call(attempt)  # where there was no descriptor for the line before

    def forget(self, attempt: Attempt) -> None:
        """Its end is known from elsewhere."""
        self._hang_up(attempt)
        for known in (self._orphans, self._policies, self._forsaken):
            known.pop(attempt.name, None)

    def close(self) -> None:
        for _, channel in self._lines.values():
            channel.close()

    def _call(self, attempt: Attempt) -> None:
        """Have a line to its launcher, if that is there."""
        with passing():
            channel = connect(self._home, attempt.launcher)
            if channel:
                del self._orphans[attempt.name]
                self._lines[attempt.name] = (attempt, channel)
                self._wakeups.watch(channel, lambda: self._hear(attempt, channel))

    def _hear(self, attempt: Attempt, channel: Channel) -> None:
        messages, there = channel.receive()
        mine = [message for message, _ in messages if message["attempt"] == attempt.name]
        for message in mine:
            if message["is"] == "note":
                self._noted(attempt, message)
        if not there:
            self._hang_up(attempt)
            self._orphans[attempt.name] = attempt
        if not there or any(message["is"] == "ended" for message in mine):
            self._examine(attempt)

    def _examine(self, attempt: Attempt) -> None:
        with passing():
            self._judge(attempt, evidence.look(self._home, attempt))

    def _judge(self, attempt: Attempt, seen: evidence.Evidence) -> None:
        found = recovery.verdict(attempt.name, seen)
        if isinstance(found, recovery.StillThere):
            if seen.launcher_gone:
                self._look_after(attempt)
            return
        self.forget(attempt)
        end = seen.record.ended.get(attempt.name) if seen.record else None
        self._heard(attempt, found, end["duration"] if end else None)

    def _look_after(self, attempt: Attempt) -> None:
        """Nobody else sees to what is left of it. The first look is at the next turn: that we wait for it is told before."""
        found = self._forsaken.get(attempt.name)
        if found is None:
            self._forsaken[attempt.name] = Forsaken(lambda: self._latest(attempt), self._policies[attempt.name])
            return
        if text := found.look(time.monotonic()):
            self._noted(attempt, {"attempt": attempt.name, "is": "note", "about": "", "text": text})

    def _hang_up(self, attempt: Attempt) -> None:
        line = self._lines.pop(attempt.name, None)
        if line:
            self._wakeups.forget(line[1])
            line[1].close()
