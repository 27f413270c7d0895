"""The other end of `--sync`: what a tree of files needs here, whether that may be, and its placing once rsync has brought it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from scheduler.actions.opening import opened_queue
from scheduler.errors import StateError
from scheduler.failpoints import reach
from scheduler.home import Home
from scheduler.hosted.copies import FOLDER, Copy, Record, changed_there, named
from scheduler.hosted.pipe import Pipe
from scheduler.hosted.placing import place, tidy
from scheduler.hosted.steps import Steps, steps
from scheduler.queue.states import ACTIVE, State, in_sql
from scheduler.ssh.same_code import differs
from scheduler.terminal import say

HOSTED = "hosted"
Files = Mapping[str, str]


def serve(home: Path, pipe: Pipe, told: dict[str, Any], data: bytes) -> None:
    """Have the folder `root` be as over there. StateError where it may not be, or cannot."""
    wanted: Files = json.loads(data)
    _refuse_names(wanted)
    copy = Copy(home, told["root"])
    with copy.lock() as lock:
        alone = _take(lock)
        try:
            _bring(_Sync(home, copy, told, wanted), pipe, lock, alone=alone)
        except OSError as error:
            raise StateError(f"{copy.root}: {error.strerror or error}", next_step="once that is mended, run it again") from error


def _bring(sync: _Sync, pipe: Pipe, lock: int, *, alone: bool) -> None:
    found = sync.look()
    if not found.none:
        if not alone and not _take(lock, wait=False):
            raise StateError(f"another run uses its {sync.copy.root} with other code", next_step="wait for its end")
        sync.refuse_while_jobs_run()
        pipe.send({"is": "wants", "into": sync.make_room(), "rsync": shutil.which("rsync")}, json.dumps(found.write).encode())
        if not pipe.receive()[0]:  # it has given up
            return
        sync.write(found)
    else:
        sync.note()
    pipe.send({"is": "done", "written": len(found.write), "deleted": len(found.delete)})


class _Sync:
    def __init__(self, home: Path, copy: Copy, told: dict[str, Any], wanted: Files) -> None:
        self.copy, self._home, self._told, self._wanted = copy, home, told, wanted
        self._record = copy.record()

    @property
    def _is_ours(self) -> bool:
        """A folder that is not there, or in which nothing is, can become ours."""
        made = self._record is not None and self._record.made
        return (made or not _has_something(self.copy.root)) and not self.copy.is_checkout

    @property
    def _ours(self) -> dict[str, set[str]]:
        return self._record.ours if self._record else {}

    def look(self) -> Steps:
        """What is to be done. StateError where the folder, or something in it, is not ours to change."""
        if self.copy.is_checkout:
            return self._of_a_checkout()
        found = self._steps()
        if not self._is_ours and not found.none:
            other = named([*found.foreign, *found.write])
            what = f"it has a {self.copy.root} that no sync has made, and which is another than that of here ({other})"
            raise StateError(what, next_step="move it aside there; what of it belongs beside the code can go back in afterwards")
        if found.foreign:
            raise StateError(
                changed_there(self.copy.root, found.foreign),
                next_step="bring here what is wanted of that and remove those files there; have git ignore here what jobs write",
            )
        return found

    def _of_a_checkout(self) -> Steps:
        if why := differs(self._told["directory"], self._told["commit"], self._told["changes"]):
            raise StateError(why, next_step="or move that checkout aside, which --sync leaves alone")
        return Steps()

    def _steps(self) -> Steps:
        there = {name: self.copy.at(name) for name in {*self._wanted, *self._ours}}
        within = {name: _files_in(self.copy.root, name) for name in self._wanted if there[name] == FOLDER}
        return steps(there, within, self._wanted, self._ours)

    def refuse_while_jobs_run(self) -> None:
        """What has begun with this code ends with it, whoever started it here."""
        if running := _jobs_in(self._home, self.copy.root):
            what = f"its {self.copy.root} is another than that of here, and jobs run in it: {named(running)}"
            raise StateError(what, next_step="wait for their end, or `exp-queue cancel` them")

    def make_room(self) -> str:
        """A folder of its own: the rsync of a sync that was killed may still write into another."""
        for left in self.copy.place.glob("incoming*"):
            shutil.rmtree(left, ignore_errors=True)
        self.copy.incoming = Path(tempfile.mkdtemp(prefix="incoming-", dir=self.copy.place))
        return str(self.copy.incoming)

    def write(self, found: Steps) -> None:
        """Put what has come into its place; first it is written down which files that will be."""
        incoming = Copy(self._home, str(self.copy.incoming))
        if other := [name for name in found.write if incoming.at(name) != self._wanted[name]]:
            raise StateError(f"{named(other)} changed while the files were sent", next_step="run it again")
        before = self._record or Record(str(self.copy.root), True, "", "", {})
        tidy(self.copy.root, before.coming)
        others, coming = self._others(), dict(self._wanted)
        self._record = replace(before, made=True, files=self._left(before), coming=coming, others=others, whole=False)
        if self._steps() != found:
            raise StateError(f"somebody writes into its {self.copy.root}", next_step="run it again")
        self.copy.keep(self._record)
        reach("files-promised")
        place(self.copy, found, self._wanted, self._ours)
        self.note()
        shutil.rmtree(self.copy.incoming, ignore_errors=True)

    def _left(self, before: Record) -> Files:
        """What is there of earlier syncs: of one that was cut, some files are older than others."""
        return {name: what for name, ours in before.ours.items() if (what := self.copy.at(name)) in ours}

    def _others(self) -> list[str]:
        """What is wanted, was there all the same, and is not to be deleted when it vanishes over there."""
        strange = self._wanted.keys() - self._ours.keys()
        return sorted(name for name in strange if self.copy.at(name) == self._wanted[name])

    def note(self) -> None:
        """The folder is as over there now."""
        if not self.copy.is_checkout:
            Path(self._told["directory"]).mkdir(parents=True, exist_ok=True)
            told = {name: self._told[name] for name in ("root", "commit", "changes")}
            self.copy.keep(Record(**told, made=self._is_ours, files=self._wanted, others=self._others()))


def _take(lock: int, *, wait: bool = True) -> bool:
    """Whether we have it alone; else others use the folder, and so do we."""
    with suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    if wait:
        fcntl.flock(lock, fcntl.LOCK_SH)
    return False


def _refuse_names(files: Files) -> None:
    for name in files:
        if not name or name.startswith("/") or "\0" in name or {"", ".", "..", ".git"} & set(name.split("/")):
            raise StateError(f"a tree has a file {name!r}, which is no name of one")


def _has_something(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except FileNotFoundError:
        return os.path.lexists(folder)


def _files_in(root: Path, name: str) -> list[str]:
    """Everything below that is no folder."""
    found = []
    for folder, below, names in os.walk(root / name):
        links = [each for each in below if Path(folder, each).is_symlink()]
        found += [os.path.relpath(Path(folder, each), root) for each in (*names, *links)]
    return found


def _jobs_in(home: Path, root: Path) -> list[str]:
    """Those that run there, or are about to."""
    found = []
    for queue in (home, *sorted((home / HOSTED).glob("*"))):
        if Home(queue).database.exists():
            states = ACTIVE if queue == home else ACTIVE | {State.QUEUED}
            with opened_queue(say, queue) as store:
                jobs = store.jobs(f"state IN {in_sql(states)}")
            found += [job.id[:8] for job in jobs if Path(job.cwd).is_relative_to(root)]
    return found
