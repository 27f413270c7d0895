"""What a runner sleeps on: launchers' sockets, signals, GPU events. Kernel events only; a tick where none exists."""

from __future__ import annotations

import contextlib
import math
import selectors
import signal
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Wakeups:
    """A selector whose entries carry what to do, and the signals of the terminal as one of them.

    Signals are heard in the main thread alone, as Python has it; in another, `interrupt` stands for them.
    """

    def __init__(self, on_signal: Callable[[int], None]) -> None:
        self._on_signal = on_signal
        self._selector = selectors.DefaultSelector()
        self._signals, self._writer = socket.socketpair()
        self._old: dict[int, Any] = {}

    def __enter__(self) -> Wakeups:
        for end in (self._signals, self._writer):
            end.setblocking(False)
        if threading.current_thread() is threading.main_thread():
            self._take_signals()
        self.watch(self._signals, self._hear_signals)
        return self

    def _take_signals(self) -> None:
        self._old_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        # A shell's `nohup` or `&` has set some to be ignored: that wish stays.
        self._old = {number: signal.getsignal(number) for number in HEARD}
        for number, old in self._old.items():
            if old is not signal.SIG_IGN:
                signal.signal(number, lambda *_: None)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, old in self._old.items():
            signal.signal(number, old)
        if self._old:
            signal.set_wakeup_fd(self._old_fd)
        self._selector.close()
        self._signals.close()
        self._writer.close()

    def watch(self, source: Any, act: Callable[[], object]) -> None:
        """Call `act` whenever `source` (something with a fileno) is readable."""
        self._selector.register(source, selectors.EVENT_READ, act)

    def forget(self, source: Any) -> None:
        self._selector.unregister(source)

    def interrupt(self, number: int = signal.SIGINT) -> None:
        """As if this process had got the signal; from any thread."""
        with contextlib.suppress(OSError):  # it is over already
            self._writer.send(bytes([number]))

    def wait(self, seconds: float) -> None:
        """Sleep until something happens, at most `seconds` (infinity: as long as it takes), and act on it. What an act forgets
        is not acted on any more, though it happened at the same time."""
        watched = self._selector.get_map()
        for key, _ in self._selector.select(None if seconds == math.inf else seconds):
            if watched.get(key.fd) is key:
                key.data()

    def _hear_signals(self) -> None:
        for number in self._signals.recv(256):
            self._on_signal(number)
