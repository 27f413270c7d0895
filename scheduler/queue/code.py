"""The code that jobs run: the file of their program as it was when somebody asked for them, and as it was at their start.

It is no part of what makes two experiments the same. An edited file is noticed, and a person decides what that means.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Sequence
from functools import lru_cache

from scheduler.experiments.command.program_file import program_files
from scheduler.values import dataclass

LARGEST = 16 << 20  # bytes; of a larger file the size and the time of its last change stand for what is in it
Read = Callable[[str], str]  # the text of a file, by its path
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REFERS, _BRANCH = "ref: ", "ref: refs/heads/"  # how a HEAD begins that is no commit itself


@dataclass(frozen=True)
class Code:
    """A program's file by its path, what is in it, and the commit of the git checkout that it lies in; "" without one."""

    program: str
    digest: str
    commit: str = ""

    @property
    def name(self) -> str:
        """For people."""
        return self.program.rpartition("/")[2]

    def __str__(self) -> str:
        return f"{self.program} ({self.digest[:12]}{f', git commit {self.commit[:12]}' if self.commit else ''})"


@dataclass(frozen=True)
class Aged:
    """What has become of a program: its file is another than before; or that is the same, and the commit around it is another."""

    name: str
    only_commit: bool = False

    def __str__(self) -> str:
        """As in: it ran with ..."""
        return f"{self.name} at another git commit" if self.only_commit else f"another {self.name}"


def aged(before: Code | None, now: Code | None) -> Aged | None:
    """None where nothing has changed, or nothing is known of one of the two."""
    if before is None or now is None:
        return None
    if before.digest != now.digest:
        return Aged(now.name)
    moved = before.commit and now.commit and before.commit != now.commit
    return Aged(now.name, only_commit=True) if moved else None


class Codes:
    """Looks at programs as they are now. What is in a file is read again only where the file was written to."""

    def __init__(self) -> None:
        self._digests: dict[str, tuple[tuple[int, ...], str]] = {}
        self._texts: dict[str, tuple[tuple[int, ...], str]] = {}  # of git's files

    def of(self, argv: Sequence[str], cwd: str) -> Code | None:
        """The code that this command would run from there; None where no file of it is the program, or none that can be read."""
        return next(filter(None, (self.at(os.path.join(cwd, name)) for name in program_files(argv))), None)  # noqa: PTH118

    def at(self, program: str) -> Code | None:
        """The code at this path; None where there is none."""
        try:
            digest = self._digest(program)
        except (OSError, ValueError):  # a NUL in a name
            return None
        return Code(program, digest, _commit(os.path.dirname(program), self._text)) if digest else None  # noqa: PTH120

    def commit(self, directory: str) -> str:
        """The commit that is checked out around a directory; "" without one."""
        return _commit(directory, self._text)

    def _digest(self, program: str) -> str:
        found = os.stat(program)  # noqa: PTH116
        if not stat.S_ISREG(found.st_mode):
            return ""
        return _as_it_was(self._digests, program, found, lambda: _read(program, found))

    def _text(self, path: str) -> str:
        return _as_it_was(self._texts, path, os.stat(path), lambda: _text(path))  # noqa: PTH116


def _as_it_was(known: dict[str, tuple[tuple[int, ...], str]], path: str, found: os.stat_result, read: Callable[[], str]) -> str:
    """What is known of a file, read anew where the file is another, or was written to."""
    state = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    if path not in known or known[path][0] != state:
        known[path] = (state, read())
    return known[path][1]


def _read(program: str, found: os.stat_result) -> str:
    if found.st_size > LARGEST:
        return f"{found.st_size}-{found.st_mtime_ns}"
    return hashlib.sha256(_content(program)).hexdigest()


def _commit(directory: str, text: Read) -> str:
    """The commit that is checked out there, without asking git; "" where there is none, or it is kept in a way unknown here.
    https://git-scm.com/docs/gitrepository-layout"""
    git = git_directory(directory)
    try:
        head = text(f"{git}/HEAD") if git else ""
        found = _reference(git, head.removeprefix(_REFERS), text) if head.startswith(_REFERS) else head
    except (OSError, ValueError):
        return ""
    return found if _COMMIT.fullmatch(found) else ""


def _reference(git: str, name: str, text: Read) -> str:
    common = git
    if os.path.isfile(f"{git}/commondir"):  # noqa: PTH113 (of a second work tree)
        common = os.path.join(git, text(f"{git}/commondir"))  # noqa: PTH118
    if os.path.isfile(f"{common}/{name}"):  # noqa: PTH113
        return text(f"{common}/{name}")
    before, found, _ = f"\n{text(f'{common}/packed-refs')}\n".partition(f" {name}\n")
    return before.rpartition("\n")[2] if found else ""


def commit_at(directory: str) -> str:
    """The commit that is checked out around a directory, read anew; "" without one."""
    return _commit(directory, _text)


def branch_at(directory: str) -> str:
    """The branch that is checked out around a directory, read anew; "" without one."""
    git = git_directory(directory)
    try:
        head = _text(f"{git}/HEAD") if git else ""
    except (OSError, ValueError):
        return ""
    return head.removeprefix(_BRANCH) if head.startswith(_BRANCH) else ""


@lru_cache(maxsize=256)
def work_tree(directory: str) -> str:
    """The root of the git checkout around a directory; "" where there is none."""
    place = os.path.realpath(directory)
    while not os.path.exists(f"{place}/.git"):  # noqa: PTH110
        place, below = os.path.dirname(place), place  # noqa: PTH120
        if place == below:
            return ""
    return place


@lru_cache(maxsize=256)
def git_directory(directory: str) -> str:
    """Where git keeps what it knows of the checkout around a directory; "" where there is none."""
    place = work_tree(directory)
    if not place:
        return ""
    if os.path.isdir(f"{place}/.git"):  # noqa: PTH112
        return f"{place}/.git"
    try:
        return os.path.join(place, _text(f"{place}/.git").removeprefix("gitdir: "))  # noqa: PTH118
    except (OSError, ValueError):
        return ""


def _text(path: str) -> str:
    return _content(path).decode().strip()


def _content(path: str) -> bytes:
    """Nothing of what is no ordinary file: a pipe would keep us waiting."""
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123
        return file.read(LARGEST) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else b""
