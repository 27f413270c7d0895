"""The output of a job: the whole, and following it while it grows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import BinaryIO

from scheduler.errors import UserError
from scheduler.home import Home
from scheduler.launcher.client import connect
from scheduler.launcher.log_cap import pieces
from scheduler.linux.inotify import IN_MODIFY, FolderWatch
from scheduler.linux.readable import readable
from scheduler.queue.evidence import look
from scheduler.queue.job import Attempt, Job
from scheduler.queue.store import Store
from scheduler.runner.recovery import StillThere, verdict

BLOCK = 64 * 1024  # bytes that are searched at once, from the end backwards
TICK = 1.0  # for what no event tells: a launcher that is gone


def attempt_of(store: Store, job: Job, number: int | None) -> Attempt:
    """The attempt of that number, or the latest. UserError if there is none."""
    attempts = {attempt.number: attempt for attempt in store.attempts(job.id)}
    if not attempts:
        raise UserError(
            f"job {job.short_id} is {job.state} and has not run yet", next_step="`exp-queue status` shows how it stands"
        )
    if number is not None and number not in attempts:
        raise UserError(f"job {job.short_id} has no attempt {number}", next_step=f"it has {len(attempts)}")
    return attempts[number or max(attempts)]


def whole(attempt: Attempt, lines: int | None = None) -> Iterator[bytes]:
    """The output so far, in pieces, or its last `lines` lines."""
    with _opened(attempt) as file:
        for _, piece in pieces(file.fileno(), _beginning(file, lines)):
            yield _marked(piece)


def _beginning(file: BinaryIO, lines: int | None) -> int:
    """Where the last `lines` lines begin; 0 for None. A last line without an end counts as one."""
    if lines is None:
        return 0
    place = size = file.seek(0, os.SEEK_END)
    if lines == 0:
        return size
    missing = lines
    while place:
        start = max(0, place - BLOCK)
        block = os.pread(file.fileno(), min(place, size - 1) - start, start)  # the very last byte ends a line, if it is an end
        while missing > 0 and (found := block.rfind(b"\n")) >= 0:
            missing, block = missing - 1, block[:found]
            if not missing:
                return start + found + 1
        place = start
    return 0


def _opened(attempt: Attempt) -> BinaryIO:
    try:
        return attempt.log.open("rb")
    except FileNotFoundError as error:
        raise UserError(
            f"there is no log at {attempt.log}", next_step="the job has not started, or the file was removed"
        ) from error


def _marked(piece: bytes | int) -> bytes:
    """Bytes as they are; for a part that was left out a line that says how much."""
    return piece if isinstance(piece, bytes) else f"\n[... {piece:,} bytes were left out here ...]\n".encode()


def following(
    home: Home, attempt: Attempt, lines: int | None = None, *, leave: Callable[[], bool] = lambda: False
) -> Iterator[bytes]:
    """The output so far, or its last `lines` lines, and all that is still to come, until the attempt's processes are gone or,
    with TICK of delay, `leave` says so."""
    with _opened(attempt) as file, FolderWatch(IN_MODIFY, attempt.log.parent) as watch, ExitStack() as called:
        if line := connect(home, attempt.launcher):
            called.callback(line.close)
        over, place = False, _beginning(file, lines)
        while not leave():
            # Asked before reading: what was written before the end is then read after it.
            over = over or not isinstance(verdict(attempt.name, look(home, attempt)), StillThere)
            for after, piece in pieces(file.fileno(), place):
                place = after
                yield _marked(piece)
            if over:
                break
            ready = readable([watch, line] if line else [watch], TICK)
            watch.drain()
            if line and line.fileno() in ready and not line.receive()[1]:
                line = None
