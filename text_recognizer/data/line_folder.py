"""LineFolder: your own lines of handwriting, from a folder of pictures with their transcripts.

Two layouts are read:

* `lines.tsv` in the folder: UTF-8, tab separated, no quoting, a header that names its columns. `image` (a path below
  the folder, or below its `images`) and `transcript` must be there; `split` (train, val, test) and `writer` may be.
* pairs `NAME.png` and `NAME.gt.txt` (as OCRopus, Kraken and Tesseract use them), in the folder or in folders below it.

Where no split is given, whole writers go to one split: see `splitting`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from text_recognizer.data.assembling import assembled
from text_recognizer.data.cache import Images, cached, stamp
from text_recognizer.data.data_set import SPLITS
from text_recognizer.data.line_images import PICTURES, VERSION, open_grey, prepared
from text_recognizer.data.line_set import Lines, one_line, read_text
from text_recognizer.data.options import LineFolderOptions
from text_recognizer.data.splitting import shared_out
from text_recognizer.errors import DataError, nearest

TABLE = "lines.tsv"
_NUMBER = re.compile(r"[-_. ]?\d*$")


@dataclass(frozen=True)
class Line:
    """One line: its picture, its text in NFC, who wrote it ("" if nobody says so), and its split ("" until one is chosen)."""

    image: Path
    text: str
    writer: str
    split: str = ""


def line_folder(options: LineFolderOptions) -> Lines:
    """The lines of a folder in three splits; raises DataError for what is missing or cannot be understood.

    Lines without a text are left out. Where nothing is in `test`, the lines of `val` are also the test. The classes are the
    characters of `train`, sorted.
    """
    if not options.folder:
        raise DataError("dataset_args.folder is missing; give the folder that holds lines.tsv or the images with .gt.txt")
    lines = with_splits([line for line in find_lines(place_of(options.folder)) if line.text], options)
    lines += _older(options)
    return assembled(Path(options.folder), _images(lines, options), [x.text for x in lines], [x.split for x in lines])


def place_of(folder: str) -> Path:
    """The folder itself, or, where there is none such, the one of that name below TEXT_RECOGNIZER_DATA."""
    given, root = Path(folder).expanduser(), os.environ.get("TEXT_RECOGNIZER_DATA")
    return Path(root) / given if root and not given.is_dir() else given


def find_lines(folder: Path) -> list[Line]:
    """All lines of a folder, in the order of the table, or of the paths of their pictures."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder of lines")
    table = folder / TABLE
    lines = list(_of_table(table) if table.exists() else _of_pairs(folder))
    if not lines:
        raise DataError(f"{folder}: neither {TABLE} nor pictures with .gt.txt beside them")
    return lines


def with_splits(lines: Sequence[Line], options: LineFolderOptions) -> list[Line]:
    """The lines with a split each: the given one, or for a set without any, that of the line's writer.

    Where the table names lines of train and of test alone, whole writers of train become val. Of one writer alone the lines
    themselves are shared out, which is told.
    """
    given = {line.split for line in lines}
    if given >= {"train", "val"}:
        return list(lines)
    free = [line for line in lines if line.split in ("", "train")]
    splits = iter(
        shared_out([(line.writer, "/".join(line.image.parts[-2:])) for line in free], options, test="test" not in given)
    )
    return [replace(line, split=next(splits)) if line.split in ("", "train") else line for line in lines]


def _older(options: LineFolderOptions) -> list[Line]:
    """Lines of the folder beside, all for train: those that are not held out there, or as many of them as are wanted, and a few
    more for the characters that none of these has: the alphabet is that of what is trained on."""
    if not options.beside:
        return []
    there = [line for line in find_lines(place_of(options.beside)) if line.text and line.split in ("", "train")]
    wanted = min(options.beside_lines or len(there), len(there))
    order = np.random.default_rng(options.seed).permutation(len(there))
    chosen = list(order[:wanted])
    seen = {c for i in chosen for c in there[i].text}
    for i in order[wanted:]:
        if not seen.issuperset(there[i].text):
            chosen.append(i)
            seen.update(there[i].text)
    return [replace(there[i], split="train") for i in sorted(chosen)]


def _of_table(table: Path) -> Iterator[Line]:
    rows = read_text(table, "replace it").split("\n")  # no other line break ends a row: a transcript may hold it
    names = rows[0].split("\t")
    for name in ("image", "transcript"):
        if name not in names:
            wanted = "columns stand between tabs, and are called image, transcript and, where that is known, split and writer"
            raise DataError(f"{table}:1: no column of the header is called {name!r}; {wanted}")
    for number, row in enumerate(rows[1:], start=2):
        if row.strip():
            yield _of_row(table, number, names, row.split("\t"))


def _of_row(table: Path, number: int, names: list[str], values: list[str]) -> Line:
    if len(values) != len(names):
        raise DataError(f"{table}:{number}: {len(values)} columns where the header has {len(names)}; separate them by tabs")
    row = dict(zip(names, values, strict=True))
    split = row.get("split", "").strip()
    if "split" in row and split not in SPLITS:
        raise DataError(f"{table}:{number}: unknown split {split!r}; {nearest(split, SPLITS)}")
    if not row["image"].strip() or "\0" in row["image"]:
        raise DataError(f"{table}:{number}: no image is named; name one, or take the line out")
    direct, below = table.parent / row["image"], table.parent / "images" / row["image"]
    image = below if not direct.exists() and below.exists() else direct
    return Line(image, one_line(row["transcript"]), row.get("writer", "") or _page(image), split)


def _of_pairs(folder: Path) -> Iterator[Line]:
    for truth in sorted(folder.rglob("*.gt.txt")):
        stem = truth.name.removesuffix(".gt.txt")
        image = next((p for s in PICTURES for e in (s, s.upper()) if (p := truth.with_name(stem + e)).exists()), None)
        if image is None:
            raise DataError(f"{truth}: no picture beside it; known endings are {', '.join(PICTURES)}")
        writer = _page(image) if image.parent == folder else image.parent.relative_to(folder).parts[0]
        yield Line(image, one_line(read_text(truth, "replace it")), writer)


def _page(image: Path) -> str:
    """What stands for the writer where nobody says who it was: the name of the picture without the line's number."""
    return _NUMBER.sub("", image.stem) or image.stem


def _images(lines: Sequence[Line], options: LineFolderOptions) -> Images:
    try:
        files = [stamp(line.image) for line in lines]
    except FileNotFoundError as error:
        raise DataError(f"{error.filename}: no such image; mend the path in {TABLE}, or take its line out") from error
    key = {"version": VERSION, "height": options.height, "upright": options.upright, "fit": options.fit, "files": files}
    return cached(key, options.height, lambda: (_prepared(line.image, options) for line in lines), len(lines))


def _prepared(image: Path, options: LineFolderOptions) -> np.ndarray:
    return prepared(open_grey(image), options.height, upright=options.upright, fit=options.fit)
