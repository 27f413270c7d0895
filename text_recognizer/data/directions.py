"""Lines that are written from right to left: a text has its characters in the order of reading, an image from left to right.

CTC aligns characters with columns, so it needs the order of the image. That is Unicode's bidirectional algorithm (UAX 9, by
python-bidi), with numbers and words of other scripts left as they run; the way back is the same algorithm on what was read. A
line with any character of a script from right to left is taken for one of that direction.
"""

from __future__ import annotations

import unicodedata

_RIGHT_TO_LEFT = ("R", "AL")


def runs_right_to_left(text: str) -> bool:
    """Whether any character of a text, or of an alphabet, belongs to a script from right to left."""
    return any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text)


def as_seen(text: str) -> str:
    """The characters from left to right, as on the paper; a mark stands before the letter that bears it. Other lines stay as they
    are."""
    return _turned(text) if runs_right_to_left(text) else text


def as_read(seen: str) -> str:
    """The text of what `as_seen` gives, in the order of reading, in NFC."""
    return unicodedata.normalize("NFC", _turned(seen)) if runs_right_to_left(seen) else seen


def _turned(text: str) -> str:
    from bidi.algorithm import get_display

    return str(get_display(text, base_dir="R"))
