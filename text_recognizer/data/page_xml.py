"""Lines of a page from its ALTO or PAGE XML: baseline, outline, text, in pixels of the page's picture."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from text_recognizer.data import alto, prima_page
from text_recognizer.data.page_parts import Described, PageLine, baseline_within, name_of
from text_recognizer.errors import DataError

_PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")
_READERS = {"alto": alto.described, "PcGts": prima_page.described}
_SMALLEST = 5.0  # pixels: what is less wide or high holds no letter
_ALIKE = 0.02  # by which the two sides of a picture may be scaled differently


@dataclass(frozen=True)
class Page:
    """A page's picture, its lines in the order of reading, and why others of its lines cannot be used, by their ids."""

    image: Path
    lines: tuple[PageLine, ...]
    left_out: tuple[tuple[str, str], ...] = ()


def read_page(path: Path) -> Page:
    """The page that an ALTO or PAGE file describes. A line without a baseline gets one from its outline.

    Raises DataError where the file is neither, where its picture is not beside it, or is another one than the file describes.
    """
    root = _root(path)
    if name_of(root) not in _READERS:
        raise DataError(f"{path}: its root is {name_of(root)!r}, neither ALTO nor PAGE; export it as one of them")
    found = _READERS[name_of(root)](root)
    image = _picture(path, found.picture)
    scale = _scale(path, found, image)
    usable, left_out = [], []
    for line in found.lines:
        whole = _whole(line, scale)
        if isinstance(whole, str):
            left_out.append((line.id, whole))
        else:
            usable.append(whole)
    return Page(image, tuple(usable), tuple(left_out))


def is_page(path: Path) -> bool:
    """Whether this is an ALTO or PAGE file; one that cannot be read is none."""
    try:
        return name_of(_root(path)) in _READERS
    except DataError:
        return False


def _root(path: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(path).getroot()  # noqa: S314
    except OSError as error:
        raise DataError(f"{path}: {'no such file' if isinstance(error, FileNotFoundError) else error.strerror}") from error
    except ElementTree.ParseError as error:
        raise DataError(f"{path}:{error.position[0]}:{error.position[1]}: not XML ({error.msg}); export it again") from error
    except (LookupError, ValueError) as error:  # an encoding that the parser does not know
        raise DataError(f"{path}: not XML ({error}); export it again") from error


def _whole(line: PageLine, scale: np.ndarray) -> PageLine | str:
    """The line with baseline and outline in pixels, or what it lacks."""
    baseline, outline = _distinct(line.baseline * scale), line.outline * scale
    if len(outline) < 3:
        return (
            "it has neither an outline nor a box" if len(baseline) < 2 else "it has a baseline but neither an outline nor a box"
        )
    if np.ptp(outline, axis=0).min() < _SMALLEST:
        return "it is too small to hold a letter"
    return replace(line, baseline=baseline if len(baseline) > 1 else baseline_within(outline), outline=outline)


def _distinct(baseline: np.ndarray) -> np.ndarray:
    """The points that differ from the one before: some programs draw a baseline of one point, twice."""
    return baseline[np.r_[True, np.any(np.diff(baseline, axis=0) != 0, axis=1)]] if len(baseline) else baseline


def _scale(path: Path, found: Described, image: Path) -> np.ndarray:
    """Pixels of the picture per unit of the file, along x and y (2,)."""
    if found.size is None:
        if found.unit == "pixel":
            return np.ones(2)
        raise DataError(f"{path}: its unit is {found.unit}, and it does not say how large its page is; export it in pixels")
    scale = np.array(_size(image)) / found.size
    if abs(scale[0] / scale[1] - 1) > _ALIKE:
        width, height = found.size
        raise DataError(
            f"{path}: it describes a page of {width:g} x {height:g}, and its picture {image.name} has {_size(image)[0]} x "
            f"{_size(image)[1]} pixels, which is another shape; put the picture there that it was made from"
        )
    return scale


def _size(image: Path) -> tuple[int, int]:
    try:
        with Image.open(image) as opened:
            return opened.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{image}: cannot be read as an image ({error!s:.80}); replace it, or take its page out") from error


def _picture(path: Path, named: str) -> Path:
    """The picture that the file names, or one with the file's own name; beside the file."""
    names = [Path(named).name] if named else []
    for name in (*names, *(path.stem + end for suffix in _PICTURES for end in (suffix, suffix.upper()))):
        if (picture := path.with_name(name)).is_file():
            return picture
    raise DataError(f"{path}: its picture {named or path.stem!r} is not beside it; put it there")


def pages_of(folder: Path) -> Iterator[Path]:
    """All ALTO and PAGE files of a folder (METS files lie beside them and are passed over)."""
    return (path for path in sorted(folder.rglob("*.xml")) if "mets" not in path.name.lower())
