"""ALTO, versions 2 to 4 (Library of Congress), as Kraken, eScriptorium, Tesseract, ABBYY and Gallica write it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import numpy as np

from text_recognizer.data.line_set import one_line
from text_recognizer.data.page_parts import Described, PageLine, box, called, name_of, number, points, size_of, turn_of

_SOFT_HYPHEN = "\u00ad"  # is to be seen at the end of a line


def described(root: ElementTree.Element) -> Described:
    """The page of an ALTO file: its lines stand in the order of the file. A line without polygon has the outline of its box, or
    of the boxes of its words; a baseline that is one number (up to version 3) is a height on the page."""
    everything = list(root.iter())
    by_name = {name_of(element): element for element in reversed(everything)}
    named, unit = (((by_name[key].text or "") if key in by_name else "").strip() for key in ("fileName", "MeasurementUnit"))
    lines = tuple(_line(*found) for found in _lines(root, 0))
    page = by_name.get("Page")
    place = int(number(page.get("PHYSICAL_IMG_NR", ""))) if page is not None else 0
    return Described(named, unit or "pixel", size_of(page, "WIDTH", "HEIGHT"), lines, place)


def _lines(element: ElementTree.Element, turn: int) -> Iterator[tuple[ElementTree.Element, int]]:
    """Every line below an element with its turn: `ROTATION` is how far it has been turned the other way, on a page, a block or a
    line, and what is said of the smaller counts."""
    for child in element:
        within = turn_of(child, "ROTATION", turn)
        if name_of(child) == "TextLine":
            yield child, within
        else:
            yield from _lines(child, within)


def _line(element: ElementTree.Element, turn: int) -> PageLine:
    outline = _outline(element)
    baseline = points(element.get("BASELINE", ""))
    if not len(baseline) and len(outline) and (level := element.get("BASELINE", "").strip()):
        left, right = outline[:, 0].min(), outline[:, 0].max()
        baseline = np.array([[left, number(level)], [right, number(level)]])
    return PageLine(element.get("ID", ""), one_line(_text(element)), baseline, outline, turn)


def _text(element: ElementTree.Element) -> str:
    """The words, and what a word is broken with at the end of the line: a transcript says what is to be seen."""
    text = ""
    for part in element:
        if name_of(part) == "String":
            text += f" {part.get('CONTENT', '')}"
        elif name_of(part) == "HYP":
            text += part.get("CONTENT", "-")
    return text.replace(_SOFT_HYPHEN, "-")


def _outline(element: ElementTree.Element) -> np.ndarray:
    """Of its own shape, or of its box, or of the shapes and boxes of its words; (0, 2) where there is none of these."""
    if len(own := _own_outline(element)):
        return own
    words = [corners for word in called(element, "String") if len(corners := _own_outline(word))]
    if not words:
        return np.empty((0, 2))
    corners = np.concatenate(words)
    return box(*corners.min(axis=0), *corners.max(axis=0))


def _own_outline(element: ElementTree.Element) -> np.ndarray:
    drawn = next(_polygons(element), np.empty((0, 2)))
    size = size_of(element, "WIDTH", "HEIGHT")
    if len(drawn) > 2 or size is None or not {"HPOS", "VPOS"} <= set(element.keys()):
        return drawn
    left, top = number(element.get("HPOS", "")), number(element.get("VPOS", ""))
    return box(left, top, left + size[0], top + size[1])


def _polygons(element: ElementTree.Element) -> Iterator[np.ndarray]:
    return (points(form.get("POINTS", "")) for shape in called(element, "Shape") for form in called(shape, "Polygon"))
