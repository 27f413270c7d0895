"""What a person says of jobs at any time: tags, a note, another name. No state changes by it, so it leaves no event."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from scheduler.experiments.remarks import Remarks, note
from scheduler.queue.changes import Changes
from scheduler.queue.chosen import Chosen, of_numbers


def tag(change: Changes, chosen: Chosen, tags: Iterable[str]) -> int:
    """These jobs have these tags too; returns how many had not all of them."""
    return _retag(change, chosen, lambda before: before | set(tags))


def untag(change: Changes, chosen: Chosen, tags: Iterable[str]) -> int:
    """These jobs have none of these tags any more; returns how many had one."""
    return _retag(change, chosen, lambda before: before - set(tags))


def _retag(change: Changes, chosen: Chosen, anew: Callable[[set[str]], set[str]]) -> int:
    found = change.connection.execute(f"SELECT number FROM job WHERE {chosen.where}", chosen.parameters)  # noqa: S608
    these, changed = of_numbers(row[0] for row in found), 0  # not `chosen`: it may ask for the very tags that change
    sql = f"SELECT DISTINCT tags FROM job WHERE {these.where}"  # noqa: S608
    for (before,) in change.connection.execute(sql, these.parameters).fetchall():
        after = " ".join(sorted(anew(set(before.split()))))
        if after != before:
            sql = f"UPDATE job SET tags = ? WHERE tags = ? AND {these.where}"  # noqa: S608
            changed += change.connection.execute(sql, (after, before, *these.parameters)).rowcount
    return changed


def annotate(change: Changes, chosen: Chosen, text: str) -> int:
    """The note of these jobs is this text; returns how many have another now."""
    sql = f"UPDATE job SET note = ? WHERE ({chosen.where}) AND note IS NOT ?"  # noqa: S608
    return change.connection.execute(sql, (text, *chosen.parameters, text)).rowcount


def annotate_too(change: Changes, chosen: Chosen, text: str) -> int:
    """The note of these jobs has this text too, in lines of its own; returns for how many that is new. UserError where a note
    gets too long."""
    sql = f"SELECT DISTINCT note FROM job WHERE {chosen.where}"  # noqa: S608
    changed = 0
    for (before,) in change.connection.execute(sql, chosen.parameters).fetchall():
        if f"\n{text}\n" not in f"\n{before}\n":
            these = Chosen(f"({chosen.where}) AND note = ?", (*chosen.parameters, before))
            changed += annotate(change, these, note(f"{before}\n{text}"))
    return changed


def remark(change: Changes, numbers: Iterable[int], said: Remarks) -> None:
    """What somebody says of these jobs, by their numbers, while asking for them: it adds to what was said before."""
    chosen = of_numbers(numbers)
    if said.tags:
        tag(change, chosen, said.tags)
    if said.note:
        annotate_too(change, chosen, said.note)


def rename(change: Changes, number: int, name: str | None) -> None:
    """Another name for the job with this number, which no other job has; None: the one that its id and number give it."""
    change.connection.execute("UPDATE job SET renamed = ? WHERE number = ?", (name, number))
