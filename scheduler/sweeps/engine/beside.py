"""Several metrics of one trial, row by row: the others as they stood in each row of the first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scheduler.tracking.readers.rows import Row, finite

Values = tuple[float | None, ...]


class Beside:
    """Takes in the rows of one attempt as they come.

    A script logs the loss at every epoch, and the size of its network once, maybe in a row of its own: a value stands until the
    next one comes, and the first one stands for the rows before it too.
    """

    def __init__(self, metric: str | None, others: Sequence[str]) -> None:
        self._metric, self._others = metric, tuple(others)
        self._rows: list[Values] = []
        self._standing: Values = (None,) * len(self._others)

    def take(self, rows: Iterable[Row], *, anew: bool = False) -> tuple[Values, ...]:
        """The others in each row in which the metric is a finite number, of all rows until now; `anew`: those before do not
        count."""
        if not self._others or self._metric is None:
            return ()
        if anew:
            self._rows, self._standing = [], (None,) * len(self._others)
        for row in rows:
            self._note(tuple(finite(row, name) for name in self._others))
            if finite(row, self._metric) is not None:
                self._rows.append(self._standing)
        return tuple(self._rows)

    def _note(self, found: Values) -> None:
        before = self._standing
        self._standing = _first(found, before)
        if any(old is None and new is not None for old, new in zip(before, self._standing, strict=True)):
            self._rows = [_first(each, self._standing) for each in self._rows]


def _first(one: Values, other: Values) -> Values:
    """Those of `one`, and where it has none those of `other`."""
    return tuple(b if a is None else a for a, b in zip(one, other, strict=True))
