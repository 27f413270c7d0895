"""Where a bench that is a command of its own makes its queues and its files: in one folder, which is gone with it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch() -> Iterator[Path]:
    """The folder, in which all temporary files of this process lie meanwhile. TMPDIR says where it is made."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="benchmarks-", ignore_cleanup_errors=True) as name:
        tempfile.tempdir = name
        try:
            yield Path(name)
        finally:
            tempfile.tempdir = before
