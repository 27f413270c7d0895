"""PAGE, 2013 to 2019 (PRImA), as Transkribus, eScriptorium, Kraken and OCR-D write it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from math import inf

from text_recognizer.data.line_set import one_line
from text_recognizer.data.page_parts import Described, PageLine, called, name_of, points, size_of, turn_of

_PLACE = re.compile(r"page\s*\{\s*number\s*:\s*(\d+)")
_INDEX = re.compile(r"readingOrder\s*\{\s*index\s*:\s*(\d+)")


def described(root: ElementTree.Element) -> Described:
    """The page of a PAGE file, its lines in the order of reading: that of the regions, and within each that of its lines, where
    the file says it; what it does not place comes after, in the order of the file. PAGE has no word for a page of a picture with
    several: `outputs` writes it as `custom`."""
    page = next((element for element in root.iter() if name_of(element) == "Page"), root)
    places = {region: place for place, region in enumerate(_ordered(page))}
    found = sorted(_lines(page, inf, places, turn_of(page, "orientation", 0)), key=lambda entry: entry[:2])
    size = size_of(page, "imageWidth", "imageHeight")
    lines = tuple(_line(element, turn) for *_, turn, element in found)
    place = _PLACE.search(page.get("custom", ""))
    return Described(page.get("imageFilename", ""), "pixel", size, lines, int(place.group(1)) if place else 0)


def _ordered(page: ElementTree.Element) -> Iterator[str]:
    """The ids of regions in the order of reading."""
    for order in called(page, "ReadingOrder"):
        yield from _references(order)


def _references(group: ElementTree.Element) -> Iterator[str]:
    for child in sorted(group, key=lambda child: _number(child.get("index"), 0)):
        if region := child.get("regionRef"):
            yield region
        yield from _references(child)


def _lines(
    element: ElementTree.Element, region: float, places: dict[str, int], turn: int
) -> Iterator[tuple[float, float, int, ElementTree.Element]]:
    """Every line below an element with the place of its region and its own, infinite where the file has none, and its turn:
    `orientation` of the page, or of a region, which counts for what is in it."""
    for child in element:
        if name_of(child) == "TextLine":
            index = _INDEX.search(child.get("custom", ""))
            yield region, int(index.group(1)) if index else inf, turn, child
        else:
            within = turn_of(child, "orientation", turn)
            yield from _lines(child, places.get(child.get("id", ""), region), places, within)


def _line(element: ElementTree.Element, turn: int) -> PageLine:
    baseline, outline = (next(called(element, name), None) for name in ("Baseline", "Coords"))
    base, around = (points(part.get("points", "") if part is not None else "") for part in (baseline, outline))
    return PageLine(element.get("id", ""), one_line(_text(element)), base, around, turn)


def _text(element: ElementTree.Element) -> str:
    """Of its texts the main one, which has the lowest index; without one that of its words, or of their glyphs."""
    texts = sorted(called(element, "TextEquiv"), key=lambda text: _number(text.get("index"), 0))
    for kind in ("Unicode", "PlainText"):
        for text in texts:
            if found := next((part.text for part in called(text, kind) if part.text and part.text.strip()), ""):
                return found
    words = [_text(word) for word in called(element, "Word")]
    return " ".join(words) if words else "".join(_text(glyph) for glyph in called(element, "Glyph"))


def _number(text: str | None, otherwise: float) -> float:
    return int(text) if text and text.strip().isdigit() else otherwise
