"""What has to be done to a folder so that it has the files of a tree, and what in it is none of ours. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from scheduler.hosted.copies import BELOW, FOLDER
from scheduler.values import dataclass


@dataclass(frozen=True)
class Steps:
    """`foreign`: what is in the way and was written by others: then nothing at all is done."""

    write: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()

    @property
    def none(self) -> bool:
        return not (self.write or self.delete or self.foreign)


def steps(
    there: Mapping[str, str],
    within: Mapping[str, Collection[str]],
    wanted: Mapping[str, str],
    ours: Mapping[str, Collection[str]],
) -> Steps:
    """`there`: what is at each name that is wanted or ours; `within`: the files in each folder that is where a file is wanted;
    `wanted`: what is to be there; `ours`: what we may have written."""
    goes = {name for name, what in there.items() if name not in wanted and what in ours.get(name, ())}
    write, foreign = [], []
    for name, what in sorted(there.items()):
        want = wanted.get(name)
        if want is None:
            foreign += [] if name in goes or what in ("", FOLDER) or what.startswith(BELOW) else [name]
        elif what != want:
            free = _is_free(what, ours.get(name, ()), within.get(name, ()), goes)
            write += [name] if free else []
            foreign += [] if free else [what.removeprefix(BELOW) if what.startswith(BELOW) else name]
    return Steps(tuple(write), tuple(sorted(goes)), tuple(dict.fromkeys(foreign)))


def _is_free(what: str, ours: Collection[str], within: Collection[str], goes: Collection[str]) -> bool:
    if what == FOLDER:
        return all(each in goes for each in within)
    if what.startswith(BELOW):
        return what.removeprefix(BELOW) in goes
    return not what or what in ours
