"""Jobs that compute on GPUs which they were not given: written down with the attempt, once, whoever runs it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from scheduler.gpus.astray import Astray
from scheduler.queue.job import Attempt
from scheduler.queue.store import Store
from scheduler.runner.attempts import Running


class Wanderers:
    """Remembers what is written down already."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._noted: dict[str, frozenset[str]] = {}

    def note(self, found: Iterable[Astray], running: Mapping[str, Running]) -> None:
        """Write down who computes where. What runs here knows it from then on. Unwritable: no room for it, now."""
        there: defaultdict[str, list[Astray]] = defaultdict(list)
        for each in found:
            there[each.attempt].append(each)
        for name, places in there.items():
            where = frozenset(_name(each) for each in places)
            if name and not where <= self._noted.get(name, frozenset()):
                self._write(name, places, running)
                self._noted[name] = self._noted.get(name, frozenset()) | where

    def _write(self, name: str, places: list[Astray], running: Mapping[str, Running]) -> None:
        attempt = self._attempt(name)
        if attempt is None:  # a job of another queue
            return
        known = [gpu for gpu in attempt.elsewhere.split(",") if gpu]
        new = [each for each in places if _name(each) not in known]
        elsewhere = ",".join([*known, *(_name(each) for each in new)])
        if new:
            with self._store.change() as change:
                change.astray(attempt, elsewhere, "; ".join(each.sentence for each in new))
        if name in running:
            running[name].attempt = replace(running[name].attempt, elsewhere=elsewhere)

    def _attempt(self, name: str) -> Attempt | None:
        job, _, number = name.partition("/")
        return self._store.attempt(job, int(number))


def _name(found: Astray) -> str:
    """As `Attempt.gpus` names GPUs, or the UUID of one that has no number."""
    return found.gpu.uuid if found.gpu.index is None else str(found.gpu.index)
