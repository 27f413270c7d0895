"""A file of JSON lines that a training appends to. Its disk may be full, and it may be killed at any moment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class JsonLines:
    """Appends objects to a private file. Each is one write, so a reader never sees half of one that has a newline."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._torn = False

    def append(self, row: Mapping[str, Any]) -> None:
        """OSError if there is no room; what was written of the line then is no row, and spoils none that comes later."""
        line = (b"\n" if self._torn else b"") + json.dumps(row).encode() + b"\n"
        self._torn = True
        written = os.write(self._fd, line)
        if written == len(line) or os.write(self._fd, line[written:]) == len(line) - written:
            self._torn = False

    def close(self) -> None:
        """Nothing can be appended any more."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
