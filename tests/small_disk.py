"""A disk that is really full: a file system of a few MiB, where this user may mount one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BALLAST = "ballast"


@contextmanager
def small_disk(place: Path, size: str = "1m") -> Iterator[None]:
    """So much at `place`, an empty directory; the test is skipped where this user may not mount."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip("this user may not mount a small file system to fill up")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(directory: Path) -> None:
    """Leave not a byte."""
    with (directory / BALLAST).open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


def make_room(directory: Path) -> None:
    """Take back what `fill` took."""
    (directory / BALLAST).unlink(missing_ok=True)
