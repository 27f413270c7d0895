"""Where the parts of a text stand: what the readers of JSON and YAML note, and a document looks up."""

from __future__ import annotations

from dataclasses import dataclass, field

Key = str | int


@dataclass
class Mark:
    """Where a value begins (line and column from 1), where its keys begin, and the marks of what it holds."""

    line: int
    column: int
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    children: dict[Key, Mark] = field(default_factory=dict)
