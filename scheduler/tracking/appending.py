"""A file of JSON lines that a training appends to. Its disk may be full, and it may be killed at any moment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class JsonLines:
    """Appends objects to a private file, which is made with the first of them. Each is one write, so a reader never sees half of
    one that has a newline."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = -1
        self._torn = False  # the file ends in half a line

    def append(self, row: Mapping[str, Any]) -> None:
        """OSError if there is no room; what was written of the line then is no row, and spoils none that comes later."""
        if self._fd < 0:
            self._open()
        line = (b"\n" if self._torn else b"") + json.dumps(row).encode() + b"\n"
        try:
            while line:
                written = os.write(self._fd, line)
                self._torn, line = line[written - 1 : written] != b"\n", line[written:]
        except OSError as error:
            error.filename = str(self.path)
            raise

    def close(self) -> None:
        """What is appended after this opens the file again."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _open(self) -> None:
        """Whoever wrote before may have been killed, or have had no room, amid a line."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        size = os.fstat(self._fd).st_size
        self._torn = size > 0 and os.pread(self._fd, 1, size - 1) != b"\n"
