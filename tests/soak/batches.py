"""The files of a soak, and the jobs that they have become: what is asked for is read from the files, not from the store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from scheduler.queue.states import State
from tests.soak.checker import JobSeen

RESOURCES = ({"gpus": 1}, {"gpus": 1, "share": 2}, {"gpus": 2}, {"gpus": 1, "share": 4}, {"gpus": 2, "share": 2})


def asked(file: int) -> tuple[dict[str, int], dict[str, int]]:
    """What the jobs of the file of this number are told of, and what they ask for."""
    resources = RESOURCES[file % len(RESOURCES)]
    return {"share": resources.get("share", 1)}, resources


def number(row: sqlite3.Row) -> int:
    """Which job of the soak a row is of."""
    return json.loads(row["arguments"])["number"]


def numbers(file: Path) -> list[int]:
    """The jobs of a file."""
    return json.loads(file.read_text())["grid"]["number"]


def jobs_seen(folder: Path, files: Iterable[str], rows: Sequence[sqlite3.Row]) -> tuple[JobSeen, ...]:
    """The rows of the store's jobs, with the files that they are of and the jobs that they come after."""
    contents = {name: json.loads((folder / name).read_text()) for name in files}
    ids = {number(row): row["id"] for row in rows}
    awaited = {
        name: frozenset(ids[each] for first in content.get("after", ()) for each in numbers(folder / first) if each in ids)
        for name, content in contents.items()
    }
    file_of = {each: name for name, content in contents.items() for each in content["grid"]["number"]}
    return tuple(
        JobSeen(row["id"], State(row["state"]), row["attempts"], row["priority"], file, awaited[file])
        for row in rows
        for file in [file_of[number(row)]]
    )
