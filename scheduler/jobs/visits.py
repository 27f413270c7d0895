"""Attempts that somebody else's launcher runs: hear how they end, stop them when asked, notice when nobody can tell."""

from __future__ import annotations

from collections.abc import Callable

from scheduler.jobs import recovery
from scheduler.jobs.channel import Channel
from scheduler.jobs.home import Home
from scheduler.jobs.slots import connect
from scheduler.jobs.values import Attempt
from scheduler.jobs.wakeups import Wakeups

Heard = Callable[[Attempt, recovery.Verdict, "float | None"], None]


class Visits:
    """Lines to launchers that are not ours. An attempt without a launcher is an orphan, looked at on every tick."""

    def __init__(self, home: Home, wakeups: Wakeups, heard: Heard) -> None:
        self._home, self._wakeups, self._heard = home, wakeups, heard
        self._lines: dict[str, tuple[Attempt, Channel]] = {}
        self.orphans: dict[str, Attempt] = {}

    def attend(self, attempt: Attempt) -> None:
        """Hear of this attempt's end, once, whether it lies ahead or has happened already."""
        channel = connect(self._home, attempt.launcher)
        if channel:
            self._lines[attempt.name] = (attempt, channel)
            self._wakeups.watch(channel, lambda: self._hear(attempt, channel))
        else:
            self.orphans[attempt.name] = attempt
        # It may have ended before we were listening.
        self._examine(attempt)

    def stop(self, attempt: Attempt, state: str) -> None:
        if attempt.name in self._lines:
            _, channel = self._lines[attempt.name]
            channel.send({"do": "stop", "attempt": attempt.name, "state": state})

    def look_again(self) -> None:
        """Examine the orphans: no event tells of their end."""
        for attempt in list(self.orphans.values()):
            self._examine(attempt)

    def close(self) -> None:
        for _, channel in self._lines.values():
            channel.close()

    def _hear(self, attempt: Attempt, channel: Channel) -> None:
        messages, there = channel.receive()
        mine = [message for message, _ in messages if message["attempt"] == attempt.name and message["is"] == "ended"]
        if not there:
            self._hang_up(attempt)
            self.orphans[attempt.name] = attempt
        if mine or not there:
            self._examine(attempt)

    def _examine(self, attempt: Attempt) -> None:
        seen = recovery.look(self._home, attempt)
        found = recovery.verdict(attempt.name, seen)
        if isinstance(found, recovery.StillThere):
            return
        self._hang_up(attempt)
        self.orphans.pop(attempt.name, None)
        end = seen.record.ended.get(attempt.name) if seen.record else None
        self._heard(attempt, found, end["duration"] if end else None)

    def _hang_up(self, attempt: Attempt) -> None:
        line = self._lines.pop(attempt.name, None)
        if line:
            self._wakeups.forget(line[1])
            line[1].close()
