"""A connection to SQLite that can write in a thread beside the one that uses it: while a statement runs, Python need not wait.

It stays the connection of one thread. What is to be written aside is written in order, one thing after another, and whoever wants
the connection for anything else waits for that.
"""

from __future__ import annotations

import sqlite3
import sys
from _thread import get_ident
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scheduler.queue.aside import Act, Aside
    from scheduler.shortage import Startable

# Seconds after which Python takes the interpreter from one thread and gives it to another that waits for it. With the usual 5 ms
# SQLite would stand still that long before and after each statement; this is set only while there is such a thread.
TURN = 0.0002


class Writer:
    """For the thread that made it. The connection must have been opened with `check_same_thread=False`."""

    def __init__(self, connection: sqlite3.Connection, begin: Callable[[Startable], None] | None = None) -> None:
        """`begin` starts a thread; Shortage where there is no room for one. None: as ever."""
        self._connection, self._begin = connection, begin
        self._owner, self._usual = get_ident(), 0.0
        self._aside: Aside | None = None

    @property
    def connection(self) -> sqlite3.Connection:
        """When nothing is being written aside any more. Raises what went wrong there, each time, until `rest`."""
        assert get_ident() == self._owner, "a connection is of one thread"
        if self._aside:
            self._aside.wait()
            if self._aside.error:
                raise self._aside.error
        return self._connection

    def aside(self, act: Act) -> None:
        """Let `act` write while this thread goes on. At most one such thing is under way: the one before is waited for. Where
        there is no room for a thread, it is done at once."""
        connection = self.connection
        self._aside = self._aside or self._begun(connection)
        if self._aside:
            self._aside.asked.put(act)
        else:
            act(connection)

    def rest(self) -> sqlite3.Connection:
        """The connection, when nothing is being written and no thread is left; what went wrong there is forgotten."""
        if self._aside:
            self._aside.stop()
            sys.setswitchinterval(self._usual)
            self._aside = None
        return self._connection

    def _begun(self, connection: sqlite3.Connection) -> Aside | None:
        from scheduler.queue.aside import Aside  # most commands write nothing that takes so long
        from scheduler.shortage import Shortage, start

        aside = Aside(connection)
        try:
            (self._begin or start)(aside.thread)
        except Shortage:
            return None
        self._usual = sys.getswitchinterval()
        sys.setswitchinterval(TURN)
        return aside
