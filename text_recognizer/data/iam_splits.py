"""The three published splits of IAM, each from the files that came with it; **figures across them do not compare**.

* `lwitlrt`: "large writer independent text line recognition task": trainset.txt, validationset1.txt and validationset2.txt
  (both are val), testset.txt, with the ids of lines.
* `aachen`: train.txt, val.txt (or valid.txt), test.txt, with the ids of forms (6,482 / 976 / 2,915 lines).
* `lab2021`: the test of lwitlrt; of all other writers a fifth is val, by a hash of the writer (the lab drew lines, so that
  train and val shared writers). What writers of the test have written beside it is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from text_recognizer.data.splitting import parted
from text_recognizer.errors import DataError

Lists = Mapping[str, frozenset[str]]
Unit = tuple[str, str]
"""The id of a line (`a01-000u-00`) or of a form (`a01-000u`), and who wrote it."""

_NAMES = {
    "lwitlrt": {"train": ("trainset",), "val": ("validationset1", "validationset2"), "test": ("testset",)},
    "aachen": {"train": ("train",), "val": ("val", "valid", "validation"), "test": ("test",)},
}
_STRICTEST_FIRST = ("test", "val", "train")
_VAL_SHARE = 0.2


def read_lists(folder: Path, split: str) -> dict[str, frozenset[str]]:
    """The ids of each split from its published files, wherever they lie below the folder."""
    names = _NAMES["lwitlrt" if split == "lab2021" else split]
    found = {path.stem.lower(): path for path in sorted(folder.rglob("*.txt"))}
    lists = {part: [found[n] for n in stems if n in found] for part, stems in names.items()}
    for part, files in lists.items():
        if not files:
            raise DataError(f"{folder}: {names[part][0]}.txt of the split {split} is nowhere below; put its files there")
    return {part: frozenset(word for f in files for word in f.read_text().split()) for part, files in lists.items()}


def splits_of(units: Sequence[Unit], split: str, lists: Lists) -> list[str]:
    """The split of each unit; "" where it is in none.

    A line is where the lists name it or its form. A form is where they name it or any of its lines; where they name lines of
    one form in two splits, it is in that which holds out more.
    """
    forms = {part: frozenset(map(_form, ids)) for part, ids in lists.items()}
    if split == "lab2021":
        return _of_the_lab(units, lists["test"], forms["test"])
    return [_named(id, lists, forms) for id, _ in units]


def writers_in_two(units: Sequence[Unit], splits: Sequence[str]) -> Iterator[str]:
    """A sentence where the lists have a writer in two splits."""
    homes: dict[str, set[str]] = {}
    for (_, writer), part in zip(units, splits, strict=True):
        if part:
            homes.setdefault(writer, set()).add(part)
    if several := sorted(writer for writer, parts in homes.items() if len(parts) > 1):
        yield f"writers in two of train, val and test: {len(several):,}, the first {several[0]}; that flatters the figures"


def _named(id: str, lists: Lists, forms: Lists) -> str:
    known = forms if _form(id) == id else lists
    return next((part for part in _STRICTEST_FIRST if id in known[part] or _form(id) in lists[part]), "")


def _of_the_lab(units: Sequence[Unit], lines: frozenset[str], forms: frozenset[str]) -> list[str]:
    testers = {writer for id, writer in units if _form(id) in forms}
    places = parted((writer for _, writer in units if writer not in testers), _VAL_SHARE, 0.0, 0)
    return ["test" if id in lines or id in forms else places.get(writer, "") for id, writer in units]


def _form(id: str) -> str:
    return "-".join(id.split("-")[:2])
