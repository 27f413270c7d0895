"""What a metric log says in the end, without reading again what was read before.

Rows of the same shape (the same names, numbers left out) differ in their numbers only, and of these the last counts: so of each
block the last row of each shape is parsed and no other. What a large log has said so far is kept in a small file beside it, with
the place up to which it was read; it is written anew when the log is no longer the one that was read.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

from scheduler.shortage import is_short
from scheduler.tracking import metric_log
from scheduler.tracking.logged import flat
from scheduler.tracking.metric_log import Objective, Outcome
from scheduler.tracking.readers.appended import opened

BLOCK = 1 << 20  # bytes read at once, and the longest line that is a row
WORTH = 1 << 18  # bytes: to read fewer again costs less than to keep what they said
MARK = 256  # bytes at each end of what was read, by which it is known again
KEPT = ".metrics-read.json"  # beside the log
# A number as JSON has it, after a name: without a backslash no name and no text can hold `":`. (Of more digits none can be read.)
_NUMBER = re.compile(rb'":\s?-?(?:0|[1-9]\d{0,999})(?:\.\d+)?(?:[eE][-+]?\d+)?(?=[,}])')


@dataclass
class _Reading:
    """What was read of a log so far."""

    offset: int = 0
    size: int = 0
    changed: int = 0  # when the log was last written, in nanoseconds, as its file system says
    inode: int = 0
    mark: str = ""
    last: dict[str, Any] = field(default_factory=dict)
    objective: Objective | None = None
    rows: int = 0

    def take(self, block: bytes) -> None:
        """Take in whole lines."""
        lines = block.split(b"\n")
        shapes = lines if b"\\" in block else _NUMBER.sub(b'":', block).split(b"\n")
        counts, places = Counter(shapes), dict(zip(shapes, range(len(shapes)), strict=True))
        found = {shape: metric_log.parsed(lines[place]) or {} for shape, place in places.items()}
        for shape, row in found.items():  # in the order of their first appearance, in which the names are told
            self.rows += counts[shape] if metric_log.metrics_of(row) else 0
            for name, value in flat(row):
                self.last.setdefault(name, value)
        for shape, _ in sorted(places.items(), key=itemgetter(1)):
            self.last.update(flat(found[shape]))
            self.objective = metric_log.objective_of(found[shape]) or self.objective

    def outcome(self) -> Outcome:
        return Outcome(self.last, self.objective, self.rows)


def read(path: Path) -> Outcome:
    """What the log at `path` says so far. Nothing where there is none, or where it cannot be read: a folder of that name, a pipe,
    a disk that fails; one job must not hide all others. OSError where the machine lacks something for a while."""
    try:
        return _read(path)
    except OSError as error:
        if is_short(error):
            raise
        return Outcome()


def _read(path: Path) -> Outcome:
    with opened(path) as file:
        status = os.fstat(file.fileno())
        found = _resumed(path, file, status) if status.st_size > WORTH else _Reading()
        begun = found.offset
        _read_on(file, found)
        if found.offset - begun > WORTH:
            found.size, found.changed, found.inode = status.st_size, status.st_mtime_ns, status.st_ino
            found.mark = _mark(file, found.offset)
            _keep(path.parent / KEPT, found)
    return found.outcome()


def _read_on(file: BinaryIO, found: _Reading) -> None:
    """A line that is not whole yet is left for the next time; one that is longer than BLOCK is passed over."""
    rest, too_long = b"", False
    file.seek(found.offset)
    while block := file.read(BLOCK):
        whole, newline, after = (rest + block).rpartition(b"\n")
        if not newline:
            too_long = too_long or len(after) > BLOCK
            rest = b"" if too_long else after
            continue
        found.take(whole.partition(b"\n")[2] if too_long else whole)
        rest, too_long = after, False
        found.offset = file.tell() - len(rest)


def _resumed(path: Path, file: BinaryIO, status: os.stat_result) -> _Reading:
    """What was kept of this log; an empty reading where that is none, or of another log."""
    try:
        kept: Mapping[str, Any] = json.loads((path.parent / KEPT).read_bytes())
        objective = Objective(*kept["objective"]) if kept["objective"] else None
        found = _Reading(**{**kept, "objective": objective})
        untouched = status.st_size > found.size or (status.st_size == found.size and status.st_mtime_ns == found.changed)
        if untouched and status.st_ino == found.inode and _mark(file, found.offset) == found.mark:
            return found
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        pass  # none, or half of one: it can always be made anew
    return _Reading()


def _mark(file: BinaryIO, offset: int) -> str:
    ends = os.pread(file.fileno(), MARK, 0) + os.pread(file.fileno(), MARK, max(0, offset - MARK))
    from hashlib import sha256  # with OpenSSL; a small log is read again

    return sha256(ends).hexdigest()


def _keep(path: Path, found: _Reading) -> None:
    """Whole or not at all. No room or no right to write is no error: then all is read again."""
    values = {**found.__dict__, "objective": [found.objective.name, found.objective.goal] if found.objective else None}
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError, ValueError):
        text = json.dumps(values)
        try:
            draft.write_text(text)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
