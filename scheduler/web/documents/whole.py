"""All answers at once, for a page that cannot ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scheduler.actions.compared import Compared
from scheduler.actions.logged import logged
from scheduler.queue.store import Store
from scheduler.web.documents import curves, media, runs, sweeps

VALUES = 1600  # of the curves of a run, at most as a mean over all: a hundred runs with them are below a megabyte
MOST = 900_000  # of the curves of all runs: a file of 5 MB
LEAST = 32  # points of a curve, whatever comes of it
POINTS = 512


def whole(store: Store, everyone: Sequence[Compared], title: str, notes: str = "") -> dict[str, Any]:
    """What `source.js` takes for its answers, by the names of the questions."""
    found = {each.job.id: logged(store, each.job, each.attempt) for each in everyone if each.attempt}
    count = sum(bool(series.curve) for one in found.values() for series in one.series.values())
    points = max(LEAST, min(POINTS, min(VALUES * len(found), MOST) // max(count, 1)))
    index = runs.document(store, everyone)
    attempts = {each.job.id: each.attempt for each in everyone if each.attempt}
    shown = {run["id"]: attempts[run["id"]] for run in index["runs"] if run["media"]}
    return {
        "runs": {**index, "title": title, "notes": notes},
        **curves.document(found, points=points),
        "media": media.document(shown, media.of_a_report()),
        "sweeps": sweeps.document(store, [each.job.id for each in everyone]),
    }
