"""The lines to hosts, kept in one thread: called, listened to, and called again where one has broken."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from scheduler.errors import StateError
from scheduler.ssh.line import Line
from scheduler.ssh.orders import Host
from scheduler.ssh.wire import Frame

PING = 15.0  # seconds; the other side leaves when it hears nothing for much longer
FAREWELL = 3.0  # seconds for the other end to leave
HELLO_WITHIN = 60.0  # seconds from a call to the first word: a login shell or a home folder there may hang
LOOK_AGAIN = 30.0  # seconds to the next call of a host whose code is another: somebody may have pulled there
LONGEST = 30.0  # seconds between two calls of a host that does not answer


class Listener(Protocol):
    """Who hears of it."""

    def hello(self) -> dict[str, Any]:
        """What is said first over each line."""

    def heard(self, host: Host, one: Frame) -> None:
        """A message has come. ValueError, KeyError or OSError where it cannot be taken: then the line is given up."""

    def away(self, host: Host) -> None:
        """Its line has broken, or none was to be had: `host.why`."""


class Lines:
    """All hosts by their names, with their lines."""

    def __init__(self, listener: Listener) -> None:
        self.hosts: dict[str, Host] = {}
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._ping_at = 0.0

    def host(self, name: str) -> Host:
        """What is known of it. Also of another thread: whoever goes through `hosts` meanwhile sees those of before."""
        if name not in self.hosts:
            self.hosts = {**self.hosts, name: Host(name)}
        return self.hosts[name]

    def watch(self, descriptor: int, act: Callable[[], object]) -> None:
        """Call `act` whenever it is readable."""
        self._selector.register(descriptor, selectors.EVENT_READ, act)

    def wait(self) -> None:
        """Sleep until something has come, or a host is due to be called or to have answered, and act on it."""
        called = [each for each in self.hosts.values() if not each.up and not each.errand]
        due = [each.due if each.line is None else each.answer_by for each in called]
        due += [each.due for each in self.hosts.values() if each.starts_nothing]
        for key, _ in self._selector.select(max(0.0, min([self._ping_at, *due]) - time.monotonic())):
            key.data()

    def keep(self) -> None:
        """Call who is due, also whose code was another, give up who says nothing, and let all others know that we are here."""
        now = time.monotonic()
        for host in [each for each in self.hosts.values() if each.line and not each.up and each.answer_by <= now]:
            self._give_up(host, f"it does not say hello within {HELLO_WITHIN:g} s")
        for host in [each for each in self.hosts.values() if each.starts_nothing and each.due <= now]:
            self._hang_up(host)
        for host in [each for each in self.hosts.values() if each.line is None and not each.errand and each.due <= now]:
            self.call(host)
        if self._ping_at <= now:
            self._ping_at = now + PING
            for host in self.hosts.values():
                self.say(host, {"do": "ping"})

    def call(self, host: Host) -> None:
        """Have a line to it, as soon as it answers."""
        if host.line is not None:
            return
        try:
            line = host.line = Line(host.name)
        except (OSError, StateError) as error:
            self._give_up(host, str(error))
            return
        host.answer_by = time.monotonic() + HELLO_WITHIN
        line.send(self._listener.hello())
        self._selector.register(line.incoming, selectors.EVENT_READ, partial(self._hear, host, line))
        self._selector.register(line.errors, selectors.EVENT_READ, partial(self._hear_errors, line))
        self._send_rest(line)

    def answered(self, host: Host) -> None:
        """It has said what it offers; whose code is another is called again after a while, and compares it anew."""
        host.due = time.monotonic() + LOOK_AGAIN

    def say(self, host: Host, message: dict[str, Any]) -> None:
        """Send it, where there is a line; else whoever has it to say says it again when there is one."""
        if host.line and host.up:
            host.line.send(message)
            self._send_rest(host.line)

    def close(self) -> None:
        """All of them, once the other ends have read what was sent."""
        for host in self.hosts.values():
            if host.line:
                host.line.say_good_bye()
        for host in self.hosts.values():
            self._hang_up(host, FAREWELL if host.up else 0.0)
        self._selector.close()

    def _send_rest(self, line: Line) -> None:
        if line.wants_to_send and line.outgoing not in self._selector.get_map():
            self._selector.register(line.outgoing, selectors.EVENT_WRITE, partial(self._flush, line))

    def _flush(self, line: Line) -> None:
        if line.is_closed:  # in this turn
            return
        line.flush()
        if not line.wants_to_send:
            self._selector.unregister(line.outgoing)

    def _hear_errors(self, line: Line) -> None:
        if not line.is_closed and not line.listen():
            self._selector.unregister(line.errors)

    def _hear(self, host: Host, line: Line) -> None:
        if host.line is not line:  # it was hung up in this turn
            return
        try:
            frames, there = line.receive()
            for each in frames:
                self._listener.heard(host, each)
        except (
            ValueError,
            KeyError,
            OSError,
        ) as error:  # none of ours; or no room for what it brings, which comes again
            if host.line is line:
                self._give_up(host, f"what it sends cannot be taken: {error}")
            return
        if not there and host.line is line:
            self._give_up(host, host.why if host.refused else line.last_words())

    def _give_up(self, host: Host, why: str) -> None:
        """Another try follows, after a while."""
        host.was_up = host.up
        self._hang_up(host)
        host.tries += 1
        host.due = time.monotonic() + min(LONGEST, 2.0 ** min(host.tries, 10))
        host.news = host.was_up or why != host.why
        host.why = why
        self._listener.away(host)

    def _hang_up(self, host: Host, patience: float = 0.0) -> None:
        if host.line is not None:
            self.part_with(host).close(patience)

    def part_with(self, host: Host) -> Line:
        """Its line, which there must be: whoever gets it has to close it."""
        line = host.line
        assert line
        for each in (line.incoming, line.errors, line.outgoing):
            with suppress(KeyError, ValueError):
                self._selector.unregister(each)
        host.line, host.up = None, False
        return line
