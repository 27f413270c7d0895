"""Two folders that stand for the same place on two machines, and the other end of `--sync` between them; a copy stands for rsync.

two.bring()      # (2, 1): two files written there, one deleted
"""

from __future__ import annotations

import json
import os
import select
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scheduler.errors import StateError, UserError
from scheduler.home import open_home
from scheduler.hosted.copies import differs_here
from scheduler.hosted.pipe import Pipe
from scheduler.hosted.syncing import serve
from scheduler.ssh.tree import tree_around
from scheduler.ssh.wire import PROTOCOL, Frame, Frames, frame
from tests.git_checkouts import checkout, git
from tests.waiting import in_time

IGNORED = "data\n__pycache__\n"


@dataclass
class Call:
    """A line to the other machine, of which only its files are known."""

    to_them: int
    from_them: int
    frames: Frames = field(default_factory=lambda: Frames(magic=True))

    def says(self, message: dict[str, Any], data: bytes = b"") -> None:
        os.write(self.to_them, frame(message, data))

    def hears(self) -> Frame | None:
        """The next message; None where the line has ended."""
        while not (found := self.frames.take(data := self._read())):
            if not data:
                return None
        return found[0]

    def _read(self) -> bytes:
        assert select.select([self.from_them], [], [], 100)[0], "nothing was said for 100 s"
        return os.read(self.from_them, 1 << 16)


@dataclass
class Two:
    """`here`: a checkout; `there`: its place on the other machine, whose state directory is `home`."""

    here: Path
    there: Path
    home: Path

    def words(self) -> tuple[dict[str, Any], bytes]:
        tree = tree_around(str(self.here), self.home)
        told = {"root": str(self.there), "directory": str(self.there), "commit": tree.commit, "changes": tree.changes}
        return {"do": "sync", "protocol": PROTOCOL, **told}, json.dumps(tree.files).encode()

    def copy(self, message: dict[str, Any], data: bytes) -> None:
        """As rsync."""
        for name in json.loads(data):
            path = Path(message["into"], name)
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.here / name, path, follow_symlinks=False)

    def bring(self, meanwhile: Callable[[], object] = lambda: None) -> tuple[int, int]:
        """How many files were written and deleted. `meanwhile`: between their coming and their placing."""
        call, end = opened(self.home, *self.words())
        try:
            answer = call.hears()
            assert answer
            if answer[0]["is"] == "wants":
                self.copy(*answer)
                meanwhile()
                call.says({"do": "sent"})
                answer = call.hears()
                assert answer
            if answer[0]["is"] == "refused":
                raise StateError(answer[0]["text"])
            return answer[0]["written"], answer[0]["deleted"]
        finally:
            end()

    def differs(self) -> str:
        told, _ = self.words()
        return differs_here(self.home, told["directory"], told["commit"], told["changes"])

    def found(self) -> dict[str, str]:
        """What is there, by its names."""
        paths = [path for path in self.there.rglob("*") if path.is_symlink() or not path.is_dir()]
        return {name: text_of(path) for path in paths if (name := str(path.relative_to(self.there)))[:5] != ".git/"}


def opened(home: Path, told: dict[str, Any], data: bytes) -> tuple[Call, Callable[[], None]]:
    """A line at whose other end the sync is served, and what ends it."""
    theirs, to_them = os.pipe()
    from_them, ours = os.pipe()
    pipe = Pipe(theirs, ours)

    def served() -> None:
        try:
            serve(home, pipe, told, data)
        except UserError as error:
            pipe.send({"is": "refused", "text": str(error)})
        finally:
            os.close(ours)

    thread = threading.Thread(target=served, daemon=True)
    thread.start()

    def end() -> None:
        os.close(to_them)
        in_time(thread.join)
        for each in (theirs, from_them):
            os.close(each)

    return Call(to_them, from_them), end


def text_of(path: Path) -> str:
    return f"-> {path.readlink()}" if path.is_symlink() else path.read_text()


def two_machines(folder: Path) -> Two:
    """train.py and model.py are committed here; data/ is ignored."""
    here = checkout(folder / "here", train="print('one')\n", model="size = 1\n")
    (here / ".gitignore").write_text(IGNORED)
    git(here, "add", ".")
    git(here, "commit", "-q", "-m", "second")
    return Two(here, folder / "there" / "project", open_home(folder / "home").root)
