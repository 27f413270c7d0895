"""Pages that were read as XML for other programs: ALTO 4 (Library of Congress) and PAGE 2019-07-15 (PRImA).

Without places of its words a line has its text as a whole: words that are spread over it evenly would say what nobody knows.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from text_recognizer.data.baselines import section
from text_recognizer.data.page_parts import PageLine

if TYPE_CHECKING:
    from text_recognizer.recognizer import Reading
    from text_recognizer.sources import Found, Sheet

_ALTO = "http://www.loc.gov/standards/alto/ns-v4#"
_PAGE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Word:
    """A word that was read, how sure the network is, and where it begins and ends in its line: shares (0 to 1) from the left."""

    text: str
    confidence: float
    start: float
    end: float


@dataclass(frozen=True, eq=False)
class ReadLine:
    """A line with its place on the page, its text, how sure the network is, and its words, where their places are known."""

    line: PageLine
    text: str
    confidence: float
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, eq=False)
class ReadPage:
    """A page that was read: the name of its picture, which page of that it is (from 1 on; 0: the only one), its width and height,
    its lines."""

    picture: str
    number: int
    size: tuple[int, int]
    lines: tuple[ReadLine, ...]


def page_of(sheet: Sheet, together: Sequence[tuple[Found, Reading]]) -> ReadPage:
    """The page of a sheet with a file, with those of its lines that could be read."""
    lines = [ReadLine(f.line, r.text, r.confidence, _words(r)) for f, r in together if f.line is not None and not r.error]
    return ReadPage(sheet.picture.name if sheet.picture else sheet.source, sheet.number, sheet.size, tuple(lines))


def _words(reading: Reading) -> tuple[Word, ...]:
    """Those of a line; none where the places of some are not known."""
    placed = [Word(word.text, word.confidence, *word.share) for word in reading.words if word.share]
    return tuple(placed) if len(placed) == len(reading.words) else ()


def alto(page: ReadPage, now: datetime) -> str:
    """The page as ALTO 4. A line without places of words is one String. Lines that have to be turned clockwise stand in a block
    of their own, whose `ROTATION` says how far they have been turned the other way."""
    width, height = page.size
    everything = {"HPOS": "0", "VPOS": "0", "WIDTH": str(width), "HEIGHT": str(height)}
    root = ElementTree.Element("alto", {"xmlns": _ALTO})
    description = ElementTree.SubElement(root, "Description")
    ElementTree.SubElement(description, "MeasurementUnit").text = "pixel"
    ElementTree.SubElement(ElementTree.SubElement(description, "sourceImageInformation"), "fileName").text = _clean(page.picture)
    processing = ElementTree.SubElement(description, "Processing", ID="processing_1")
    ElementTree.SubElement(processing, "processingDateTime").text = now.isoformat(timespec="seconds")
    ElementTree.SubElement(ElementTree.SubElement(processing, "processingSoftware"), "softwareName").text = "text_recognizer"
    layout = ElementTree.SubElement(root, "Layout")
    size = {"WIDTH": str(width), "HEIGHT": str(height)}
    sheet = ElementTree.SubElement(layout, "Page", {"ID": "page_1", "PHYSICAL_IMG_NR": str(page.number or 1), **size})
    space = ElementTree.SubElement(sheet, "PrintSpace", everything)
    for number, (turn, lines) in enumerate(_blocks(page.lines), start=1):
        rotation = {"ROTATION": str(turn)} if turn else {}
        block = ElementTree.SubElement(space, "TextBlock", {"ID": f"block_{number}", **everything, **rotation})
        for name, line in lines:
            _alto_line(block, name, line, page.size)
    return _as_text(root)


def page_xml(page: ReadPage, now: datetime) -> str:
    """The page as PAGE 2019-07-15. Lines that have to be turned stand in a region of their own, whose `orientation` says how far
    clockwise, from -180 to 180."""
    width, height = page.size
    root = ElementTree.Element("PcGts", {"xmlns": _PAGE})
    metadata = ElementTree.SubElement(root, "Metadata")
    for name, text in (("Creator", "text_recognizer"), ("Created", now.isoformat()), ("LastChange", now.isoformat())):
        ElementTree.SubElement(metadata, name).text = text
    size = {"imageWidth": str(width), "imageHeight": str(height)}
    place = {"custom": f"page {{number:{page.number};}}"} if page.number else {}  # PAGE has no word for it; our reader knows this
    sheet = ElementTree.SubElement(root, "Page", {"imageFilename": _clean(page.picture), **size, **place})
    for count, (turn, lines) in enumerate(_blocks(page.lines), start=1):
        orientation = {"orientation": str(turn if turn <= 180 else turn - 360)} if turn else {}
        region = ElementTree.SubElement(sheet, "TextRegion", {"id": f"region_{count}", **orientation})
        ElementTree.SubElement(region, "Coords", points=f"0,0 {width},0 {width},{height} 0,{height}")
        for name, line in lines:
            _page_line(region, name, line, page.size)
    return _as_text(root)


def _blocks(lines: Sequence[ReadLine]) -> Iterator[tuple[int, list[tuple[str, ReadLine]]]]:
    """Lines one after another that have the same turn, with it, and each with its name."""
    for turn, run in groupby(zip(_names(lines), lines, strict=True), key=lambda named: named[1].line.turn):
        yield turn, list(run)


WRITERS: dict[str, Callable[[ReadPage, datetime], str]] = {"alto": alto, "page": page_xml}


def _alto_line(block: ElementTree.Element, name: str, line: ReadLine, size: tuple[int, int]) -> None:
    baseline, outline = (_points(points, size) for points in (line.line.baseline, line.line.outline))
    element = ElementTree.SubElement(block, "TextLine", {"ID": name, "BASELINE": _joined(baseline, " "), **_box(outline)})
    ElementTree.SubElement(ElementTree.SubElement(element, "Shape"), "Polygon", POINTS=_joined(outline, " "))
    whole = ((line.text, line.confidence, outline),)
    for number, (text, confidence, corners) in enumerate(list(_placed(line, size)) or whole, start=1):
        if number > 1:
            ElementTree.SubElement(element, "SP")
        said = {"ID": f"{name}_{number}", "CONTENT": _clean(text), "WC": f"{confidence:.3f}"}
        ElementTree.SubElement(element, "String", {**said, **_box(corners)})


def _page_line(region: ElementTree.Element, name: str, line: ReadLine, size: tuple[int, int]) -> None:
    element = ElementTree.SubElement(region, "TextLine", id=name)
    ElementTree.SubElement(element, "Coords", points=_joined(_points(line.line.outline, size), ","))
    ElementTree.SubElement(element, "Baseline", points=_joined(_points(line.line.baseline, size), ","))
    for number, (text, confidence, corners) in enumerate(_placed(line, size), start=1):
        word = ElementTree.SubElement(element, "Word", id=f"{name}_{number}")
        ElementTree.SubElement(word, "Coords", points=_joined(corners, ","))
        _page_text(word, text, confidence)
    _page_text(element, line.text, line.confidence)


def _page_text(element: ElementTree.Element, text: str, confidence: float) -> None:
    ElementTree.SubElement(ElementTree.SubElement(element, "TextEquiv", conf=f"{confidence:.3f}"), "Unicode").text = _clean(text)


def _placed(line: ReadLine, size: tuple[int, int]) -> Iterator[tuple[str, float, np.ndarray]]:
    """Text, confidence and outline of each word."""
    for word in line.words:
        yield word.text, word.confidence, _points(section(line.line, word.start, word.end), size)


def _names(lines: Sequence[ReadLine]) -> list[str]:
    """A name for each line that XML allows: its own, unless that is none, or not its own alone."""
    ids = [line.line.id for line in lines]
    taken = {"page_1", "processing_1", *(f"{kind}_{n}" for kind in ("block", "region") for n in range(1, len(ids) + 1))}
    good = all(_NAME.fullmatch(name) for name in ids) and len(set(ids)) == len(ids) and not taken & set(ids)
    return ids if good else [f"line_{number}" for number in range(1, len(ids) + 1)]


def _points(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Whole pixels (N, 2) within the page, as both formats want them."""
    return np.clip(np.rint(points), 0, size).astype(int)


def _joined(points: np.ndarray, comma: str) -> str:
    return " ".join(f"{x}{comma}{y}" for x, y in points)


def _box(points: np.ndarray) -> dict[str, str]:
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return {"HPOS": str(left), "VPOS": str(top), "WIDTH": str(right - left), "HEIGHT": str(bottom - top)}


def _clean(text: str) -> str:
    """The text with a mark in place of what no XML may hold."""
    return _NOT_IN_XML.sub("\ufffd", text)


def _as_text(root: ElementTree.Element) -> str:
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'
