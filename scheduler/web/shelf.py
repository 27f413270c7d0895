"""The curves of attempts that are over, ready to be sent: they never change, and a thousand of them take seconds to make."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence

from scheduler.queue.job import Attempt
from scheduler.queue.kept import curves_named
from scheduler.queue.store import Store
from scheduler.tracking.logged import Logged, Series
from scheduler.web.documents.curves import clock, curve

VALUES = 150_000  # points of one answer, at most: it is drawn in one chart
LEAST, POINTS = 32, 512  # of a curve
TOGETHER = 50  # attempts that are read at once
Texts = tuple[bytes, bytes]  # of a curve and its clock; empty where there is none


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
    """What was made once is kept, by attempt, metric and number of points. Several threads may ask; one makes."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str, int], Texts] = {}
        self._making = threading.Lock()

    def curves(
        self, store: Store, attempts: Sequence[Attempt], metric: str, points: int, is_over: Callable[[], bool] = lambda: False
    ) -> Mapping[str, Texts]:
        """By the attempts' names; nothing of those that have logged no such metric. Broken off when it `is_over`."""
        with self._making:
            missing = [each for each in attempts if (each.name, metric, points) not in self._made]
            for begin in range(0, len(missing), TOGETHER):
                if is_over():
                    break
                some = missing[begin : begin + TOGETHER]
                found = curves_named(store, some, metric)
                for each in some:
                    self._made[each.name, metric, points] = texts(found.get(each.name), points)
        wanted = ((each.name, self._made.get((each.name, metric, points))) for each in attempts)
        return {name: made for name, made in wanted if made and made[0]}


def texts(series: Series | None, points: int) -> Texts:
    """One curve and its clock as JSON."""
    if series is None or not series.curve:
        return b"", b""
    told = clock(Logged(series={"": series}))
    return dumped(curve(series, points)), dumped(told) if told else b""


def dumped(value: object) -> bytes:
    """JSON, small."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
