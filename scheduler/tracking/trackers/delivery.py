"""A tracker in a thread of its own, so that a slow one never holds up a training, and one that fails never ends it.

What a training logs waits in a queue of bounded size; where that is full, rows are dropped and counted. The order is kept. The
queue has no lock that a forked child could find held: in a child, which has no such thread, every call does nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import copy
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from scheduler.terminal import say
from scheduler.tracking.media import Image, Shown, Table
from scheduler.tracking.tracker import Listener

ROOM = 20_000  # rows that may wait: some 20 MB; an image counts as one for each 4 KiB
OPENING = 10.0  # seconds in which a tracker is opened before the training goes on meanwhile
PATIENCE = 30.0  # seconds in the end for what still waits
_PIECE = 4096


class Delivery:
    """A listener that passes everything on to the one that `opened` returns, which is called in the thread. It never raises.

    `name` is what people call the tracker; `comfort` says where what is lost can still be found.
    """

    def __init__(
        self,
        name: str,
        opened: Callable[[], Listener],
        *,
        comfort: str = "",
        room: int = ROOM,
        opening: float = OPENING,
        patience: float = PATIENCE,
        tell: Callable[[str], None] = say,
    ) -> None:
        self._name, self._comfort, self._room, self._patience, self._tell = name, comfort, room, patience, tell
        self._calls: SimpleQueue[tuple[str, tuple[Any, ...], int]] = SimpleQueue()
        self._taken, self._passed = 0, 0  # each written by one side only
        self._rows, self._dropped = 0, 0
        self._process, self._is_over, self._has_failed = os.getpid(), False, False
        self._is_open = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(opened,), name=f"exp-queue {name}", daemon=True)
        self._thread.start()
        self._is_open.wait(opening)
        # After the tracker's own: what comes last is called first, and the tracker is still there.
        atexit.register(self.finish)

    def log(self, values: Mapping[str, Any], step: int | None) -> None:
        self._offer("log", values, step)

    def predictions(self, rows: list[dict[str, Any]], images: list[Any] | None, step: int | None) -> None:
        size = sum(getattr(image, "nbytes", _PIECE) for image in images or ())
        if not self._is_full(size):  # arrays may be overwritten by the next batch
            rows, images = [dict(row) for row in rows], copy.deepcopy(images)
        self._offer("predictions", rows, images, step, size=size)

    def show(self, name: str, media: Shown, step: int | None) -> None:
        self._offer("show", name, media.copied() if isinstance(media, Table) else media, step, size=_size(media))

    def configure(self, values: Mapping[str, Any]) -> None:
        self._put("configure", dict(values))

    def summarize(self, values: Mapping[str, Any]) -> None:
        self._put("summarize", dict(values))

    def keep(self, path: Path, name: str) -> None:
        self._put("keep", path, name)

    def finish(self) -> None:
        """Wait for what is still to be delivered, `patience` seconds at most, and say what was not."""
        if self._is_over or os.getpid() != self._process:
            return
        atexit.unregister(self.finish)
        self._put("finish")
        self._is_over = True
        if not self._has_failed:
            self._thread.join(self._patience)
        for sentence in self._losses():
            self._tell(f"exp-queue: {sentence}{self._comfort}")

    def _losses(self) -> list[str]:
        found: list[str] = []
        if self._has_failed:
            return found
        if self._dropped:
            found.append(f"{self._name} was too slow: {self._dropped:,} of {self._rows:,} rows and pictures were not sent to it")
        if self._thread.is_alive():
            left = self._calls.qsize()
            what = f"{left:,} of the rows and pictures still wait" if left else "its end still waits"
            found.append(f"{self._name} did not take everything within {self._patience:g} s, and {what}")
        return found

    def _offer(self, what: str, *arguments: Any, size: int = 0) -> None:
        """Pass on what may be dropped."""
        if os.getpid() != self._process:
            return
        self._rows += 1
        if self._is_full(size):
            self._dropped += 1
        else:
            self._put(what, *arguments, weight=1 + size // _PIECE)

    def _is_full(self, size: int) -> bool:
        waiting = self._taken - self._passed
        return waiting > 0 and waiting + 1 + size // _PIECE > self._room

    def _put(self, what: str, *arguments: Any, weight: int = 0) -> None:
        if not (self._is_over or self._has_failed or os.getpid() != self._process):
            self._taken += weight
            self._calls.put((what, arguments, weight))

    def _run(self, opened: Callable[[], Listener]) -> None:
        listener = None
        try:
            try:
                listener = opened()
            finally:
                self._is_open.set()
            self._pass_on(listener)
        except BaseException as error:  # noqa: BLE001 (a client may raise anything, or want to end the process)
            self._give_up(error, listener)

    def _pass_on(self, listener: Listener) -> None:
        what = ""
        while what != "finish":
            what, arguments, weight = self._calls.get()
            getattr(listener, what)(*arguments)
            self._passed += weight

    def _give_up(self, error: BaseException, listener: Listener | None) -> None:
        self._has_failed = True
        reason = f"{type(error).__name__}: {error}".strip().rstrip(":")
        left = "cannot be opened" if listener is None else "has failed"
        self._tell(f"exp-queue: {self._name} {left}, and gets nothing more ({reason[:500]}); the training goes on{self._comfort}")
        while not self._calls.empty():
            self._calls.get()
        if listener and not self._is_over:
            with contextlib.suppress(BaseException):
                listener.finish()  # what has arrived is to be kept


def _size(media: Shown) -> int:
    """Bytes that its pictures hold."""
    if isinstance(media, Table):
        return sum(len(cell.content) for row in media.rows for cell in row if isinstance(cell, Image))
    return len(media.content) if isinstance(media, Image) else 0
