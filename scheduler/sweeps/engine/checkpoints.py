"""Which files may be called a trial's checkpoints: those that nobody else can have written. Others are told, with the reason."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from math import inf
from pathlib import Path

from scheduler.launcher import kept
from scheduler.launcher.kept import Kept
from scheduler.queue.job import Attempt
from scheduler.values import dataclass

ENDINGS = (".pt", ".pth", ".ckpt", ".safetensors")
SHOWN = 2
LATER = 1.0  # seconds after its end within which a file may still be an attempt's: clocks of files are coarse


@dataclass(frozen=True)
class Written:
    """What is known of the links of one attempt: when it ran, and to which files they lead."""

    attempt: str
    began: float
    ended: float
    targets: frozenset[str]


@dataclass(frozen=True)
class Checkpoints:
    """Those that are called best first, of these and of the others the newest; `doubts` are sentences about files that look like
    the attempt's and may be another's."""

    files: tuple[Path, ...] = ()
    doubts: tuple[str, ...] = ()


def written_by(attempts: Iterable[Attempt]) -> list[Written]:
    """What the links of these attempts lead to. Reads their records; where there is none, the directories."""
    found = []
    for attempt in attempts:
        record = kept.read(attempt.directory)
        if record:
            targets = frozenset(link.target for link in record.links)
            found.append(Written(attempt.name, record.began, record.ended, targets))
        elif targets := frozenset(target for _, target in kept.links_out_of(attempt.directory)):
            found.append(Written(attempt.name, attempt.started, attempt.ended or inf, targets))
    return found


def sharing(mine: str, target: str, all_written: Sequence[Written]) -> str | None:
    """Another attempt that ran while the attempt `mine` did and has the same file for its own; None if there is none.

    >>> first, second, third = (Written(f"{start}/1", start, start + 2, frozenset(["/m.pt"])) for start in (0, 1, 3))
    >>> sharing("0/1", "/m.pt", [first, second, third]), sharing("0/1", "/m.pt", [first, third])
    ('1/1', None)
    """
    own = next((each for each in all_written if each.attempt == mine), None)
    others = (each for each in all_written if own and each.attempt != mine and target in each.targets)
    return next((each.attempt for each in others if own and each.began < own.ended and own.began < each.ended), None)


def checkpoints(attempt: Attempt, all_written: Sequence[Written], elsewhere: Sequence[Path] = ()) -> Checkpoints:
    """The checkpoints of an attempt that is over, at most SHOWN. `elsewhere`: further directories that are its own."""
    record = kept.read(attempt.directory)
    links = {link.name: link for link in record.links} if record else {}
    files, doubts = [], []
    for path in _candidates([Path(attempt.directory), *elsewhere]):
        why = _doubt(attempt, path, links, all_written)
        if why is None:
            files.append(path)
        elif why:
            doubts.append(why)
    return Checkpoints(tuple(files[:SHOWN]), tuple(dict.fromkeys(doubts))[:SHOWN])


def _candidates(directories: Sequence[Path]) -> list[Path]:
    found: dict[Path, float] = {}
    folders = (each for directory in directories for each in os.walk(directory))  # rglob raises where a folder has just vanished
    for path in (Path(folder, name) for folder, _, names in folders for name in names if name.endswith(ENDINGS)):
        try:
            found[path] = path.lstat().st_mtime
        except OSError:  # it has just been removed
            continue
    return sorted(found, key=lambda path: ("best" in path.name.lower(), found[path]), reverse=True)


def _doubt(attempt: Attempt, path: Path, links: Mapping[str, kept.Link], all_written: Sequence[Written]) -> str | None:
    """Why a file may not be called this attempt's; "" where it is none of its files at all, None where it may."""
    inside = path.is_relative_to(attempt.directory)
    link = links.get(str(path.relative_to(attempt.directory))) if inside else None
    if path.is_symlink() and not inside:
        return ""
    if path.is_symlink() and not path.resolve().is_relative_to(Path(attempt.directory).resolve()):
        if link:
            return f"{link.target} is not kept for it: {link.why}"
        return f"{path.resolve()} may be another's: no copy was made when the attempt ended" if path.exists() else ""
    if not path.is_file():
        return ""
    if link and (other := sharing(attempt.name, link.target, all_written)):
        whose = f"job {other[:8]}, which ran at the same time, wrote it too"
        return f"{link.target} may be another's: {whose}; write to $EXP_QUEUE_RUN_DIR, which each has for itself"
    if attempt.ended is not None and path.stat().st_mtime > attempt.ended + LATER:
        return f"{path} may be another's: it was changed after the attempt's end"
    return None


def size_of_copy(path: Path, record: Kept | None) -> int | None:
    """Bytes of a file that was copied when its attempt ended; None of one that the attempt itself wrote there."""
    return (
        next((link.size for link in record.links if not link.why and str(path).endswith(f"/{link.name}")), None)
        if record
        else None
    )
