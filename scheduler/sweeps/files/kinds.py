"""Which kind of file one is: told by its top level alone, before it is read."""

from __future__ import annotations

from scheduler.experiments.document.document import Document

METHODS = ("grid", "random", "bayes")


def is_sweep(document: Document) -> bool:
    """Whether a file is a sweep file. No experiments file has `method` or `parameters` at its top."""
    return isinstance(document.value, dict) and bool(document.value.keys() & {"method", "parameters"})


def is_list(document: Document) -> bool:
    """Whether all that a file asks for is known before anything has run: not where a sweep draws points or learns."""
    return not is_sweep(document) or dict(document.value).get("method") not in ("random", "bayes")  # type: ignore[call-overload]
