"""What makes a submit of very many jobs cheap for SQLite: indexes that are built once, and room for those that are not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from scheduler.queue.changes import Changes

MANY = 10_000  # new jobs: with fewer, all indexes fit into the usual cache
MORE = 100_000  # with more, those that a submit looks into do not
ROOM = 64 << 10  # KiB of cache for these
# What no submit looks into, and whose keys come in a random order: to enter them one by one touches a page for each. Those of the
# other indexes come in order, and a statement of many rows enters one behind the other.
LATER = ("job_experiment", "event_job")
KEYS = "job_key"  # nor into this, where the queue was empty; see `repeats`


@contextmanager
def in_bulk(change: Changes, many: int = MANY, more: int = MORE) -> Iterator[Callable[[], None]]:
    """For a part of a change that adds jobs, however many; to be told each time that it has added some.

    Once more than `many` are new, and more than there were, LATER are gone until the end of this part, and KEYS where there were
    none. If it fails, so must the change.
    """
    before, dropped, roomy = change.next_number(), list[str](), False

    def added() -> None:
        nonlocal roomy
        new = change.next_number() - before
        if not dropped and new > max(many, before):
            dropped.extend(_drop(change, [*LATER, KEYS] if before == 1 else LATER))
        if not roomy and new > more:
            roomy = True
            change.connection.execute(f"PRAGMA cache_size = -{ROOM}")

    usual = change.connection.execute("PRAGMA cache_size").fetchone()[0]
    try:
        yield added
        for sql in dropped:
            change.connection.execute(sql)
    finally:  # whoever submits may have as much to do with a million jobs afterwards
        change.connection.execute(f"PRAGMA cache_size = {usual}")


def _drop(change: Changes, names: Sequence[str]) -> list[str]:
    """How they are made again."""
    run = change.connection.execute
    sql = "SELECT sql FROM sqlite_master WHERE type = 'index' AND name IN (SELECT value FROM json_each(?))"
    made = [row[0] for row in run(sql, (json.dumps(names),)).fetchall()]
    for name in names:
        run(f"DROP INDEX {name}")
    return made
