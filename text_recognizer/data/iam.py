"""IAM: English handwriting of 657 people (Marti and Bunke 2002), from your own licensed copy.

The folder holds `xml/` with one file per form and `forms/` (or formsA-D, formsE-H, formsI-Z) with the pictures, as the
archives of the University of Bern and the labs' iamdb.zip unpack. Its splits are in `iam_splits`.
"""

from __future__ import annotations

import html
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from text_recognizer.data.assembling import assembled
from text_recognizer.data.cache import Images, cached
from text_recognizer.data.data_set import SPLITS
from text_recognizer.data.emnist import data_folder
from text_recognizer.data.iam_splits import Lists, read_lists, splits_of, writers_in_two
from text_recognizer.data.line_images import VERSION, open_grey, prepared
from text_recognizer.data.line_set import Lines
from text_recognizer.data.options import IamOptions
from text_recognizer.data.preparing import tell
from text_recognizer.errors import DataError

Box = tuple[float, float, float, float]
_PADDING = 8
_WHERE_FROM = "https://fki.tic.heia-fr.ch/databases/iam-handwriting-database"


@dataclass(frozen=True)
class FormLine:
    """One handwritten line: its id (`a01-000u-00`), its text, and its box on the form as shares of width and height."""

    id: str
    text: str
    box: Box


@dataclass(frozen=True)
class Form:
    """A filled-in form: its id (`a01-000u`), who filled it in, its picture, its width and height in the full resolution, and its
    lines from top to bottom."""

    id: str
    writer: str
    image: Path
    size: tuple[float, float]
    lines: tuple[FormLine, ...]


@dataclass(frozen=True)
class Unit:
    """A line, or something else, of a form, and the split that it is in."""

    form: Form
    line: FormLine
    split: str


def iam_lines(options: IamOptions) -> Lines:
    """Single lines, each `height` pixels high. Raises DataError where the copy is missing or incomplete."""
    folder, units = found(options, lambda form: form.lines)
    return assembled(folder, _cut_lines(options, units), [u.line.text for u in units], [u.split for u in units])


def read_form(path: Path, pictures: Mapping[str, Path]) -> Form:
    """The form that an XML file of IAM describes; `pictures` are those of all forms, by id.

    Boxes in the file are pixels of the full resolution, which its `form` element gives; the picture may be smaller.
    """
    try:
        root = ElementTree.parse(path).getroot()  # noqa: S314
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise DataError(f"{path}: not XML ({error}); unpack it again") from error
    if path.stem not in pictures:
        raise DataError(f"{path}: the picture {path.stem}.png (or .jpg) is in none of the folders forms*; unpack the forms too")
    try:
        size = float(root.get("width", 0)), float(root.get("height", 0))
    except ValueError:
        size = 0.0, 0.0
    if not min(size) > 0:
        raise DataError(f"{path}: its form has no width and height; unpack it again")
    lines = tuple(_line(element, size) for element in root.iter("line") if next(element.iter("cmp"), None) is not None)
    return Form(path.stem, root.get("writer-id") or path.stem, pictures[path.stem], size, lines)


def _cut_lines(options: IamOptions, units: Sequence[Unit]) -> Images:
    key = {"iam": [VERSION, 1], "what": "line", "height": options.height, "units": stamps(units)}
    return cached(key, options.height, lambda: (_prepared(unit, options.height) for unit in units), len(units))


def found(options: IamOptions, units_of: Callable[[Form], tuple[FormLine, ...]]) -> tuple[Path, list[Unit]]:
    """The folder, and all lines (or whatever `units_of` makes of a form) that are in a split, or the share that is used."""
    folder = data_folder(options.folder, "iam")
    lists = read_lists(folder, options.split) if folder.is_dir() else {}
    pairs = [(form, line) for form in _forms(folder) for line in units_of(form)]
    units = [
        Unit(form, line, part) for (form, line), part in zip(pairs, _parts(pairs, options.split, lists), strict=True) if part
    ]
    return folder, [unit for split in SPLITS for unit in _share([u for u in units if u.split == split], options)]


def stamps(units: Sequence[Unit]) -> list[list[object]]:
    """What decides the pixels of units, for a key."""
    return [[str(u.form.image.absolute()), u.form.image.stat().st_mtime_ns, u.line.id, u.line.box] for u in units]


def cut_out(unit: Unit) -> np.ndarray:
    """The place of a unit on its form, grey uint8, in the resolution of the picture."""
    grey = open_grey(unit.form.image)
    left, top, right, bottom = np.rint(np.array(unit.line.box) * np.tile(grey.shape[::-1], 2)).astype(int)
    return grey[top:bottom, left:right]


def _share(units: list[Unit], options: IamOptions) -> list[Unit]:
    """Every second, third and so on, so that all writers stay."""
    if options.subsample_fraction == 1 or not units:
        return units
    return units[:: max(1, round(1 / options.subsample_fraction))]


def _parts(pairs: Sequence[tuple[Form, FormLine]], split: str, lists: Lists) -> list[str]:
    """The split of each; people are told what keeps a figure from being one of other writers."""
    units = [(line.id, form.writer) for form, line in pairs]
    parts = splits_of(units, split, lists)
    for doubt in writers_in_two(units, parts):
        tell(f"split {split}: {doubt}")
    if split == "lab2021" and (left := parts.count("")):
        tell(f"split lab2021: {left:,} samples by writers of the test are left out")
    return parts


def _forms(folder: Path) -> Iterator[Form]:
    files = sorted((folder / "xml").glob("*.xml"))
    if not files:
        raise DataError(
            f"{folder}: IAM is not there; register at {_WHERE_FROM}, put xml/ and the forms there (or name the folder with "
            f'dataset_args.folder or TEXT_RECOGNIZER_DATA); "dataset": "GeneratedLines" needs no download'
        )
    pictures = {p.stem: p for d in folder.glob("forms*") for p in d.rglob("*") if p.suffix.lower() in (".png", ".jpg", ".jpeg")}
    return (read_form(file, pictures) for file in files)


def _line(element: ElementTree.Element, size: tuple[float, float]) -> FormLine:
    boxes = np.array([[float(c.get(n, 0)) for n in ("x", "y", "width", "height")] for c in element.iter("cmp")])
    low, high = boxes[:, :2].min(axis=0) - _PADDING, (boxes[:, :2] + boxes[:, 2:]).max(axis=0) + _PADDING
    shares = np.clip(np.r_[low / size, high / size], 0, 1)
    text = html.unescape(element.get("text", ""))
    return FormLine(element.get("id", ""), text, _box(shares))


def _box(values: np.ndarray) -> Box:
    left, top, right, bottom = values.tolist()
    return left, top, right, bottom


def _prepared(unit: Unit, height: int) -> np.ndarray:
    return prepared(cut_out(unit), height, upright=False)
