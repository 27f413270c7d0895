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


def ask_with_present_code(change: Changes, jobs: Sequence[int]) -> None:
    """A person asks for these jobs, by their numbers, as their programs are now. What is gone, or was never known, stays so."""
    codes, numbers = Codes(), json.dumps(list(jobs))
    sql = """SELECT number, program FROM code
             WHERE number IN (SELECT code FROM job WHERE number IN (SELECT value FROM json_each(?)))"""
    for before, program in change.connection.execute(sql, (numbers,)).fetchall():
        if now := codes.at(program):
            sql = "UPDATE job SET code = ? WHERE code = ? AND number IN (SELECT value FROM json_each(?))"
            change.connection.execute(sql, (remember(change, now), before, numbers))
