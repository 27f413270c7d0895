"""What a person says of jobs at any time: tags, a note, another name. No state changes by it, so it leaves no event."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from scheduler.experiments.remarks import Remarks, note
from scheduler.queue.changes import Changes

Chosen = tuple[str, tuple]  # a condition in SQL of ours, and its parameters


def tag(change: Changes, chosen: Chosen, tags: Iterable[str]) -> int:
    """These jobs have these tags too; returns how many had not all of them."""
    return _retag(change, chosen, lambda before: before | set(tags))


def untag(change: Changes, chosen: Chosen, tags: Iterable[str]) -> int:
    """These jobs have none of these tags any more; returns how many had one."""
    return _retag(change, chosen, lambda before: before - set(tags))


def _retag(change: Changes, chosen: Chosen, anew: Callable[[set[str]], set[str]]) -> int:
    where, parameters = chosen
    numbers = [row[0] for row in change.connection.execute(f"SELECT number FROM job WHERE {where}", parameters)]  # noqa: S608
    these = "number IN (SELECT value FROM json_each(?))"  # not `where`: it may ask for the very tags that change
    which, changed = json.dumps(numbers), 0
    for (before,) in change.connection.execute(f"SELECT DISTINCT tags FROM job WHERE {these}", (which,)).fetchall():  # noqa: S608
        after = " ".join(sorted(anew(set(before.split()))))
        if after != before:
            sql = f"UPDATE job SET tags = ? WHERE tags = ? AND {these}"  # noqa: S608
            changed += change.connection.execute(sql, (after, before, which)).rowcount
    return changed


def annotate(change: Changes, chosen: Chosen, text: str) -> int:
    """The note of these jobs is this text; returns how many have another now."""
    where, parameters = chosen
    sql = f"UPDATE job SET note = ? WHERE ({where}) AND note IS NOT ?"  # noqa: S608
    return change.connection.execute(sql, (text, *parameters, text)).rowcount


def annotate_too(change: Changes, chosen: Chosen, text: str) -> int:
    """The note of these jobs has this text too, in lines of its own; returns for how many that is new. UserError where a note
    gets too long."""
    where, parameters = chosen
    befores = change.connection.execute(f"SELECT DISTINCT note FROM job WHERE {where}", parameters).fetchall()  # noqa: S608
    changed = 0
    for (before,) in befores:
        if f"\n{text}\n" not in f"\n{before}\n":
            these = (f"({where}) AND note = ?", (*parameters, before))
            changed += annotate(change, these, note(f"{before}\n{text}"))
    return changed


def remark(change: Changes, numbers: Iterable[int], said: Remarks) -> None:
    """What somebody says of these jobs, by their numbers, while asking for them: it adds to what was said before."""
    chosen = ("number IN (SELECT value FROM json_each(?))", (json.dumps(list(numbers)),))
    if said.tags:
        tag(change, chosen, said.tags)
    if said.note:
        annotate_too(change, chosen, said.note)


def rename(change: Changes, number: int, name: str | None) -> None:
    """Another name for the job with this number, which no other job has; None: the one that its id and number give it."""
    change.connection.execute("UPDATE job SET renamed = ? WHERE number = ?", (name, number))
