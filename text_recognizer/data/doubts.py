"""What is doubtful about lines in their splits: people are told, and the training goes on."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterator

from text_recognizer.data.line_set import Lines, LineSplit

_NAMED = 8
_INVISIBLE = ("Cf", "Cc", "Co", "Cn")  # formats, among them zero-width characters and the byte order mark; controls; unassigned


def doubts(lines: Lines) -> Iterator[str]:
    """A sentence about each: the same picture twice, characters that cannot be read, classes that nobody can see."""
    parts = [lines.train, lines.val] + ([lines.test] if lines.test is not lines.val else [])
    yield from _twice(parts)
    held_out = Counter(c for part in parts[1:] for text in part.texts for c in text)
    if unseen := {c: number for c, number in held_out.items() if c not in lines.classes}:
        number, those = sum(unseen.values()), _listed(unseen)
        yield f"characters of val and test that train lacks: {number:,}; they cannot be read and count as errors: {those}"
    trained = Counter(c for text in lines.train.texts for c in text)
    if hidden := {c: n for c, n in trained.items() if unicodedata.category(c) in _INVISIBLE and c != "\n"}:
        yield f"classes that nobody sees on paper: {_listed(hidden)}; take them out of the transcripts unless they are meant"


def _twice(parts: list[LineSplit]) -> Iterator[str]:
    """About pictures that are there more than once, pixel by pixel."""
    homes: dict[bytes, list[int]] = {}
    for number, part in enumerate(parts):
        for image in part.images:
            homes.setdefault(hashlib.blake2b(image.tobytes(), digest_size=16).digest(), []).append(number)
    again = [home for home in homes.values() if len(home) > 1]
    apart = sum(len(set(home)) > 1 for home in again)
    if apart:
        yield f"pictures in two of train, val and test: {apart:,}; they flatter the figures, so take them out of one"
    if alike := len(again) - apart:
        yield f"pictures that are there twice or more: {alike:,}; they count as often"


def _listed(characters: dict[str, int]) -> str:
    """The most frequent of them, each with its number; what cannot be seen, by its code point and name."""
    most = sorted(characters, key=lambda c: (-characters[c], c))
    told = ", ".join(f"{_shown(c)} ({characters[c]:,})" for c in most[:_NAMED])
    return told + (f" and {len(most) - _NAMED} others" if len(most) > _NAMED else "")


def _shown(c: str) -> str:
    return repr(c) if c.isprintable() and not c.isspace() else f"U+{ord(c):04X} {unicodedata.name(c, '')}".strip()
