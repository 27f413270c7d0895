"""A metric as a number or a text of Python's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def plain(name: str, value: Any) -> bool | int | float | str:
    """A number, a text, or the one element of an array or a tensor. TypeError, which names the metric, for anything else."""
    try:
        found = value.item() if hasattr(value, "item") else value
    except (ValueError, RuntimeError):  # NumPy's and PyTorch's words for more than one
        found = value
    if not isinstance(found, (bool, int, float, str)):
        raise TypeError(f'the metric "{name}" is a {type(value).__name__}; log numbers or texts')
    return found


def flattened(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Nested values by one name each.

    >>> list(flattened({"loss": 1, "val": {"loss": 2, "cer": 3}}))
    [('loss', 1), ('val.loss', 2), ('val.cer', 3)]
    """
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flattened(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value
