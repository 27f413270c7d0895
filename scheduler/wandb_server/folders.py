"""The folder of a run: the posts that its client has sent, as they came, and its files. The server writes it, a seat reads it.

HOME/wandb/runs/DIGEST/posts.jsonl    one post a line, in single appends; what is there has been answered
                       files/...      what was uploaded, whole or not there
                       seat.json      what its seat lets the process that computes have; locked while anybody sits there
                       stop           a seat asks that the run be stopped
                       left           its seat has heard that it is over, and goes
                       entered        the command of an agent has begun; locked while it, or what it has started, is there
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from scheduler.linux.locks import is_locked
from scheduler.tracking.appending import JsonLines
from scheduler.tracking.metric_log import parsed
from scheduler.values import dataclass

POSTS, FILES, SEAT, STOP, ENTERED, LEFT = "posts.jsonl", "files", "seat.json", "stop", "entered", "left"
PIECE = 1 << 20  # bytes that are read at once


@dataclass(frozen=True)
class RunId:
    """The names by which W&B knows a run."""

    entity: str
    project: str
    run: str

    @property
    def digest(self) -> str:
        """Safe as the name of a folder, whatever the names are."""
        return hashlib.sha256(json.dumps([self.entity, self.project, self.run]).encode()).hexdigest()[:32]

    def __str__(self) -> str:
        return f"{self.entity}/{self.project}/{self.run}"


def root_of(home: Path) -> Path:
    """Where all that belongs to the server lies."""
    return home / "wandb"


class Folder:
    """The folder of one run. Making the value touches nothing."""

    def __init__(self, home: Path, run: RunId) -> None:
        self.path = root_of(home) / "runs" / run.digest
        self.run = run

    @property
    def posts(self) -> Path:
        return self.path / POSTS

    @property
    def stop(self) -> Path:
        return self.path / STOP

    @property
    def seat(self) -> Path:
        return self.path / SEAT

    @property
    def left(self) -> Path:
        return self.path / LEFT

    @property
    def entered(self) -> Path:
        return self.path / ENTERED

    def has_left(self) -> bool:
        """Whether the command of an agent has begun, and is over."""
        return self.entered.exists() and not is_locked(self.entered)

    def is_there(self) -> bool:
        return self.posts.exists()

    def make(self) -> None:
        (self.path / FILES).mkdir(mode=0o700, parents=True, exist_ok=True)

    def append(self, post: Mapping[str, Any]) -> None:
        """Keep a post. OSError without room: then nothing of it counts."""
        lines = JsonLines(self.posts)
        try:
            lines.append(post)
        finally:
            lines.close()

    def heard(self) -> None:
        """Its client has been heard of, and has said nothing new."""
        with contextlib.suppress(OSError):
            os.utime(self.posts)

    def file(self, name: str) -> Path | None:
        """Where a file of this name lies, or None where the name leads out of the folder."""
        parts = PurePosixPath(name).parts
        bad = not parts or name.startswith("/") or "\0" in name or any(part in ("..", ".") for part in parts)
        path = self.path / FILES / PurePosixPath(*parts) if parts else self.path
        if bad or len(os.fsencode(str(path))) > 4000 or any(len(os.fsencode(part)) > 255 for part in parts):
            return None
        return path


class Posts:
    """Reads the posts of a folder while they come."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset, self._rest = path, 0, b""

    def read(self) -> Iterator[dict[str, Any]]:
        """Those whose lines ended since the last call."""
        try:
            file = self._path.open("rb", buffering=0)
        except FileNotFoundError:
            return
        with file:
            file.seek(self._offset)
            while piece := file.read(PIECE):
                self._offset += len(piece)
                *lines, self._rest = (self._rest + piece).split(b"\n")
                yield from filter(None, map(parsed, lines))
