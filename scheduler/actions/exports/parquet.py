"""Rows as a Parquet file, by pyarrow, which is imported when it is used."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scheduler.actions.exports.texts import cell, sound
from scheduler.errors import UserError


def write(path: Path, names: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    """UserError without pyarrow."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        what = "a Parquet file is written by pyarrow, which is not installed here"
        raise UserError(what, next_step="pip install 'exp-queue[parquet]'") from error
    table = pyarrow.table({sound(name): sound(column([row.get(name) for row in rows])) for name in names})
    parquet.write_table(table, path)


def column(values: Sequence[Any]) -> list[Any]:
    """Values of one type, as Parquet has them: whole numbers, numbers, truth values, else texts. What is nested is JSON.

    >>> column([1, None, 2]), column([1, 0.5]), column([True, None]), column([1, "a", True]), column([[1], None])
    ([1, None, 2], [1.0, 0.5], [True, None], ['1', 'a', 'true'], ['[1]', None])
    """
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {bool} or kinds <= {str} or (kinds <= {int} and _fit(values)):
        return list(values)
    if kinds <= {int, float} and _finite_wholes(values):
        return [None if value is None else float(value) for value in values]
    return [value if value is None or isinstance(value, str) else _text(value) for value in values]


def _fit(values: Sequence[Any]) -> bool:
    return all(value is None or -(2**63) <= value < 2**63 for value in values)


def _finite_wholes(values: Sequence[Any]) -> bool:
    """Whether each is a number that a float may be."""
    return all(value is None or isinstance(value, float) or abs(value) < 1 << 1000 for value in values)


def _text(value: Any) -> str:
    return cell(value) if isinstance(value, (bool, int, float)) else json.dumps(value)
