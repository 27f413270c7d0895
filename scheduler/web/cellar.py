"""What a live page has made of curves, for the next one: a file beside the queue that anybody may remove at any time.

Nothing depends on it. What cannot be read or written there is made anew; a file that is damaged, of another version or too large
is removed.
"""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

FILE = "curves.cache"
VERSION = 2  # of what is in it: another where curves are drawn otherwise
MOST = 256 << 20  # bytes
_TABLE = """CREATE TABLE IF NOT EXISTS curve (run TEXT, metric TEXT, points INTEGER, curve BLOB NOT NULL, clock BLOB NOT NULL,
            PRIMARY KEY (run, metric, points)) WITHOUT ROWID"""
Texts = tuple[bytes, bytes]  # of a curve and its clock; empty where there is none


class Cellar:
    """Any number of threads and processes may use it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def fetch(self, runs: Sequence[str], metric: str, points: int) -> Mapping[str, Texts]:
        """What is there of these."""
        sql = """SELECT curve.run, curve.curve, curve.clock FROM json_each(?) AS wanted
                 JOIN curve ON curve.run = wanted.value AND curve.metric = ? AND curve.points = ?"""
        try:
            with self._opened() as line:
                rows = line.execute(sql, (json.dumps(list(runs)), metric, points)).fetchall()
            return {run: (zlib.decompress(drawn), zlib.decompress(told)) for run, drawn, told in rows}
        except sqlite3.OperationalError:  # somebody else writes there, or there is no room
            return {}
        except (sqlite3.Error, OSError, zlib.error):
            self._remove()
            return {}

    def put(self, made: Mapping[str, Texts], metric: str, points: int) -> None:
        """Keep these too."""
        rows = [(run, metric, points, *(zlib.compress(text, 1) for text in texts)) for run, texts in made.items()]
        with suppress(sqlite3.Error, OSError), self._opened() as line:
            line.executemany("INSERT OR REPLACE INTO curve VALUES (?, ?, ?, ?, ?)", rows)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """A transaction in it. A lost one is no loss, so nothing waits for the disk."""
        if self._path.exists() and self._path.stat().st_size > MOST:
            self._remove()
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(self._path, timeout=1)) as line, line:
            line.execute("PRAGMA synchronous = OFF")
            if line.execute("PRAGMA user_version").fetchone()[0] not in (0, VERSION):
                raise sqlite3.DatabaseError("of another version")
            line.execute(_TABLE)
            line.execute(f"PRAGMA user_version = {VERSION}")
            yield line

    def _remove(self) -> None:
        for path in (self._path, self._path.with_name(f"{FILE}-journal")):
            with suppress(OSError):
                path.unlink(missing_ok=True)
