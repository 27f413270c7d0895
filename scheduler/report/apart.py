"""Texts in little room: what tells them apart is what stays. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import pairwise

from scheduler.report.text import cells

CUT = "…"
DIGITS = 4  # of the digest that stands for what cannot be shown
NEAR = 2  # characters shown before the one that tells


def apart(texts: Sequence[str], width: int) -> list[str]:
    """Each text in at most `width` columns of a terminal; those that differ still differ, from 8 columns on.

    What fits stays as it is. Of a longer text its beginning stays and the part that no other has; where even that is not enough,
    a few digits of its digest. Nothing depends on the order of the texts.
    """
    width = max(width, 1)
    if all(cells(text) <= width for text in texts):
        return list(texts)
    shown = _told_apart(set(texts), width)
    return [shown[text] for text in texts]


def _told_apart(texts: Collection[str], width: int) -> dict[str, str]:
    places = _places(sorted(texts))
    shown = {text: text if cells(text) <= width else _around(text, places[text], width) for text in texts}
    digits = DIGITS
    while clashing := _clashing(shown):
        shown |= {text: _digested(text, width, digits) for text in clashing}
        if digits > width:
            break
        digits += 2
    return shown


def _places(ordered: Sequence[str]) -> dict[str, int]:
    """Where each text has its first character that tells it from every other."""
    places = dict.fromkeys(ordered, 0)
    for one, other in pairwise(ordered):
        common = _common(one, other)
        places[one], places[other] = max(places[one], common), common
    return places


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    return next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _clashing(shown: dict[str, str]) -> list[str]:
    """The shortened texts that look like another."""
    looks = Counter(shown.values())
    return [text for text, look in shown.items() if looks[look] > 1 and look != text]


def _around(text: str, place: int, width: int) -> str:
    """The beginning of `text` and what stands at `place`."""
    if cells(text[: place + 1]) < width:
        return head(text, width - 1) + CUT
    first = head(text, width // 4)
    room = width - cells(first) - 1
    last = tail(text, room)
    if len(text) - len(last) <= place:
        return first + CUT + last
    return first + CUT + head(text[max(0, place - NEAR) :], room - 1) + CUT


def _digested(text: str, width: int, digits: int) -> str:
    from hashlib import sha256  # with OpenSSL, for texts that nearly no table has

    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[: min(digits, max(width - 1, 1))]
    return head(text, width - len(digest) - 1) + CUT + digest if width > 1 else digest


def head(text: str, width: int) -> str:
    """As much of the beginning of `text` as takes at most `width` columns."""
    width = max(width, 0)
    part = text[:width]
    while cells(part) > width:
        part = part[:-1]
    return part


def tail(text: str, width: int) -> str:
    """As much of the end of `text` as takes at most `width` columns; it does not begin with a mark of the character before."""
    part = text[-width:] if width > 0 else ""
    while cells(part) > width or (part and not cells(part[0])):
        part = part[1:]
    return part
