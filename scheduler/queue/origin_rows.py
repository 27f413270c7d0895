"""Where attempts come from, as the store has it: what is the same is kept once."""

from __future__ import annotations

import hashlib
import json
import sqlite3

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
