"""Folders that `--sync` has brought here. A record of each lies below the state directory: which files were written, and what was
in them. By it a file that a person has changed since is told from one of ours."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, field
from pathlib import Path

from scheduler.ssh.same_code import differs, what_is_at
from scheduler.values import dataclass

ROOM = "synced"
FOLDER, BELOW, STRANGE = "folder", "below ", "no file"  # what is somewhere, beside what `what_is_at` says
MOST_NAMED = 5


@dataclass(frozen=True)
class Record:
    """Of the folder `root`. `made`: it is ours; else it was there, with the same files, and nothing is ever written to it.
    `commit`, `changes`: the code that it is. `files`: what is in them; `coming`: what is just being written; `others`: those of
    them that were there already."""

    root: str
    made: bool
    commit: str
    changes: str
    files: Mapping[str, str]
    coming: Mapping[str, str] = field(default_factory=dict)
    others: Sequence[str] = ()
    whole: bool = True

    @property
    def ours(self) -> dict[str, set[str]]:
        """What may be in each file without that a person has written it."""
        names = {*self.files, *self.coming} - set(self.others) if self.made else set()
        return {name: {found[name] for found in (self.files, self.coming) if name in found} for name in names}


class Copy:
    """The folder `root`, and what is kept of it below the state directory `home`."""

    def __init__(self, home: Path, root: str) -> None:
        self.root = Path(root)
        self.place = home / ROOM / hashlib.sha256(os.fsencode(root)).hexdigest()[:32]
        self.incoming = self.place / "incoming"
        self._record = self.place / "record.json"

    @property
    def is_checkout(self) -> bool:
        return os.path.lexists(self.root / ".git")

    def record(self) -> Record | None:
        """None where no sync has ever come here."""
        try:
            return Record(**json.loads(self._record.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def keep(self, record: Record) -> None:
        """Write it down: whole, or not at all."""
        new = self._record.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps(asdict(record)), encoding="utf-8")
        new.replace(self._record)

    @contextmanager
    def used(self) -> Iterator[None]:
        """Meanwhile the code there stays what it is. Waits for the end of a sync."""
        with self.lock() as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            yield

    @contextmanager
    def lock(self) -> Iterator[int]:
        """The descriptor of the file whose lock those share who use the folder, and who changes it has alone."""
        self.place.mkdir(0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.place / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def at(self, name: str) -> str:
        """What is there: "" for nothing, FOLDER, BELOW and the name of what stands in the way; else as `what_is_at`."""
        if stands := self._in_the_way(name):
            return BELOW + stands
        path = self.root / name
        try:
            return FOLDER if stat.S_ISDIR(path.lstat().st_mode) else what_is_at(path)
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except OSError:
            return STRANGE

    def changed(self, files: Mapping[str, str]) -> list[str]:
        """Those that are not as they were written."""
        return [name for name, what in files.items() if self.at(name) != what]

    def _in_the_way(self, name: str) -> str:
        """The first part of the way that is no folder: no link is followed out of the tree."""
        for at, char in enumerate(name):
            if char == "/":
                try:
                    if not stat.S_ISDIR((self.root / name[:at]).lstat().st_mode):
                        return name[:at]
                except FileNotFoundError:
                    return ""
        return ""


def copy_around(home: Path, directory: str) -> Copy | None:
    """What `--sync` has brought here and `directory` lies in; None where there is nothing, or it is a checkout by now."""
    for folder in (Path(directory), *Path(directory).parents):
        copy = Copy(home, str(folder))
        if copy.is_checkout:
            return None
        if copy.record():
            return copy
    return None


def differs_here(home: Path, directory: str, commit: str, changes: str) -> str:
    """As `same_code.differs`; without git, of what `--sync` has brought, its record says which code it is."""
    copy = copy_around(home, directory)
    record = copy.record() if copy else None
    if copy is None or record is None or not Path(directory).is_dir():
        return differs(directory, commit, changes)
    if not record.whole:
        return f"its {copy.root} is half brought, for a sync was cut: `--sync` ends it"
    if (record.commit, record.changes) != (commit, changes):
        return f"`--sync` brought the code of {record.commit[:12]} to its {copy.root}, and that of here is another: add `--sync`"
    if changed := copy.changed(record.files):
        return f"{changed_there(copy.root, changed)}; `--sync` says what to do"
    return ""


def changed_there(root: Path, names: Iterable[str]) -> str:
    return f"in its {root}, others than `--sync` have written or removed {named(names)}"


def named(names: Iterable[str]) -> str:
    """Some of them, for people."""
    found = sorted(names)
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return ", ".join(found[:MOST_NAMED]) + more
