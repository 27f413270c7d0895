"""Opening, making and locking the SQLite file of the store. What it holds is the business of `store`.

Writers queue on `write.lock`, a plain blocking flock: with SQLite's own busy wait alone, many writers starve one another.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from pathlib import Path

from scheduler.errors import StateError
from scheduler.home import Home
from scheduler.queue.schema import APPLICATION_ID, MIGRATIONS, migrate
from scheduler.queue.writer import Writer

NAMED_AFTER = 3.0  # seconds
FULL = 1 << 16  # bytes: with less left on a disk, what cannot be written is said to be for want of room
CHECKED_EVERY = 86400.0  # seconds
LOCKED = "database is locked"
IS_FULL = "is on a disk that is full"
ROOM = "see the disk's free space and permissions"


class Unwritable(StateError):
    """The disk has no room, or refuses to write, or another program is writing, for now. Nothing was changed."""


def _is_passing(error: sqlite3.OperationalError) -> bool:
    """By SQLite's result codes; Python 3.10 does not tell them, only their texts, which SQLite keeps (sqlite3ErrStr)."""
    return any(text in str(error) for text in ("database or disk is full", "disk I/O error", LOCKED))


class Database:
    """One connection. `read()` for queries, `with write():` for a transaction that is on disk when it returns."""

    def __init__(self, home: Home, say: Callable[[str], None] = lambda _: None, *, only_looks: bool = False) -> None:
        """`say` hears who holds the queue's lock, if that takes long. `only_looks`: nothing will be written, and it is closed
        soon: then a disk that is full is no hindrance."""
        self._say, self._path = say, home.database
        self.frozen = ""  # why nothing can be written as long as this is open
        with ExitStack() as opened:  # of a queue that is refused nothing stays open
            self._lock = os.open(home.write_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            opened.callback(os.close, self._lock)
            if not self._path.exists():
                with self._explained():
                    self._make()
            if self._path.stat().st_size == 0:
                raise self._refusal("is empty")
            with self._explained():
                self.writer = Writer(self._seen() if only_looks else self._connected())
                opened.callback(lambda: self.writer.rest().close())
                self._look_for_damage()
                self._migrate()
            self._opened = opened.pop_all()

    @property
    def connection(self) -> sqlite3.Connection:
        """Of the thread that has opened it; when nothing is being written aside any more."""
        return self.writer.connection

    def close(self) -> None:
        """A second call does nothing."""
        self._opened.close()

    def read(self, sql: str, parameters: tuple = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._explained():
            return self.connection.execute(sql, parameters).fetchall()

    @contextmanager
    def write(self, *, many: bool = False) -> Iterator[sqlite3.Connection]:
        """A transaction; committed durably on a normal end, undone on any exception. `many`: it writes very many rows that refer
        to rows which it has just read or written; SQLite, which would look for each of them again, does not."""
        if self.frozen:
            raise Unwritable(self.frozen, next_step=ROOM)
        with self._explained(), self._exclusive(), self._trusted() if many else nullcontext():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                _roll_back(self.writer.rest())
                raise
            finally:
                self.writer.rest()

    @contextmanager
    def _trusted(self) -> Iterator[None]:
        """Inside a transaction SQLite would take no notice of this."""
        self.connection.execute("PRAGMA foreign_keys = OFF")
        try:
            yield
        finally:
            self.connection.execute("PRAGMA foreign_keys = ON")

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._queue_up()
        try:
            yield
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _queue_up(self) -> None:
        """Take the lock in one's turn; the kernel keeps the order. Writers hold it for milliseconds, unless one stands still."""
        import threading

        late = threading.Timer(NAMED_AFTER, self._name_the_holder)
        late.daemon = True
        with suppress(RuntimeError):  # no room for a thread: then the wait goes on without a name
            late.start()
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        finally:
            late.cancel()

    def _name_the_holder(self) -> None:
        from scheduler.gpus.mutex import lock_holder

        who = lock_holder(self._lock)
        self._say(
            f"waiting for {who}, which has held the queue's write lock for {NAMED_AFTER:g} s; "
            "if it was stopped (Ctrl-Z, a debugger), fg or kill -CONT lets it go on"
        )

    def _let_go(self) -> str:
        """What to do about a program that is none of ours and keeps the database: SQLite's writers lock its -shm file."""
        from scheduler.gpus.mutex import lock_holder

        who = "another program"
        with suppress(OSError):
            who = lock_holder(Path(f"{self._path}-shm"), kind="POSIX")
        return f"{who} has locked it: end its transaction or the program; nothing but exp-queue need write there"

    def _make(self) -> None:
        """Build the file beside its place and rename it: a crash in between must not leave an empty database."""
        with self._exclusive():
            if self._path.exists():
                return
            fresh = self._path.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            with closing(_connect(fresh)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")  # remembered by the file; never set on one that is not ours
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                migrate(connection, 0)
                connection.execute("COMMIT")
            fresh.rename(self._path)

    def _connected(self) -> sqlite3.Connection:
        """To the file that has the name: a restore may put another in its place at any moment.

        After its first read in WAL mode a connection keeps its hold on the file, and a restore is refused.
        """
        while True:
            before = self._path.stat()
            with ExitStack() as undone:
                connection = undone.enter_context(closing(_connect(self._path)))
                self._admit(connection)
                if os.path.samestat(before, self._path.stat()):
                    undone.pop_all()
                    return connection

    def _seen(self) -> sqlite3.Connection:
        """As `_connected`; where a full disk has no room for what SQLite makes beside a file that it opens, one that only reads
        and makes nothing. That takes no notice of anybody's changes: until it is closed nobody of ours writes."""
        try:
            return self._connected()
        except sqlite3.OperationalError as error:
            if not _is_passing(error) or not self._is_full():
                raise
            fcntl.flock(self._lock, fcntl.LOCK_SH)
            log = self._path.with_name(f"{self._path.name}-wal")
            if log.exists() and log.stat().st_size:  # there is more than the file has
                raise
            self.frozen = f"the queue {self._path} {IS_FULL}"
        connection = _connect(f"{self._path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        self._refuse_foreign(connection)
        return connection

    def _admit(self, connection: sqlite3.Connection) -> None:
        self._refuse_foreign(connection)
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":  # a backup that somebody has copied here
            with suppress(sqlite3.OperationalError), self._exclusive():  # while others read it as it is, so do we
                connection.execute("PRAGMA journal_mode = WAL")

    def _refuse_foreign(self, connection: sqlite3.Connection) -> None:
        """Refuse what is not ours, or newer than we are."""
        if _pragma(connection, "application_id") != APPLICATION_ID:
            raise self._refusal("was not made by exp-queue")
        version = _pragma(connection, "user_version")
        if version > len(MIGRATIONS):
            raise StateError(
                f"the queue {self._path} was written by a newer exp-queue (format {version}, known here {len(MIGRATIONS)})",
                next_step="upgrade exp-queue, or set EXP_QUEUE_HOME to another directory",
            )

    def _migrate(self) -> None:
        if _pragma(self.connection, "user_version") < len(MIGRATIONS):
            with self.write() as connection:
                migrate(connection, _pragma(connection, "user_version"))

    def _is_full(self) -> bool:
        try:
            disk = os.statvfs(self._path.parent)
        except OSError:
            return False
        return disk.f_bavail * disk.f_frsize < FULL

    def _look_for_damage(self) -> None:
        """Once a day all pages are read (0.3 s for 100,000 jobs), so that damage is told before it costs more."""
        stamp, which = self._path.with_name("checked"), str(self._path.stat().st_ino)
        with suppress(OSError, ValueError):
            if 0 <= time.time() - stamp.stat().st_mtime < CHECKED_EVERY and stamp.read_text(encoding="ascii") == which:
                return
        found = self.connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise self._refusal(f"is damaged ({found})".replace("\n", ": "))
        with suppress(OSError):  # a full disk is no reason not to look
            stamp.write_text(which, encoding="ascii")
            os.utime(stamp)

    def _refusal(self, what: str) -> StateError:
        return StateError(
            f"the queue {self._path} {what}; nothing was changed",
            next_step=f"restore it from a backup (`exp-queue restore FILE`), or move it away "
            f"(mv {self._path} {self._path}.old) to begin a new one",
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            kind = Unwritable if _is_passing(error) else StateError
            locked = LOCKED in str(error)
            what = IS_FULL if kind is Unwritable and not locked and self._is_full() else "cannot be used now"
            next_step = self._let_go() if locked else ROOM
            raise kind(f"the queue {self._path} {what} ({error})", next_step=next_step) from error
        except sqlite3.DatabaseError as error:
            if isinstance(error, (sqlite3.IntegrityError, sqlite3.ProgrammingError)):
                raise
            raise self._refusal(f"is damaged ({error})") from error


def _roll_back(connection: sqlite3.Connection) -> None:
    """Undo what is open. A full disk may have made SQLite do it already; the first error is the one to be told."""
    with suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _connect(path: Path | str, *, uri: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=60, check_same_thread=False, uri=uri)  # `Writer` sees to it
    with ExitStack() as undone:  # the first word to a file that is damaged is an error
        undone.callback(connection.close)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # KiB at most: a submit of 100,000 touches every page of three indexes; with the usual 2 MB it wrote each many times over.
        connection.execute("PRAGMA cache_size = -16384")
        undone.pop_all()
    return connection
