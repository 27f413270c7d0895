"""What the experiments of a file come after, as it is written there or on the command line."""

from __future__ import annotations

from typing import Any

from scheduler.errors import Place
from scheduler.experiments.document import values
from scheduler.experiments.document.document import Document
from scheduler.experiments.experiment import GROUP_KEY
from scheduler.values import dataclass

GROUP = "group:"


@dataclass(frozen=True)
class After:
    """Names of groups, or selections of jobs; none: they come after nothing. `places`: where a file has them."""

    words: tuple[str, ...]
    places: tuple[Place, ...] = ()


def read_after(document: Document, top: dict[str, Any]) -> After | None:
    """What the file says; None if it says nothing of it. UserError where it names the file's own group."""
    if "after" not in top:
        return None
    found = top["after"]
    listed = found if isinstance(found, list) else [found]
    places = tuple(
        document.place("after", index) if isinstance(found, list) else document.place("after") for index in range(len(listed))
    )
    for index, word in enumerate(listed):
        with document.at("after", index):
            word = values.text(word)
            if not word.strip():
                raise values.expected("the name of a group, or a selection of jobs", word)
            if top.get(GROUP_KEY) is not None and word.removeprefix(GROUP) == top[GROUP_KEY]:
                what = f'the experiments of group "{top[GROUP_KEY]}" cannot come after themselves'
                raise document.error(what, "after", index, next_step="name the group of another file")
    return After(tuple(dict.fromkeys(listed)), places)
