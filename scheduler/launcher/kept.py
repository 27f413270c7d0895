"""Copies of the files that an attempt's links lead to, made the moment it is over: the next one may overwrite them.

`wandb.save("model.pt")` leaves a link, out of the run's directory, to a file of the working directory that every trial writes.
When nothing of the attempt is left, its launcher puts a copy in the place of each such link, before it starts anything else.
The launcher reads this: it imports little.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from scheduler.values import dataclass

RECORD = "kept.json"
PIECE = 1 << 24  # bytes that the kernel copies at once
CLOCK = 0.05  # seconds: a file's times are those of the last tick
FREE = 10  # a copy leaves at least one part in so many of the disk free
LATEST = 30  # seconds after which no further copy is begun: the slot waits for them


@dataclass(frozen=True)
class Link:
    """A link out of an attempt's directory, by its path there, to a file that was written while the attempt ran. `why` says why
    there is no copy in its place; "" where there is one."""

    name: str
    target: str
    size: int
    why: str = ""


@dataclass(frozen=True)
class Kept:
    """When an attempt ran (seconds since 1970), and its links."""

    began: float
    ended: float
    links: tuple[Link, ...]


def keep(directory: str, began: float, most: int) -> None:
    """Put copies in the place of links out of `directory` to files that were written since `began`: `most` bytes in all, the
    newest first. What was done is in RECORD. Nothing that goes wrong here is an error of the attempt; a copy is whole or not
    there."""
    ended, links = time.time(), []
    try:
        for name, target, info in sorted(_leading_out(directory, began), key=lambda found: -found[2].st_mtime_ns):
            late = time.time() > ended + LATEST
            why = "there was no time for it" if late else _copied(os.path.join(directory, name), target, info, most)  # noqa: PTH118
            most -= 0 if why else info.st_size
            links.append(Link(name, target, info.st_size, why))
        if links:
            _write(directory, Kept(began, ended, tuple(links)))
    except OSError:  # no room, or a directory that vanished: without a record nothing is said to be a copy
        return


def read(directory: str) -> Kept | None:
    """What `keep` did there; None where there was nothing to do, or where it could not write it down."""
    try:
        with open(os.path.join(directory, RECORD), encoding="utf-8") as file:  # noqa: PTH118, PTH123
            found: dict[str, Any] = json.load(file)
        return Kept(found["began"], found["ended"], tuple(Link(**each) for each in found["links"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def links_out_of(directory: str) -> Iterator[tuple[str, str]]:
    """(path within the directory, real path of the target) of its links to files elsewhere."""
    if not (links := _links(directory)):  # as nearly always: then even its own real path is not asked for
        return
    home = os.path.realpath(directory)
    for path in links:
        target = os.path.realpath(path)
        if not target.startswith(home + "/"):
            yield os.path.relpath(path, directory), target


def _links(directory: str) -> list[str]:
    """The links below it that lead to files, or nowhere. With its names a folder tells which are links."""
    found, folders = [], [directory]
    while folders:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.is_symlink() and not os.path.isdir(entry.path):  # noqa: PTH112
                    found.append(entry.path)
    return found


def _leading_out(directory: str, began: float) -> Iterator[tuple[str, str, os.stat_result]]:
    """Those that lead to regular files which have changed since: others are what the attempt has read."""
    for name, target in links_out_of(directory):
        with contextlib.suppress(OSError):
            info = os.stat(target)  # noqa: PTH116
            if stat.S_ISREG(info.st_mode) and info.st_ctime >= began - CLOCK:
                yield name, target, info


def _copied(link: str, target: str, seen: os.stat_result, most: int) -> str:
    """Put a copy in the place of the link; returns why that could not be, "" if it could."""
    if seen.st_size > most:
        return f"it has {seen.st_size:,} bytes, and {most:,} were left for copies of this attempt (EXP_QUEUE_COPY_CAP)"
    new = f"{link}.copy-of-exp-queue"
    try:
        disk = os.statvfs(os.path.dirname(link))  # noqa: PTH120
        if seen.st_size and disk.f_bavail * disk.f_frsize - seen.st_size < disk.f_blocks * disk.f_frsize / FREE:
            return f"it has {seen.st_size:,} bytes, and the disk would be nearly full"
        _copy(target, new)
        if _version(os.stat(target)) != _version(seen):  # noqa: PTH116
            return "it was written to while it was copied"
        os.utime(new, ns=(seen.st_atime_ns, seen.st_mtime_ns))
        os.replace(new, link)  # noqa: PTH105
        return ""
    except OSError as error:
        return f"it could not be copied ({error.strerror})"
    finally:
        with contextlib.suppress(OSError):
            os.unlink(new)  # noqa: PTH108


def _copy(target: str, new: str) -> None:
    source = os.open(target, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        copy = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            while os.sendfile(copy, source, None, PIECE):
                pass
        finally:
            os.close(copy)
    finally:
        os.close(source)


def _version(info: os.stat_result) -> tuple[int, ...]:
    return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


def _write(directory: str, kept: Kept) -> None:
    path = os.path.join(directory, RECORD)  # noqa: PTH118
    with open(f"{path}.new", "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(asdict(kept), file)
    os.replace(f"{path}.new", path)  # noqa: PTH105
