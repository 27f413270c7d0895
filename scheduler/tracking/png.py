"""Pixels as a PNG file, so that a picture needs no library. The format: https://www.w3.org/TR/png-3/"""

from __future__ import annotations

import struct
import zlib

COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}  # channels -> PNG's number: grey, grey with alpha, RGB, RGB with alpha


def encoded(pixels: bytes, width: int, height: int, channels: int) -> bytes:
    """A PNG file of `height` rows of `width` pixels, each of `channels` (1 to 4) bytes, in one piece.

    ValueError if they do not fit.
    """
    stride = width * channels
    if channels not in COLOURS or stride * height != len(pixels) or not pixels:
        raise ValueError(f"{len(pixels)} bytes are no picture of {height} x {width} pixels of {channels} bytes")
    rows = b"".join(b"\0" + pixels[at : at + stride] for at in range(0, len(pixels), stride))  # 0: no filter
    header = struct.pack(">IIBBBBB", width, height, 8, COLOURS[channels], 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows, 6)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
