"""Lines of a page from its ALTO or PAGE XML: baseline, outline, text.

ALTO 4 (Library of Congress) and PAGE 2013 to 2019 (PRImA), as Kraken, eScriptorium and Transkribus write them. Namespaces
do not matter. Coordinates are pixels of the page's picture.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from text_recognizer.data.line_set import one_line
from text_recognizer.errors import DataError

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class PageLine:
    """One line of a page: its id, its text (NFC, "" where none is given), baseline and outline as float (N, 2) of x, y."""

    id: str
    text: str
    baseline: np.ndarray
    outline: np.ndarray


@dataclass(frozen=True)
class Page:
    """A page's picture and its lines in the order of the file."""

    image: Path
    lines: tuple[PageLine, ...]


def read_page(path: Path) -> Page:
    """The page that an ALTO or PAGE file describes. Lines without a baseline or an outline are left out.

    Raises DataError where the file is neither, or where its picture is not beside it.
    """
    try:
        root = ElementTree.parse(path).getroot()  # noqa: S314
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except ElementTree.ParseError as error:
        raise DataError(f"{path}:{error.position[0]}:{error.position[1]}: not XML ({error.msg}); export it again") from error
    except (LookupError, ValueError) as error:  # an encoding that the parser does not know
        raise DataError(f"{path}: not XML ({error}); export it again") from error
    kind = _name(root)
    if kind not in ("alto", "PcGts"):
        raise DataError(f"{path}: its root is {kind!r}, neither ALTO nor PAGE; export it as one of them")
    read = _alto_line if kind == "alto" else _page_line
    found = (read(element) for element in root.iter() if _name(element) == "TextLine")
    lines = tuple(line for line in found if len(line.baseline) > 1 and len(line.outline) > 2)
    return Page(_picture(path, root, kind), lines)


def _alto_line(element: ElementTree.Element) -> PageLine:
    words = [part.get("CONTENT", "") for part in element if _name(part) == "String"]
    outline = next((p.get("POINTS", "") for p in element.iter() if _name(p) == "Polygon"), "")
    return PageLine(element.get("ID", ""), one_line(" ".join(words)), _points(element.get("BASELINE", "")), _points(outline))


def _page_line(element: ElementTree.Element) -> PageLine:
    parts = {_name(part): part for part in reversed(list(element))}
    unicode = next((p.text or "" for p in parts.get("TextEquiv", ()) if _name(p) == "Unicode"), "")
    baseline, outline = (parts[name].get("points", "") if name in parts else "" for name in ("Baseline", "Coords"))
    return PageLine(element.get("id", ""), one_line(unicode), _points(baseline), _points(outline))


def _picture(path: Path, root: ElementTree.Element, kind: str) -> Path:
    """The picture that the file names, or one with the file's own name; beside the file."""
    if kind == "alto":
        named = next((e.text or "" for e in root.iter() if _name(e) == "fileName"), "").strip()
    else:
        named = next((e.get("imageFilename", "") for e in root.iter() if _name(e) == "Page"), "")
    names = [Path(named).name] if named else []
    for name in (*names, *(path.stem + end for suffix in _PICTURES for end in (suffix, suffix.upper()))):
        if (picture := path.with_name(name)).is_file():
            return picture
    raise DataError(f"{path}: its picture {named or path.stem!r} is not beside it; put it there")


def _points(text: str) -> np.ndarray:
    numbers = [float(n) for n in _NUMBER.findall(text)]
    return np.array(numbers[: len(numbers) // 2 * 2]).reshape(-1, 2)


def _name(element: ElementTree.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]


def pages_of(folder: Path) -> Iterator[Path]:
    """All ALTO and PAGE files of a folder (METS files lie beside them and are passed over)."""
    return (path for path in sorted(folder.rglob("*.xml")) if "mets" not in path.name.lower())
