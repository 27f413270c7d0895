"""The files that a job's command and environment name: what they hold is in the queue too, and they are written anew where lost.

A script that does not find its point trains its own defaults, and says nothing. A launcher imports this, so it imports little.
"""

from __future__ import annotations

import os
from collections.abc import Mapping


def restore(files: Mapping[str, str]) -> list[str]:
    """Write each file, by its path, that does not hold its text; a sentence about each that was. OSError where one cannot be
    read or written."""
    told = []
    for path, text in files.items():
        found = _read(path)
        if found != text.encode():
            _write(path, text)
            told.append(f"{path} {'was gone' if found is None else 'was damaged'}, and was written anew from the queue")
    return told


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return file.read()
    except FileNotFoundError:
        return None


def _write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)  # noqa: PTH103, PTH120
    new = f"{path}.{os.getpid()}"  # another job that starts at this moment reads a whole file
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:  # noqa: PTH123
        file.write(text.encode())
    os.replace(new, path)  # noqa: PTH105
