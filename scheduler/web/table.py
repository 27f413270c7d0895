"""The list of runs as the live page has it, and what has changed in it since the last look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scheduler.actions.compared import Compared, compared
from scheduler.actions.logged import Summary
from scheduler.queue.store import Store
from scheduler.web.documents import runs

MOST = 5000  # runs: the newest
_SEEN = """SELECT job.id, job.state, job.attempts, job.priority, job.renamed, job.tags, job.note, job.group_name, job.blocked,
           attempt.state, attempt.pid, attempt.elsewhere, attempt.code, logged.source IS NOT NULL
           FROM job LEFT JOIN attempt ON attempt.job = job.id AND attempt.number = job.attempts
           LEFT JOIN logged ON logged.job = job.id AND logged.attempt = job.attempts
           ORDER BY job.number DESC LIMIT ?"""
_TOUCHED = "SELECT DISTINCT job FROM event WHERE sequence > ?"
MERGED = ("first", "last", "low", "high", "used")  # of a row
NAMES = ("metrics", "goals", "guessed", "parameters")


class Table:
    """What is known of each run; a look at the store reads anew those alone that somebody has changed."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._seen: dict[str, tuple] = {}
        self._event = 0
        self._everyone: dict[str, Compared] = {}
        self._rows: dict[str, dict[str, Any]] = {}
        self._names: dict[str, Any] = {}
        self.total = 0  # jobs of the queue, also those that are no rows here

    @property
    def everyone(self) -> Sequence[Compared]:
        """As they were at the last look."""
        return list(self._everyone.values())

    def of(self, run: str) -> Compared | None:
        return self._everyone.get(run)

    def changed(self, store: Store) -> tuple[set[str], set[str]]:
        """The ids of the jobs that are not as they were at the last call, and of those that are gone."""
        event = store.last_event()
        seen = {row[0]: tuple(row) for row in store.read(_SEEN, (self._most,))}
        changed = {job for job, row in seen.items() if self._seen.get(job) != row}
        if self._event < event and self._seen:
            changed |= {row[0] for row in store.read(_TOUCHED, (self._event,))} & seen.keys()
        gone = self._seen.keys() - seen.keys()
        self._seen, self._event = seen, event
        self.total = store.read("SELECT count(*) FROM job")[0][0]
        return changed, gone

    def take(self, store: Store, jobs: Iterable[str], followed: Mapping[str, Summary]) -> dict[str, Any]:
        """Read these anew; what is another in their rows, as a piece of news."""
        found = compared(store, store.by_ids(jobs), followed)
        rows = {row["id"]: row for row in runs.rows(store, found)}
        patches = [patch(self._rows.get(run, {}), row) for run, row in rows.items()]
        self._everyone |= {each.job.id: each for each in found}
        self._rows |= rows
        return {"runs": [each for each in patches if len(each) > 1], **self._new_names(found)}

    def drop(self, jobs: Iterable[str]) -> None:
        for job in jobs:
            self._everyone.pop(job, None)
            self._rows.pop(job, None)

    def document(self) -> dict[str, Any]:
        """The whole answer, as `documents.runs` has it."""
        found = runs.frame(self.everyone)
        self._names = {name: found[name] for name in NAMES}
        return {**found, "total": self.total, "runs": [self._rows[each.job.id] for each in runs.in_order(self.everyone)]}

    def _new_names(self, found: Sequence[Compared]) -> dict[str, Any]:
        """Where a metric or a parameter is new, all names there are."""
        known = {*self._names.get("metrics", ()), *self._names.get("parameters", ())}
        if not self._names or all(name in known for each in found for name in (*each.logged.series, *each.config)):
            return {}
        whole = runs.frame(self.everyone)
        self._names = {name: whole[name] for name in NAMES}
        return dict(self._names)


def patch(before: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """What of a row is another, and its id; None for what it has no more; within those MERGED alike.

    >>> patch({"id": "a", "step": 1, "reason": "x", "tags": []}, {"id": "a", "step": 2, "tags": []})
    {'id': 'a', 'step': 2, 'reason': None}
    >>> patch({"id": "a", "last": {"loss": 2, "lr": 1}}, {"id": "a", "last": {"loss": 1, "lr": 1}})
    {'id': 'a', 'last': {'loss': 1}}
    """
    changed = {name: value for name, value in row.items() if name == "id" or name not in before or before[name] != value}
    within = {name: patch(before[name], value) for name, value in changed.items() if name in MERGED and name in before}
    return {**changed, **within, **{name: None for name in before if name not in row}}
