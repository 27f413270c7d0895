"""Copies of the queue: made whole while others write to it, checked before they count."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from scheduler.errors import StateError, UserError
from scheduler.failpoints import reach
from scheduler.home import Home
from scheduler.queue.schema import APPLICATION_ID, MIGRATIONS
from scheduler.queue.store import Store
from scheduler.values import dataclass

PAGES = 1 << 12  # 16 MiB, copied between two words about it
INSTRUCTIONS = 1 << 20  # of SQLite, between two: some 10 ms
Advance = Callable[[int, int], None]  # how much is done, and of how much in all; 0: nobody knows


@dataclass(frozen=True)
class Copy:
    """A file that holds a queue: its size in bytes, and how many jobs are in each state."""

    file: Path
    size: int
    jobs: dict[str, int]


def back_up(home: Home, target: Path) -> Copy:
    """Write the queue as it is now to a new file that needs no other beside it. UserError where there is one already.

    Nothing has the name of `target` before all of it is on disk and found to be sound.
    """
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    if os.path.lexists(target):
        raise _is_there(target)
    with _explained(target), _removed_in_the_end(part):
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        with Store(home) as store:
            copy_into(store.connection, part)
        with closing(sqlite3.connect(part)) as copy:
            if fault := fault_of(copy):
                next_step = f"nothing was written; `cp {home.database}* DIRECTORY` keeps it as it is"
                raise StateError(f"the queue {home.database} is damaged ({fault})", next_step=next_step)
            jobs = counted(copy)
        sync(part)
        reach("copy-made")
        _name(part, target)
        sync(target.parent)
    return Copy(target, target.stat().st_size, jobs)


def is_a_database(path: Path) -> bool:
    """Whether a file is one of SQLite's, by its first bytes. OSError where it cannot be read."""
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def copy_into(source: sqlite3.Connection, target: Path, advance: Advance | None = None) -> None:
    """All of a database, as of one moment, as one file: not in WAL mode, which needs a second. `advance`: of a source to which
    nobody writes, it hears the pages that are copied, and of how many."""
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        if advance:
            hears = advance  # for the type checker, that it stays
            source.backup(copy, pages=PAGES, progress=lambda status, left, total: hears(total - left, total), sleep=0)
        else:
            source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def opened(file: Path, advance: Advance | None = None) -> Iterator[sqlite3.Connection]:
    """A backup to read from. UserError where it is not a sound queue of a format that is known here; all of it is read to know
    that, and `advance` hears that it goes on."""
    if not os.path.isfile(file):  # noqa: PTH113 (a Path raises at a closed folder)
        raise UserError(f"{file} is {'no file' if os.path.lexists(file) else 'not there'}", next_step="name a backup of a queue")
    if file.stat().st_size == 0:
        raise UserError(f"{file} is empty", next_step="name another backup")
    # In a folder where nothing can be written only a database that cannot change may be read, if it is in WAL mode.
    alone = not os.access(file.parent, os.W_OK) and not os.path.lexists(f"{file}-wal")
    name = f"file:{quote(str(file.absolute()))}?mode=ro{'&immutable=1' if alone else ''}"
    try:
        with closing(sqlite3.connect(name, uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            if advance:
                hears = advance
                connection.set_progress_handler(lambda: hears(0, 0), INSTRUCTIONS)
            _refuse_what_is_no_queue(file, connection)
            connection.set_progress_handler(None, 0)
            yield connection
    except sqlite3.DatabaseError as error:
        raise UserError(f"{file} cannot be read ({error})", next_step="name another backup") from error


def _refuse_what_is_no_queue(file: Path, connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise UserError(f"{file} was not made by exp-queue", next_step="name a backup of a queue")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise UserError(
            f"{file} was written by a newer exp-queue (format {version}, known here {len(MIGRATIONS)})",
            next_step="upgrade exp-queue",
        )
    if fault := fault_of(connection):
        raise UserError(f"{file} is damaged ({fault})", next_step="name another backup")


def fault_of(connection: sqlite3.Connection) -> str:
    """What is wrong with a database, all of it read; empty if nothing is."""
    found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        return str(found).replace("\n", ": ")
    orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
    return f"a row of {orphan[0]} refers to one of {orphan[2]} that is not there" if orphan else ""


def counted(connection: sqlite3.Connection) -> dict[str, int]:
    """How many jobs are in each state."""
    return dict(connection.execute("SELECT state, count(*) FROM job GROUP BY state ORDER BY state").fetchall())


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk. Not for a database that this process has open: see SQLite's locks."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _name(part: Path, target: Path) -> None:
    try:
        os.link(part, target)
    except FileExistsError:
        raise _is_there(target) from None
    except OSError:  # a file system without links, of a memory stick for example
        if os.path.lexists(target):
            raise _is_there(target) from None
        part.rename(target)


def _is_there(target: Path) -> UserError:
    return UserError(f"{target} is there already", next_step="name a new file: a backup takes the place of none")


@contextmanager
def _explained(target: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise StateError(f"cannot write {target} ({why})", next_step=_instead(error)) from error


def _instead(error: Exception) -> str:
    """What a person can do about it."""
    first = "make its folder" if isinstance(error, FileNotFoundError) else "make room"
    return f"{first}, or name another place"


@contextmanager
def _removed_in_the_end(part: Path) -> Iterator[None]:
    try:
        yield
    finally:
        for name in (part, Path(f"{part}-journal")):
            with suppress(OSError):
                name.unlink()
