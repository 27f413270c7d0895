"""The curves of attempts that are over, ready to be sent: they never change, and a thousand of them take seconds to make."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from scheduler.queue.job import Attempt
from scheduler.queue.kept import curves_named
from scheduler.queue.store import Store
from scheduler.tracking.logged import Logged, Series
from scheduler.web.cellar import Cellar, Texts
from scheduler.web.documents.curves import clock, curve

VALUES = 150_000  # points of one answer, at most: it is drawn in one chart
LEAST, POINTS = 32, 512  # of a curve
TOGETHER = 50  # attempts that are read at once
MOST = 50_000  # curves that are kept in memory


def points_of(count: int) -> int:
    """Of each of so many curves.

    >>> points_of(3), points_of(1000), points_of(100_000)
    (512, 128, 32)
    """
    points = POINTS
    while points > LEAST and points * count > VALUES:
        points //= 2
    return points


class Shelf:
    """What was made once is kept, by attempt, metric and number of points, also in the cellar. Several threads may ask; one
    makes, and lets the others in between."""

    def __init__(self, cellar: Cellar) -> None:
        self._cellar = cellar
        self._made: dict[tuple[str, str, int], Texts] = {}
        self._making = threading.Lock()

    def curves(
        self, store: Store, attempts: Sequence[Attempt], metric: str, points: int, is_over: Callable[[], bool] = lambda: False
    ) -> Mapping[str, Texts]:
        """By the attempts' names; nothing of those that have logged no such metric. Broken off when it `is_over`."""
        found: dict[str, Texts] = {}
        for begin in range(0, len(attempts), TOGETHER):
            if is_over():
                break
            with self._making:
                found |= self._some(store, attempts[begin : begin + TOGETHER], metric, points)
        return {name: made for name, made in found.items() if made[0]}

    def _some(self, store: Store, attempts: Sequence[Attempt], metric: str, points: int) -> Mapping[str, Texts]:
        missing = [each for each in attempts if (each.run_id, metric, points) not in self._made]
        if missing:
            known = self._cellar.fetch([each.run_id for each in missing], metric, points)
            unknown = [each for each in missing if each.run_id not in known]
            read = curves_named(store, unknown, metric) if unknown else {}
            fresh = {each.run_id: texts(read.get(each.name), points) for each in unknown}
            self._cellar.put(fresh, metric, points)
            self._made |= {(run, metric, points): made for run, made in {**known, **fresh}.items()}
        found = {each.name: self._made[each.run_id, metric, points] for each in attempts}
        for oldest in list(islice(self._made, max(0, len(self._made) - MOST))):
            del self._made[oldest]
        return found


def texts(series: Series | None, points: int) -> Texts:
    """One curve and its clock as JSON."""
    if series is None or not series.curve:
        return b"", b""
    told = clock(Logged(series={"": series}))
    return dumped(curve(series, points)), dumped(told) if told else b""


def dumped(value: object) -> bytes:
    """JSON, small."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
