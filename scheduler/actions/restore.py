"""Putting a backup in the place of the queue. The present queue is kept aside, and there is one at every moment.

The backup may be older than what lies in `attempts/`. What ran since is not known to it: such a job must not run a second time as
if it never had, so its outcome is unknown.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from scheduler.actions.advance import Advance, nobody
from scheduler.errors import StateError, UserError
from scheduler.failpoints import reach
from scheduler.gpus.mutex import lock_holder
from scheduler.home import Home
from scheduler.launcher import journal
from scheduler.linux.locks import is_locked
from scheduler.queue import evidence
from scheduler.queue.backups import copy_into, counted, is_a_database, opened, sync
from scheduler.queue.changes import Changes
from scheduler.queue.job import Attempt, Ending
from scheduler.queue.rows import attempt_from
from scheduler.queue.schema import MIGRATIONS, migrate
from scheduler.queue.states import ACTIVE, State
from scheduler.runner import recovery
from scheduler.runner.endings import apply
from scheduler.values import dataclass

PATIENCE = 2.0  # seconds for a command that is just looking at the queue
UNKNOWN = "the queue was restored from a backup that does not say how this attempt ended"
BESIDE = ("-wal", "-shm", "-journal")


@dataclass(frozen=True)
class Restored:
    """What the queue holds now: how many jobs are in each state, and those whose outcome got lost by it. `kept` is the queue that
    was there before."""

    jobs: dict[str, int]
    lost: tuple[str, ...]
    kept: Path | None


def restore(home: Home, file: Path, advance: Advance = nobody) -> Restored:
    """`advance` hears what is done, how much of it by now, and of how much in all (0: nobody knows). UserError for a
    file that is no sound queue, StateError while anybody uses the present one; then nothing was changed."""
    if os.path.exists(file) and home.database.exists() and file.samefile(home.database):  # noqa: PTH110 (a Path may raise)
        raise UserError(f"{file} is the queue itself", next_step="name a backup of it")
    checking, copying = (partial(advance, f"{word} {file.name}") for word in ("checking", "copying"))
    with opened(file, checking) as backup, _write_lock(home), _alone(home):
        fresh = home.root / "queue.db.restoring"
        _remove(fresh)  # of a restore that was killed
        try:
            lost, jobs = _prepared(home, backup, fresh, copying)
            return Restored(jobs, lost, _put_in_place(home, fresh))
        except (OSError, sqlite3.OperationalError) as error:
            raise StateError(
                f"the queue cannot be restored ({error}); nothing was changed",
                next_step="see the disk's free space and permissions",
            ) from error
        finally:
            _remove(fresh)


# Nobody else.


@contextmanager
def _write_lock(home: Home) -> Iterator[None]:
    descriptor = os.open(home.write_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise _in_use(lock_holder(descriptor)) from None
    finally:
        os.close(descriptor)


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Nobody has the present queue open, and nobody can open it meanwhile; all of it is in its one file."""
    _refuse_while_jobs_run(home)
    if not home.database.exists():
        yield
        return
    # Of another file SQLite would remove what lies beside it, and somebody may still rescue that.
    with _locked(home.database) if is_a_database(home.database) else _locked_by_hand(home.database):
        _refuse_while_jobs_run(home)  # that have begun meanwhile
        yield


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=PATIENCE)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = DELETE").fetchall()  # only the last connection may leave WAL mode
            connection.execute("BEGIN EXCLUSIVE")
            readable = True
        except sqlite3.OperationalError as error:
            raise _in_use(f"another command ({error})") from error
        except sqlite3.DatabaseError:
            connection.close()
            readable = False
        with contextlib.nullcontext() if readable else _locked_by_hand(path):
            yield


@contextmanager
def _locked_by_hand(damaged: Path) -> Iterator[None]:
    """SQLite cannot even lock it: this takes the same locks."""
    descriptor = os.open(damaged, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise _in_use("another process") from None
    finally:
        os.close(descriptor)


def _in_use(who: str) -> StateError:
    return StateError(
        f"the queue is in use by {who}; nothing was changed",
        next_step="end what runs jobs (`work`, `run`, `sweep`; Ctrl-C) and restore again",
    )


def _refuse_while_jobs_run(home: Home) -> None:
    """The launchers' locks are asked and not the queue: it may be the damaged one."""
    living = [path for path in home.launchers.glob("*.journal") if is_locked(path)]
    records = [record for record in map(journal.read, living) if record]
    names = sorted(name.split("/")[0][:8] for record in records for name in record.started - record.ended.keys())
    if living:
        what = f"jobs still run ({', '.join(names)})" if names else "a runner is at work"
        raise StateError(
            f"{what}; nothing was changed", next_step="wait for them, or `exp-queue cancel running`; then restore again"
        )


# The new queue, beside the old one.


def _prepared(
    home: Home, backup: sqlite3.Connection, fresh: Path, advance: Callable[[int, int], None]
) -> tuple[tuple[str, ...], dict[str, int]]:
    """Make the new queue; returns the jobs whose outcome is unknown now, and how many are in each state."""
    os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    copy_into(backup, fresh, advance)
    with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN IMMEDIATE")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version < len(MIGRATIONS):
            migrate(connection, version)
        lost = tuple(_settled(home, connection))
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")
        jobs = counted(connection)
    sync(fresh)
    reach("new-queue-made")
    return lost, jobs


def _settled(home: Home, connection: sqlite3.Connection) -> Iterator[str]:
    """Bring every job that was not over up to what its launcher and its directories still tell; yields those that are lost."""
    change = Changes(connection, home)
    there = {folder.name for folder in (home.root / "attempts").iterdir()}
    sql = "SELECT id, state, attempts FROM job WHERE state IN ('queued', 'held', 'starting', 'running', 'stopping')"
    for job, state, latest in connection.execute(sql).fetchall():
        later = [number for number in _numbers(home, job) if number > latest] if job in there else []
        if State(state) in ACTIVE:
            row = connection.execute("SELECT * FROM attempt WHERE job = ? AND number = ?", (job, latest)).fetchone()
            _settle_open(home, change, attempt_from(row))
        for number in later:
            change.found(job, number, Path(home.attempt(job, number)).stat().st_mtime, UNKNOWN)
        if change.state(job) is State.LOST:
            yield job


def _settle_open(home: Home, change: Changes, attempt: Attempt) -> None:
    seen = evidence.look(home, attempt)
    found = recovery.verdict(attempt.name, seen)
    if isinstance(found, recovery.StillThere):
        raise StateError(
            f"a process of job {attempt.job[:8]} still lives; nothing was changed", next_step="end it, or wait for its end"
        )
    if isinstance(found, Ending) and found.state is not State.LOST:
        change.end(attempt, found, recovery.duration(seen, attempt))
    elif isinstance(found, recovery.NeverRan) and not os.path.lexists(home.attempt(attempt.job, attempt.number)):
        apply(change, attempt, found, None)
    else:
        change.end(attempt, Ending(State.LOST, None, UNKNOWN), None)


def _numbers(home: Home, job: str) -> list[int]:
    """The attempts of a job that have directories."""
    folder = home.root / "attempts" / job
    return sorted(int(each.name) for each in folder.iterdir() if each.name.isdecimal()) if folder.is_dir() else []


# The moment itself.


def _put_in_place(home: Home, fresh: Path) -> Path | None:
    """The present queue gets a second name, then the new one takes its place: at no moment there is none."""
    if not home.database.exists():
        fresh.rename(home.database)
        return None
    _forget_second_names(home)
    aside = _free_name(home)
    try:
        aside.hardlink_to(home.database)
        reach("old-queue-named")
        for end in BESIDE:  # of one that SQLite cannot read; the new one must not be taken for theirs
            with contextlib.suppress(FileNotFoundError):
                Path(f"{home.database}{end}").rename(f"{aside}{end}")
        fresh.replace(home.database)
    finally:
        _forget_second_names(home)
    sync(home.root)
    return aside


def _forget_second_names(home: Home) -> None:
    """What a restore that was killed in between has left: the present queue itself, under a second name."""
    for path in home.root.glob("queue.db.before-restore-*"):
        if path.samefile(home.database):
            path.unlink()


def _free_name(home: Home) -> Path:
    stem = home.root / f"queue.db.before-restore-{time.strftime('%Y%m%d-%H%M%S')}"
    found, number = stem, 1
    while os.path.lexists(found):
        number += 1
        found = Path(f"{stem}-{number}")
    return found


def _remove(fresh: Path) -> None:
    for end in ("", *BESIDE):
        Path(f"{fresh}{end}").unlink(missing_ok=True)
