"""The files of an attempt as they come from its host, written where those of an attempt on this machine lie.

What is only appended to comes in pieces, each with its place: the same piece twice does no harm, whoever brings it. Any other
file comes whole, and has its name when all of it is there.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path, PurePosixPath

from scheduler.attempt_files import LOG
from scheduler.launcher import log_cap

FLAGS = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class Mirror:
    """The directory of one attempt. `cap`: bytes of its log that are kept; 0: all."""

    def __init__(self, directory: str, cap: int = 0) -> None:
        self._root, self._cap = Path(directory), cap
        self._coming: dict[str, Path] = {}

    def sizes(self) -> dict[str, int]:
        """What there is, by the path below the directory."""
        found = {}
        for folder, _, names in os.walk(self._root):
            for name in names:
                path = Path(folder, name)
                with suppress(OSError):  # another process has just renamed it: then all of it comes again
                    if not path.is_symlink():
                        found[str(path.relative_to(self._root))] = path.stat().st_size
        return found

    def append(self, path: str, at: int, data: bytes) -> None:
        """Bytes of a file that is appended to. ValueError for a path that leads elsewhere."""
        file = self._place(path)
        _write(file, at, data)
        if self._cap and path == LOG:
            log_cap.cut(file, self._cap)

    def cut(self, path: str, size: int) -> None:
        """So long is the file now: the end of it may be a hole."""
        descriptor = os.open(self._place(path), FLAGS, 0o600)
        try:
            os.ftruncate(descriptor, size)
        finally:
            os.close(descriptor)

    def piece(self, path: str, at: int, data: bytes, *, last: bool) -> None:
        """Bytes of a file that comes whole, in their order."""
        file = self._place(path)
        if at == 0:
            self._coming[path] = file.with_name(f".{secrets.token_hex(6)}.coming")
        if (new := self._coming.get(path)) is None:  # its beginning came over a line that has broken: it begins again
            return
        _write(new, at, data)
        if last:
            new.rename(file)
            del self._coming[path]

    def close(self) -> None:
        """Nothing more comes: what has not come whole is taken away."""
        for new in self._coming.values():
            with suppress(OSError):  # its folder is none any more; an end must not be lost over that
                new.unlink(missing_ok=True)
        self._coming.clear()

    def _place(self, path: str) -> Path:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or "\0" in path:
            raise ValueError(f"a host names a file {path!r}")
        file = self._root.joinpath(*parts)
        file.parent.mkdir(0o700, parents=True, exist_ok=True)
        return file


def _write(path: Path, at: int, data: bytes) -> None:
    descriptor = os.open(path, FLAGS, 0o600)
    try:
        while data:
            written = os.pwrite(descriptor, data, at)
            data, at = data[written:], at + written
    finally:
        os.close(descriptor)
