"""Tags and a note: what a person says of the jobs of a file, there or on the command line. An experiment is the same without."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from scheduler.errors import UserError
from scheduler.experiments.document import values
from scheduler.experiments.document.document import Document
from scheduler.values import dataclass

LONGEST_TAG, LONGEST_NOTE = 64, 10_000  # characters
_TAG = re.compile(r"\w[\w./-]*")


@dataclass(frozen=True)
class Remarks:
    """Tags, sorted and each once, and a note; both empty where nobody says anything."""

    tags: tuple[str, ...] = ()
    note: str = ""

    def __bool__(self) -> bool:
        return bool(self.tags or self.note)

    def and_also(self, tags: Iterable[str], text: str | None) -> Remarks:
        """With these tags too, and this note in the place of the other. UserError for what can be neither."""
        return Remarks(tags_of((*self.tags, *tags)), self.note if text is None else note(text))


NOTHING = Remarks()


def read_remarks(document: Document, top: dict[str, Any]) -> Remarks:
    """What a file says under `tags`, a list or one of them, and `notes`. UserError, with its place, for what can be neither."""
    found, tags = top.get("tags", []), []
    for index, each in enumerate(found if isinstance(found, list) else [found]):
        with document.at(*("tags", index) if isinstance(found, list) else ("tags",)):
            tags.append(tag(values.text(each)))
    with document.at("notes"):
        return Remarks(tags_of(tags), note(values.text(top["notes"])) if "notes" in top else "")


def tags_of(words: Iterable[str]) -> tuple[str, ...]:
    """These tags, sorted, each once; several may stand in a word, with commas between them."""
    return tuple(sorted({tag(each) for word in words for each in word.split(",")}))


def tag(text: str) -> str:
    """The text, if it may be a tag. UserError that says why not."""
    if len(text) > LONGEST_TAG or not _TAG.fullmatch(text):
        what = f"begins with a letter or a digit, goes on with these, -, _, . and /, and has at most {LONGEST_TAG} of them"
        raise UserError(f'"{text}" cannot be a tag', next_step=f"a tag {what}")
    return text


def note(text: str) -> str:
    """The text without blanks around it, if it may be a note. UserError that says why not."""
    text = text.strip()
    if len(text) > LONGEST_NOTE:
        raise UserError(
            f"a note has at most {LONGEST_NOTE:,} characters, and this one {len(text):,}",
            next_step="write it to a file, and the file's path into the note",
        )
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise UserError("the note has bytes that are no text", next_step="write it in UTF-8")
    return text
