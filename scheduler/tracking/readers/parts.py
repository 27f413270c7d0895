"""Several logs of one run as one: a script that writes training and validation into two folders has one training. Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from scheduler.tracking.logged import CURVES, NAMES, Logged, Series
from scheduler.values import dataclass

_MOMENT = re.compile(r"\d{9,}(\.\d+)?")  # as `add_hparams` calls its folders: the seconds since 1970


@dataclass(frozen=True)
class Part:
    """What one folder says."""

    folder: Path
    logged: Logged


def together(parts: Sequence[Part], plain: Collection[str] = ()) -> Logged:
    """All that these say, the weightiest first. A name that several of them have is told apart by their folders, as in
    `train/loss` and `val/loss`: as much of a path as is not the same in all of them, so that a folder above the others keeps its
    names. Of a name in `plain` the weightiest keeps it as it is. `step` is the furthest of all."""
    if len(parts) < 2:
        return parts[0].logged if parts else Logged()
    names = _names(parts, plain)
    last: dict[str, Any] = {}
    series: dict[str, Series] = {}
    for part in sorted(parts, key=lambda part: str(part.folder)):
        mine = names[part.folder]
        last.update((mine[name], value) for name, value in part.logged.last.items() if name in mine)
        series.update((mine[name], each) for name, each in part.logged.series.items() if name in mine)
    return Logged(
        parts[0].logged.source,
        sum(part.logged.rows for part in parts),
        max((part.logged.step for part in parts if part.logged.step is not None), default=None),
        max((part.logged.time for part in parts if part.logged.time is not None), default=None),
        dict(islice(last.items(), NAMES)),
        dict(islice(series.items(), CURVES)),
    )


def _names(parts: Sequence[Part], plain: Collection[str]) -> dict[Path, dict[str, str]]:
    """Under which names each part's own stand; what is left out is not there."""
    owners: dict[str, list[Part]] = {}
    for part in parts:
        for name in part.logged.last:
            owners.setdefault(name, []).append(part)
    found: dict[Path, dict[str, str]] = {part.folder: {} for part in parts}
    for name, theirs in owners.items():
        for part, told in _told_apart(name, theirs, plain, owners):
            found[part.folder][name] = told
    return found


def _told_apart(
    name: str, theirs: Sequence[Part], plain: Collection[str], taken: Mapping[str, Sequence[Part]]
) -> Iterator[tuple[Part, str]]:
    theirs = [part for part in theirs if not _repeats(part, theirs)]
    above = os.path.commonpath([part.folder for part in theirs])
    for place, part in enumerate(theirs):
        if len(theirs) == 1 or (place == 0 and name in plain) or str(part.folder) == above:
            yield part, name
            continue
        for told in _longer_and_longer(part.folder, len(part.folder.relative_to(above).parts), name):
            if part in taken.get(told, ()):  # it stands there already: the metric of a sweep may be named by its folder
                break
            if told not in taken:
                yield part, told
                break


def _repeats(part: Part, others: Sequence[Part]) -> bool:
    """Whether this is where `add_hparams` writes once more, under a name that nobody has chosen, what stands above it."""
    return _MOMENT.fullmatch(part.folder.name) is not None and any(each.folder in part.folder.parents for each in others)


def _longer_and_longer(folder: Path, length: int, name: str) -> Iterator[str]:
    for end in range(length, len(folder.parts) + 1):
        yield "/".join([*folder.parts[-end:], name]).lstrip("/")
