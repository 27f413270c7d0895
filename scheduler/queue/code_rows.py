"""Which code jobs were asked for with, and which their attempts ran, as the store has it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from scheduler.queue.changes import Changes
from scheduler.queue.code import Code, Codes


def remember(change: Changes, code: Code) -> int:
    """The number by which jobs and attempts refer to it; the same for the same."""
    which = (code.program, code.digest, code.commit)
    change.connection.execute("INSERT OR IGNORE INTO code (program, digest, commits) VALUES (?, ?, ?)", which)
    sql = "SELECT number FROM code WHERE program = ? AND digest = ? AND commits = ?"
    return change.connection.execute(sql, which).fetchone()[0]


def present(change: Changes, code: int, codes: Codes) -> int:
    """The number of what the program of the code with this number is now; the same number where that is gone."""
    row = change.connection.execute("SELECT program FROM code WHERE number = ?", (code,)).fetchone()
    now = codes.at(row[0]) if row else None
    return remember(change, now) if now else code


def ask_with_present_code(change: Changes, jobs: Sequence[int], codes: Codes | None = None) -> None:
    """A person asks for these jobs, by their numbers, as their programs are now. What is gone, or was never known, stays so.
    `codes`: what has looked at programs already."""
    codes, numbers = codes or Codes(), json.dumps(list(jobs))
    sql = "SELECT DISTINCT code FROM job WHERE number IN (SELECT value FROM json_each(?)) AND code IS NOT NULL"
    for (before,) in change.connection.execute(sql, (numbers,)).fetchall():
        if (now := present(change, before, codes)) != before:
            sql = "UPDATE job SET code = ? WHERE code = ? AND number IN (SELECT value FROM json_each(?))"
            change.connection.execute(sql, (now, before, numbers))
