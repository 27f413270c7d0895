"""Values that stand in rows: how they look in a notebook, and as a DataFrame."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, TypeVar

from scheduler.experiments.configurations.configurations import leaves
from scheduler.report import notebook
from scheduler.report.tables import print_table

SHOWN = 50  # rows of a table in a notebook
Row = TypeVar("Row")


class Rows(Sequence[Row]):
    """Some values, never changed, that show themselves as a table."""

    def __init__(self, items: Sequence[Row], rows: Sequence[Mapping[str, str]]) -> None:
        self._items, self._rows = tuple(items), tuple(rows)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._items == other._items

    def __hash__(self) -> int:
        return hash(self._items)

    def __repr__(self) -> str:
        text = io.StringIO()
        print_table(self._rows[:SHOWN], text)
        more = len(self) - SHOWN
        return (text.getvalue() + (f"... and {more:,} more" if more > 0 else "")).rstrip() or f"no {type(self).__name__.lower()}"

    def _repr_html_(self) -> str:
        if not self:
            return f"<p>{escape(repr(self))}</p>"
        return notebook.table(self._rows[:SHOWN], len(self) - SHOWN)


def flat(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The leaves of a nested mapping, by dotted names that begin with `prefix`."""
    return {".".join((prefix, *path)): value for path, value in leaves(values)}


def frame(rows: Sequence[Mapping[str, Any]]) -> Any:
    """A pandas.DataFrame. ImportError where there is no pandas."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError("to_pandas() needs pandas, which is not installed here: pip install pandas") from error
    return pandas.DataFrame(list(rows))
