"""The runs that the server knows: each post is written down before it is answered, and what it says is folded."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from scheduler.failpoints import reach
from scheduler.wandb_server.folders import Folder, Posts, RunId, root_of
from scheduler.wandb_server.posts import Told

REMEMBERED = 512  # runs whose posts are folded in memory; the others are read again


class Runs:
    """Of any thread."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._told: OrderedDict[RunId, Told] = OrderedDict()
        self._lock = threading.Lock()
        self.asked_about: set[RunId] = set()  # somebody is about to go on with them

    def folder(self, run: RunId) -> Folder:
        return Folder(self._home, run)

    def tell(self, run: RunId, post: Mapping[str, Any]) -> Told:
        """Keep a post; returns all that is known of the run then. OSError without room: the post does not count."""
        folder = self.folder(run)
        with self._lock:
            told = self._known(run)
            if not folder.is_there():
                folder.make()
                self._keep(folder, told, {"run": [run.entity, run.project, run.run], "at": time.time()})
            self._keep(folder, told, post)
            reach("post-kept")
            return told

    @staticmethod
    def _keep(folder: Folder, told: Told, post: Mapping[str, Any]) -> None:
        folder.append(post)
        told.take(post)

    def told(self, run: RunId) -> Told | None:
        """What is known of a run; None where nothing is."""
        if not self.folder(run).is_there():
            return None
        with self._lock:
            return self._known(run)

    def start_over(self, run: RunId) -> None:
        """Another run takes the name of one that is over; what that one has told stays beside it."""
        posts = self.folder(run).posts
        with self._lock:
            self._told.pop(run, None)
            posts.replace(posts.with_name(f"before-{time.time_ns()}.jsonl"))

    def unless_over(self, run: RunId) -> None:
        """Ask for the end of a run, if it goes on: its client hears it with the next answer. Without room it goes on in vain."""
        told = self.told(run)
        if told and not told.is_over:
            with suppress(OSError):
                self.folder(run).stop.touch(mode=0o600)

    def of_project(self, entity: str, project: str) -> Iterator[tuple[RunId, Told]]:
        """All runs of a project, the oldest first."""
        found = []
        for path in root_of(self._home).glob("runs/*/posts.jsonl"):
            first = next(Posts(path).read(), {}).get("run")
            if isinstance(first, list) and first[:2] == [entity, project] and len(first) == 3:
                run = RunId(*map(str, first))
                if told := self.told(run):
                    found.append((self.began(run, told), run, told))
        yield from ((run, told) for _, run, told in sorted(found, key=lambda each: each[0]))

    def began(self, run: RunId, told: Told) -> float:
        """When it was first heard of, in seconds since 1970."""
        return told.began or self.folder(run).path.stat().st_ctime  # runs of earlier versions do not say it

    def _known(self, run: RunId) -> Told:
        if run not in self._told:
            told = Told()
            for post in Posts(self.folder(run).posts).read():
                told.take(post)
            self._told[run] = told
            while len(self._told) > REMEMBERED:
                self._told.popitem(last=False)
        self._told.move_to_end(run)
        return self._told[run]
