"""Pictures inside a page, by what their bytes are and not by what they are called."""

from __future__ import annotations

import base64

# How files of these kinds begin; of WebP also what follows. SVG is none of them: it is a document that can hold scripts.
_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"BM": "image/bmp",
}


def kind(content: bytes) -> str | None:
    """The media type of a picture, None for what is none that a page shows.

    >>> kind(b"GIF89a..."), kind(b"RIFF....WEBPVP8 "), kind(b"<svg onload='...'>")
    ('image/gif', 'image/webp', None)
    """
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((each for beginning, each in _BEGINNINGS.items() if content.startswith(beginning)), None)


def as_url(content: bytes) -> str | None:
    """The picture as a `data:` URL; None for what is none."""
    found = kind(content)
    return f"data:{found};base64,{base64.b64encode(content).decode('ascii')}" if found else None
