"""All answers at once, for a page that cannot ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scheduler.actions.advance import Advance, nobody
from scheduler.actions.columns import Vocabulary
from scheduler.actions.compare import ordered
from scheduler.actions.compared import Compared
from scheduler.actions.logged import logged
from scheduler.queue.store import Store
from scheduler.tracking.logged import CURVES, Logged
from scheduler.web.documents import curves, runs
from scheduler.web.documents.questions import IN_A_REPORT, OF_ALL, OF_ONE

VALUES = 1600  # of the curves of a run, at most as a mean over all: a hundred runs with them are below a megabyte
MOST = 900_000  # of the curves of all runs: a file of 5 MB
LEAST = 32  # points of a curve, whatever comes of it
POINTS = 512


def whole(store: Store, everyone: Sequence[Compared], title: str, tell: Advance = nobody) -> dict[str, Any]:
    """What `source.js` takes for its answers, by the names of the questions. `tell` hears how much of what is done."""
    best_first = ordered(everyone, Vocabulary.of(everyone), None)
    found = _logged(store, everyone, tell)
    return {
        "runs": {**runs.document(store, everyone), "title": title},
        **curves.document(found, _points(everyone)),
        **{name: answer(store, best_first) for name, answer in OF_ALL.items()},
        **{name: _of_each(store, best_first, name) for name in OF_ONE},
    }


def _logged(store: Store, everyone: Sequence[Compared], tell: Advance) -> Iterator[tuple[str, Logged]]:
    for done, each in enumerate(everyone):
        tell("reading what the runs have logged", done, len(everyone))
        if each.attempt:
            yield each.job.id, logged(store, each.job, each.attempt)


def _points(everyone: Sequence[Compared]) -> int:
    """Of a curve, at most."""
    begun = [each.logged for each in everyone if each.attempt]
    count = sum(min(CURVES, sum(series.low is not None for series in one.series.values())) for one in begun)
    return max(LEAST, min(POINTS, min(VALUES * len(begun), MOST) // max(count, 1)))


def _of_each(store: Store, everyone: Sequence[Compared], name: str) -> Mapping[str, Any]:
    if name in IN_A_REPORT:
        return IN_A_REPORT[name](store, everyone)
    return {each.job.id: told for each in everyone if (told := OF_ONE[name](store, each))}
