"""Where attempts come from, as the store has it: what is the same is kept once."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from scheduler.queue.changes import Changes
from scheduler.queue.checkout import Checkout
from scheduler.queue.interpreters import Interpreter
from scheduler.queue.job import Attempt
from scheduler.queue.origins import Origin
from scheduler.queue.store import Store


def remember(change: Changes, origin: Origin) -> int:
    """The number by which attempts refer to it; the same for the same."""
    checkout = _checkout(change, origin.checkout) if origin.checkout else None
    interpreter = _interpreter(change, origin.interpreter) if origin.interpreter else None
    values = {"checkout": checkout, "interpreter": interpreter}
    return _once(change, "origin", {**values, "host": origin.host, "kernel": origin.kernel, "driver": origin.driver})


def arrived(change: Changes, attempt: Attempt, place: Mapping[str, Any]) -> None:
    """What is known now of an attempt that another machine has: which it is, and the Python and the GPUs that it got there.
    `place`: `host`, `kernel`, and perhaps `driver`, `python`, as `Interpreter.as_object` has it, and `gpus`, as `Attempt` has
    them. Its code stays what it was."""
    which = (attempt.job, attempt.number, attempt.launcher)
    if gpus := place.get("gpus"):
        sql = "UPDATE attempt SET gpus = ? WHERE job = ? AND number = ? AND launcher = ?"
        change.connection.execute(sql, (gpus, *which))
    sql = """SELECT origin.checkout FROM attempt JOIN origin ON origin.number = attempt.origin
             WHERE attempt.job = ? AND attempt.number = ? AND attempt.launcher = ?"""
    row = change.connection.execute(sql, which).fetchone()
    if row is None:
        return
    python = place.get("python")
    found = Interpreter(python["path"], python["version"], tuple(python["packages"])) if python else None
    machine = {"host": place["host"], "kernel": place["kernel"], "driver": place.get("driver", "")}
    values = {"checkout": row[0], "interpreter": _interpreter(change, found) if found else None, **machine}
    sql = "UPDATE attempt SET origin = ? WHERE job = ? AND number = ? AND launcher = ?"
    change.connection.execute(sql, (_once(change, "origin", values), *which))


def is_placed(change: Changes, attempt: Attempt) -> bool:
    """Whether it is known which machine it is on, or nothing is kept of where it comes from."""
    sql = """SELECT origin.host FROM attempt JOIN origin ON origin.number = attempt.origin
             WHERE attempt.job = ? AND attempt.number = ?"""
    row = change.connection.execute(sql, (attempt.job, attempt.number)).fetchone()
    return row is None or bool(row[0])


def origin_of(store: Store, attempt: Attempt) -> Origin | None:
    """Where an attempt comes from; None for one of an old queue."""
    if attempt.origin is None:
        return None
    (row,) = store.read("SELECT checkout, interpreter, host, kernel, driver FROM origin WHERE number = ?", (attempt.origin,))
    checkouts = store.read("SELECT * FROM checkout WHERE number = ?", (row["checkout"],))
    interpreters = store.read("SELECT * FROM interpreter WHERE number = ?", (row["interpreter"],))
    checkout = [_checkout_from(each) for each in checkouts]
    interpreter = [Interpreter(each["path"], each["version"], tuple(each["packages"].splitlines())) for each in interpreters]
    return Origin(next(iter(checkout), None), next(iter(interpreter), None), row["host"], row["kernel"], row["driver"])


def _checkout_from(row: sqlite3.Row) -> Checkout:
    untracked = tuple(json.loads(row["untracked"]))
    return Checkout(row["root"], row["commits"], row["branch"], row["patch"], untracked, row["missing"])


def _checkout(change: Changes, found: Checkout) -> int:
    texts = {"root": _text(found.root), "commits": found.commit, "branch": _text(found.branch)}
    return _once(
        change,
        "checkout",
        {**texts, "patch": found.patch, "untracked": json.dumps(found.untracked), "missing": _text(found.missing)},
    )


def _interpreter(change: Changes, found: Interpreter) -> int:
    packages = _text("\n".join(found.packages))
    return _once(change, "interpreter", {"path": _text(found.path), "version": found.version, "packages": packages})


def _once(change: Changes, table: str, values: dict[str, str | bytes | int | None]) -> int:
    """The number of this row of a table of ours; the same for the same."""
    digest = hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()
    columns, places = ", ".join(values), ", ".join("?" * len(values))
    sql = f"INSERT OR IGNORE INTO {table} (digest, {columns}) VALUES (?, {places})"  # noqa: S608
    change.connection.execute(sql, (digest, *values.values()))
    return change.connection.execute(f"SELECT number FROM {table} WHERE digest = ?", (digest,)).fetchone()[0]  # noqa: S608


def _text(text: str) -> str:
    """What SQLite takes, whatever bytes a path has."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
