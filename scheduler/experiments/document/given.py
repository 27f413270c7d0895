"""What a program says in place of a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from scheduler.errors import Place, UserError
from scheduler.experiments.document import json_reader
from scheduler.experiments.document.document import Document
from scheduler.experiments.document.limits import DEFAULT
from scheduler.experiments.document.marks import Mark


def document_of(value: Mapping[str, Any], name: str) -> Document:
    """The same as a file that says it; errors have no place in it but the `name`. UserError for what no file can say."""
    try:
        text = json.dumps(dict(value), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        next_step = "write texts, numbers, truth values, None, lists and dicts"
        raise UserError(f"this cannot be written to a file: {error}", where=Place(name), next_step=next_step) from None
    return Document(name, json_reader.parse(text, name, DEFAULT), lambda: Mark(0, 0))
