"""What a soak leaves behind: the rows of its store and the lines of its ledger, read from outside."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from scheduler.home import Home
from scheduler.queue import evidence
from scheduler.queue.job import Attempt
from scheduler.queue.states import ENDED, State
from tests.soak.checker import AttemptSeen, Mark


@dataclass(frozen=True)
class Records:
    """Looks afresh at every call."""

    home: Home
    ledger: Path

    def read(self, sql: str) -> list[sqlite3.Row]:
        connection = sqlite3.connect(self.home.database, timeout=60)
        connection.row_factory = sqlite3.Row
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def attempts(self) -> tuple[AttemptSeen, ...]:
        return tuple(map(_attempt_seen, self.read("SELECT * FROM attempt ORDER BY job, number")))

    def marks(self) -> tuple[Mark, ...]:
        lines = self.ledger.read_text().splitlines() if self.ledger.exists() else []
        found = (line.split() for line in lines)
        return tuple(Mark(what, token, int(value), frozenset(others)) for what, token, value, *others in found)

    def baseless(self) -> list[str]:
        """Attempts that the store calls open while no launcher and no process of theirs lives and no end is written down."""
        found = []
        for row in self.read("SELECT * FROM attempt WHERE state IS NULL"):
            attempt = Attempt(row["job"], row["number"], row["launcher"], row["directory"], row["started"], boot=row["boot"])
            seen = evidence.look(self.home, attempt)
            if not (seen.launcher_lives or seen.tree_lives or (seen.record and attempt.name in seen.record.ended)):
                found.append(attempt.name)
        return found


def _attempt_seen(row: sqlite3.Row) -> AttemptSeen:
    state = State(row["state"]) if row["state"] else None
    assert state is None or state in ENDED
    return AttemptSeen(row["job"], row["number"], row["launcher"], state, row["exit_status"])
