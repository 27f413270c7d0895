"""A claims' folder for all users of a machine, made by its administrator: there after a reboot as well, and in nobody's hands."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from scheduler.errors import CannotEverRun, StateError
from scheduler.gpus.claims import live_claims
from scheduler.gpus.directory import CHOICES
from scheduler.gpus.kinds import kind, whose
from scheduler.gpus.mutex import NAME, TIMEOUT, admission_mutex
from scheduler.values import dataclass

MODE = 0o1777


@dataclass(frozen=True)
class Places:
    """Where the folder is made, where others may have been made before, and where systemd-tmpfiles(8) is told of it."""

    folder: Path = CHOICES[0]
    others: tuple[Path, ...] = CHOICES[1:]
    entries: Path = Path("/etc/tmpfiles.d")
    packaged: Path = Path("/usr/lib/tmpfiles.d")

    @property
    def entry(self) -> Path:
        """The file with the line that makes the folder at every start."""
        return self.entries / "exp-queue.conf"

    @property
    def line(self) -> str:
        return f"d {self.folder} {MODE:o} root root -"

    @property
    def command(self) -> str:
        """What makes the folder."""
        return f"install -d -m {MODE:o} -o root -g root {self.folder}"

    @property
    def by_hand(self) -> str:
        """What an administrator types, or has run, instead of `exp-queue doctor --set-up`."""
        return f"`{self.command}` and `echo '{self.line}' > {self.entry}`"

    @property
    def remembered(self) -> bool | None:
        """Whether the folder is made at every start; None where there is no systemd-tmpfiles to do it."""
        if not self.entries.is_dir() and not self.packaged.is_dir():
            return None
        return self.line in _text(self.entry) or self.line in _text(self.packaged / self.entry.name)


@dataclass(frozen=True)
class Step:
    """One thing to do, and what to say when it is done."""

    says: str
    do: Callable[[], object]


def steps(places: Places) -> list[Step]:
    """What has to be done so that all users share a folder of root's; nothing if all is well. Looks and changes nothing.

    StateError if something else lies in the folder's place. CannotEverRun while claims live in another folder: whoever
    holds them would not see those of the new one.
    """
    return [*_folder(places), *_mutex(places.folder / NAME), *_entry(places)]


def _folder(places: Places) -> Iterator[Step]:
    place = places.folder
    try:
        status = place.lstat()
    except FileNotFoundError:
        _refuse_while_claims_live(places.others, place)
        yield Step(f"{place}: made, mode {MODE:o}, owner root", partial(_make, place))
        return
    if not stat.S_ISDIR(status.st_mode):
        raise StateError(f"{place} is {kind(status)} of {whose(status)} and no folder", next_step="look at it, and remove it")
    if status.st_uid != 0:
        yield Step(f"{place}: now root's, it was {whose(status)}'s", partial(_mend, place))
    if stat.S_IMODE(status.st_mode) != MODE:
        yield Step(f"{place}: now mode {MODE:o}, it was {stat.S_IMODE(status.st_mode):o}", partial(_mend, place))


def _refuse_while_claims_live(others: Sequence[Path], place: Path) -> None:
    for other in others:
        claims = live_claims(other) if other.is_dir() and not other.is_symlink() else ()
        if claims:
            raise CannotEverRun(
                f"{len(claims)} claims live in {other} ({', '.join(c.holder for c in claims[:3])}): whoever holds them would "
                f"not see those in {place}, and GPUs would be used twice",
                next_step="set up when they have ended, with no runner left that uses the other folder",
            )


def _mutex(path: Path) -> Iterator[Step]:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(status.st_mode):
        yield Step(f"{path}: removed, it was {kind(status)} of {whose(status)}", partial(_remove, path, status))
    elif status.st_mode & 0o444 != 0o444:
        # Not chmod: it may be a second name of a file that is nobody else's business.
        yield Step(f"{path}: removed, others could not read it; the next decision makes it anew", partial(_replace, path.parent))


def _entry(places: Places) -> Iterator[Step]:
    if places.remembered is False:
        yield Step(f"{places.entry}: written, so that the folder is there after a reboot", partial(_write, places))


def _make(place: Path) -> None:
    place.mkdir()
    _mend(place)


def _mend(place: Path) -> None:
    fd = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fchown(fd, 0, 0)
        os.fchmod(fd, MODE)
    finally:
        os.close(fd)


def _remove(path: Path, status: os.stat_result) -> None:
    try:
        path.rmdir() if stat.S_ISDIR(status.st_mode) else path.unlink()
    except OSError as error:
        raise StateError(f"cannot remove {path}: {error.strerror}", next_step="look at what lies in it, and remove it") from error


def _replace(folder: Path) -> None:
    """Under its lock: whoever waits for it goes on to the file that has the name then."""
    with admission_mutex(folder, TIMEOUT):
        (folder / NAME).unlink()


def _write(places: Places) -> None:
    places.entries.mkdir(exist_ok=True)
    fresh = places.entry.with_suffix(".conf.new")
    fresh.write_text(f"# The claims of exp-queue, shared by all users of the GPUs.\n{places.line}\n", encoding="utf-8")
    fresh.chmod(0o644)
    fresh.rename(places.entry)


def _text(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
