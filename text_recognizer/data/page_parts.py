"""What the readers of ALTO and of PAGE have in common: a line as the file gives it, and its coordinates."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from text_recognizer.data.turns import quarter, upright

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_DESCENT = 0.2  # of the height of an outline: what lies below the baseline, in hands and prints with descenders and ascenders


@dataclass(frozen=True)
class PageLine:
    """One line of a page: its id, its text (NFC, "" where none is given), baseline and outline as float (N, 2) of x, y; and its
    turn, as of `turns`, where its page lies on its side or upside down."""

    id: str
    text: str
    baseline: np.ndarray
    outline: np.ndarray
    turn: int = 0


@dataclass(frozen=True)
class Described:
    """A page as its file describes it: the picture's name, its width and height in the file's unit (or None), its lines in the
    order of reading, without points where the file has none, and which page of its picture it is (0: that is not said)."""

    picture: str
    unit: str
    size: tuple[float, float] | None
    lines: tuple[PageLine, ...]
    number: int = 0


def points(text: str) -> np.ndarray:
    """Pairs of x and y, float (N, 2), with or without commas between them."""
    numbers = [float(n) for n in _NUMBER.findall(text)]
    return np.array(numbers[: len(numbers) // 2 * 2]).reshape(-1, 2)


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    """The outline of a box, float (4, 2)."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=float)


def size_of(element: ElementTree.Element | None, width: str, height: str) -> tuple[float, float] | None:
    """What two attributes say, None where one is missing or no positive number."""
    found = [number(element.get(key, "")) for key in (width, height)] if element is not None else []
    return (found[0], found[1]) if len(found) == 2 and min(found) > 0 else None


def number(text: str) -> float:
    """The first number in a text, 0 where there is none."""
    found = _NUMBER.search(text)
    return float(found.group()) if found else 0.0


def called(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """The children of this name, whatever their namespace."""
    return (child for child in element if name_of(child) == name)


def name_of(element: ElementTree.Element) -> str:
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""


def turn_of(element: ElementTree.Element, key: str, otherwise: int) -> int:
    """The turn that an attribute with an angle says, or that of what the element is part of."""
    angle = element.get(key, "").strip()
    return quarter(number(angle)) if angle else otherwise


def baseline_within(outline: np.ndarray, turn: int = 0) -> np.ndarray:
    """A straight baseline for an outline (N, 2) that came without one, float (2, 2): a fifth of its height above its lower edge,
    as steep as the outline lies, or level where it is too short to tell; of a line that has to be turned, along its own run."""
    if turn:
        return upright(baseline_within(upright(outline, turn)), 360 - turn)
    left, right = outline[:, 0].min(), outline[:, 0].max()
    x = np.linspace(left, right, 34)[1:-1]  # its ends may be corners, of no height
    upper, lower = _edges(outline, x)
    y = lower - _DESCENT * (lower - upper)
    slope, level = np.polyfit(x - left, y, 1) if right - left > 2 * np.ptp(outline[:, 1]) else (0.0, np.median(y))
    return np.array([[left, level], [right, level + slope * (right - left)]])


def _edges(outline: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and the largest y of the outline at each x, both float (len(x),)."""
    start, end = outline, np.roll(outline, -1, axis=0)
    low, high = np.minimum(start[:, 0], end[:, 0]), np.maximum(start[:, 0], end[:, 0])
    width = np.where(high > low, end[:, 0] - start[:, 0], 1.0)
    share = (x[:, None] - start[:, 0]) / width
    y = start[:, 1] + share * (end[:, 1] - start[:, 1])
    crossed = (low <= x[:, None]) & (x[:, None] <= high) & (high > low)
    return np.where(crossed, y, np.inf).min(axis=1), np.where(crossed, y, -np.inf).max(axis=1)
