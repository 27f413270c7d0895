"""The output of a job: the whole, and following it while it grows."""

from __future__ import annotations

import select
from collections.abc import Iterator
from typing import Any, BinaryIO

from scheduler.errors import UserError
from scheduler.home import Home
from scheduler.launcher.client import connect
from scheduler.launcher.log_cap import pieces
from scheduler.linux.inotify import IN_MODIFY, FolderWatch
from scheduler.queue.job import Attempt, Job
from scheduler.queue.store import Store
from scheduler.runner.recovery import StillThere, look, verdict

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


def whole(attempt: Attempt) -> Iterator[bytes]:
    """The output so far, in pieces."""
    with _opened(attempt) as file:
        for _, piece in pieces(file.fileno(), 0):
            yield _marked(piece)


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


def following(home: Home, attempt: Attempt) -> Iterator[bytes]:
    """The output so far and all that is still to come, until the attempt's processes are gone."""
    line = connect(home, attempt.launcher)
    with _opened(attempt) as file, FolderWatch(IN_MODIFY, attempt.log.parent) as watch:
        over, place = False, 0
        while True:
            # Asked before reading: what was written before the end is then read after it.
            over = over or not isinstance(verdict(attempt.name, look(home, attempt)), StillThere)
            for after, piece in pieces(file.fileno(), place):
                place = after
                yield _marked(piece)
            if over:
                break
            sources: list[Any] = [watch, line] if line else [watch]
            readable, _, _ = select.select(sources, [], [], TICK)
            watch.drain()
            if line in readable and line and not line.receive()[1]:
                line = None
