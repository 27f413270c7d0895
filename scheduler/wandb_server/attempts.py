"""Runs that jobs of ours log at this server: no job of their own, but what they show and save beside the logs of their attempt.

Their rows are not written there: they are read from the transaction log that the client keeps in the attempt's directory.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

from scheduler.queue.store import Store
from scheduler.wandb_server.folders import FILES, Folder, Posts, RunId
from scheduler.wandb_server.jobs import attempt_called
from scheduler.wandb_server.posts import Told
from scheduler.wandb_server.shown import Shown

OPEN = 64  # runs whose logs are held open; of the others they are read again


class _Beside:
    """One run and the directory of its attempt."""

    def __init__(self, folder: Folder, attempt: str, directory: Path) -> None:
        self._posts, self._told, self._attempt, self._directory = Posts(folder.posts), Told(), attempt, directory
        self._shown = Shown(folder, directory, f"{FILES}/{folder.run.digest[:8]}")

    def look(self) -> None:
        """OSError without room."""
        if not self._directory.is_dir():  # the job was removed
            return
        for post in self._posts.read():
            news = self._told.take(post)
            if self._told.attempt == self._attempt:  # a run that is resumed has rows of earlier attempts
                for row in news.rows:
                    self._shown.take(row)
        self._shown.keep()
        if self._told.is_over:
            self._shown.keep_files()

    def close(self) -> None:
        self._shown.close()


class Attempts:
    """Of any thread."""

    def __init__(self) -> None:
        self._open: OrderedDict[tuple[RunId, str], _Beside] = OrderedDict()
        self._lock = threading.Lock()

    def look(self, store: Store, folder: Folder, told: Told) -> None:
        """There is news of a run that an attempt logs. Without room it is written with the next."""
        key = (folder.run, told.attempt)
        with self._lock:
            if key not in self._open:
                found = attempt_called(store, told.attempt)
                if found is None:
                    return
                self._open[key] = _Beside(folder, told.attempt, Path(found[1].directory))
            self._open.move_to_end(key)
            try:
                self._open[key].look()
            except OSError:
                self._forget(key)
            while len(self._open) > OPEN:
                self._forget(next(iter(self._open)))

    def _forget(self, key: tuple[RunId, str]) -> None:
        with suppress(OSError):
            self._open.pop(key).close()
