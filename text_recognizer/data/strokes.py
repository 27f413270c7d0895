"""Pen strokes of letters, from the Hershey fonts, bent and shaken into something like a hand.

The fonts were digitised by A. V. Hershey (NBS Special Publication 424, 1976). Coordinates are in the font's own units,
x to the right and y downwards, capitals 21 units high; here the baseline lies at y = 0 and a glyph starts at x = 0.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from text_recognizer.data.styles import Style

HANDS = ("futural", "timesi", "scripts", "scriptc")
"""Print, sloped print, joined script, and joined script with a broad pen: the fonts that look like writing."""

_BASELINE = 9
_LONGEST_STEP = 7.0


@dataclass(frozen=True)
class Ink:
    """Strokes as one array of points (N, 2), float64; stroke i is `points[starts[i] : starts[i + 1]]`."""

    points: np.ndarray
    starts: np.ndarray

    def bent(self, points: np.ndarray) -> Ink:
        """The same strokes through other points."""
        return Ink(points, self.starts)


@dataclass(frozen=True)
class Glyph:
    """One character of one hand: its ink and its advance in units."""

    ink: Ink
    advance: float


@functools.cache
def hand(name: str) -> dict[str, Glyph]:
    """Every printable ASCII character of a Hershey font, with long straight strokes cut so that they can bend."""
    from HersheyFonts import HersheyFonts

    font = HersheyFonts()
    font.load_default_font(name)
    characters = [chr(code) for code in range(32, 127)]
    return {c: _glyph(g) for c, g in zip(characters, font.glyphs_for_text("".join(characters)), strict=True)}


def layout(text: str, glyphs: dict[str, Glyph], style: Style, rng: np.random.Generator) -> Ink:
    """The ink of a text written with this style, as units on a baseline at y = 0, starting at x = 0.

    Each letter is scaled, turned and lifted a little on its own; then a slow wave moves the baseline, a smooth random
    field shakes the strokes, and the whole is slanted and turned.
    """
    letters = [glyphs[c] for c in text]
    counts = [len(g.ink.points) for g in letters]
    owner = np.repeat(np.arange(len(letters)), counts)
    points = np.concatenate([g.ink.points for g in letters])
    points = _vary_letters(points, owner, letters, style, rng)
    points = _shake(points, style, rng)
    return Ink(_slant_and_turn(points, style), _starts([g.ink for g in letters]))


def _glyph(glyph: Any) -> Glyph:
    left = glyph.left_offset
    strokes = [_dense(np.array(s, dtype=float) - (left, _BASELINE)) for s in glyph.strokes if len(s) > 0]
    starts = np.cumsum([0] + [len(s) for s in strokes])
    points = np.concatenate(strokes) if strokes else np.zeros((0, 2))
    return Glyph(Ink(points, starts), float(glyph.char_width))


def _dense(stroke: np.ndarray) -> np.ndarray:
    """The stroke with points added so that no step is longer than `_LONGEST_STEP`."""
    if len(stroke) < 2:
        return np.repeat(stroke, 2, axis=0)
    steps = np.hypot(*np.diff(stroke, axis=0).T)
    pieces = np.maximum(1, np.ceil(steps / _LONGEST_STEP).astype(int))
    at = np.concatenate([[0.0], *(i + np.arange(1, n + 1) / n for i, n in enumerate(pieces))])
    return np.stack([np.interp(at, np.arange(len(stroke)), stroke[:, k]) for k in (0, 1)], axis=1)


def _starts(inks: list[Ink]) -> np.ndarray:
    offsets = np.cumsum([0] + [len(i.points) for i in inks])
    return np.concatenate([*(i.starts[:-1] + o for i, o in zip(inks, offsets[:-1], strict=True)), offsets[-1:]])


def _vary_letters(
    points: np.ndarray, owner: np.ndarray, letters: list[Glyph], style: Style, rng: np.random.Generator
) -> np.ndarray:
    """Points (N, 2) with every letter scaled, turned, lifted and set at its place along the line."""
    count = len(letters)
    scale = 1 + rng.normal(0, 0.04, (count, 2))
    turn = rng.normal(0, 0.03, count)
    advance = np.array([g.advance for g in letters]) * style.spacing * scale[:, 0] + rng.normal(0, 0.4, count)
    origin = np.concatenate([[0.0], np.cumsum(advance)[:-1]])
    x, y = (points * scale[owner]).T
    lift = rng.normal(0, 0.5, count)[owner]
    return np.stack([x - turn[owner] * y + origin[owner], y + turn[owner] * x + lift], axis=1)


def _shake(points: np.ndarray, style: Style, rng: np.random.Generator) -> np.ndarray:
    """Points moved by a slow wave of the baseline and a smooth field of `style.jitter` units (one standard deviation)."""
    x, y = points.T
    wave = style.drift * np.sin(x * rng.uniform(0.01, 0.04) + rng.uniform(0, 2 * np.pi))
    frequency = rng.normal(0, 0.28, (4, 2))
    phase = rng.uniform(0, 2 * np.pi, (2, 4, 1))
    field = np.sin(frequency[:, :1] * x + frequency[:, 1:] * y + phase).sum(axis=1) * (style.jitter / np.sqrt(2))
    return points + np.stack([field[0], field[1] + wave], axis=1)


def _slant_and_turn(points: np.ndarray, style: Style) -> np.ndarray:
    x, y = points.T
    x = x - style.slant * y
    return np.stack([x - style.rotation * y, y + style.rotation * x], axis=1)
