"""Pictures that a page may show: those of a few kinds, known by their first bytes and not by their names."""

from __future__ import annotations

import base64
from pathlib import Path

from scheduler.values import dataclass

_KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF87a": "image/gif", b"GIF89a": "image/gif"}


@dataclass(frozen=True)
class Picture:
    """A picture as a `data:` address of this many bytes; without one, why there is none."""

    address: str | None
    size: int
    why: str = ""


def read(directory: Path, file: str, room: int) -> Picture | None:
    """The picture at this path below the directory; None where it has more bytes than there is room for. What lies elsewhere, is
    gone or is no picture is said in the answer: nothing in a log can make a page show another file."""
    path = inside(directory, file)
    if path is None:
        return Picture(None, 0, "its file is not there")
    try:
        if path.stat().st_size > room:
            return None
        content = path.read_bytes()
    except OSError as error:
        return Picture(None, 0, f"its file cannot be read ({error.strerror})")
    found = address(content)
    why = "" if found else f"its file ({path.suffix or 'without a suffix'}) is no PNG, JPEG, GIF or WebP"
    return Picture(found, len(content) if found else 0, why)


def address(content: bytes) -> str | None:
    """The picture of these bytes as a `data:` address; None where they are none."""
    kind = kind_of(content)
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}" if kind else None


def inside(directory: Path, file: str) -> Path | None:
    """The file at this path, if it is there, and below the directory also after links are followed."""
    try:
        path = (directory / file).resolve()
        return path if path.is_file() and path.is_relative_to(directory.resolve()) else None
    except (OSError, ValueError):  # a name with a NUL
        return None


def kind_of(content: bytes) -> str | None:
    """The media type of a PNG, JPEG, GIF or WebP; None of anything else. SVG is none: it is a document that can run a script.

    >>> kind_of(b"GIF89a..."), kind_of(b"RIFF....WEBPVP8 "), kind_of(b"<svg onload=alert(1)>")
    ('image/gif', 'image/webp', None)
    """
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _KINDS.items() if content.startswith(start)), None)
