"""The config groups of a Hydra application: which keys choose an option of one, and with which sign Hydra takes that.

Hydra refuses `++model=large`: an option of a group that the defaults list names is chosen by `model=large`, one of another group
by `+model=large`. https://hydra.cc/docs/advanced/override_grammar/basic
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from scheduler.errors import UserError
from scheduler.experiments.document.document import open_document

IN_THE_LIST, NOT_IN_IT = "", "+"
DEEPEST = 10  # files of defaults that name one another

Signs = dict[str, str]  # by the name of the group


def groups_of(primaries: Iterable[Path]) -> Signs:
    """The groups that these primary configs choose from, and those that lie in a directory beside them."""
    signs: Signs = {}
    for primary in primaries:
        with suppress(OSError):
            signs.update({each.name: NOT_IN_IT for each in primary.parent.iterdir() if each.is_dir() and each.name != "hydra"})
        signs.update(dict.fromkeys(_listed(primary, DEEPEST), IN_THE_LIST))
    return signs


def _listed(file: Path, deepest: int) -> Iterator[str]:
    """The groups in the defaults list of a config, and in those of the files that it names."""
    document: Any = None
    with suppress(UserError):
        document = open_document(str(file)).value
    found = document.get("defaults") if isinstance(document, Mapping) else None
    for item in found if isinstance(found, list) else ():
        if isinstance(item, Mapping):
            yield from (str(key).removeprefix("override ").removeprefix("optional ") for key in item)
        elif isinstance(item, str) and item != "_self_" and deepest:
            yield from _listed(file.parent / f"{item}.yaml", deepest - 1)


def chosen_in(found: object, groups: Iterable[str]) -> frozenset[str]:
    """The groups of which a file chooses an option: they have a name there, or a list of names, and not a mapping alone."""
    names = set(groups)
    return frozenset(_chosen(found, names)) if names else frozenset()


def _chosen(found: object, groups: set[str]) -> Iterator[str]:
    if isinstance(found, list):
        for each in found:
            yield from _chosen(each, groups)
    elif isinstance(found, dict):
        for key, value in found.items():
            several = value if isinstance(value, list) else [value]
            if key in groups and not all(isinstance(each, dict) for each in several):
                yield key
            yield from _chosen(value, groups)
