"""A job's output, made safe for a terminal."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from scheduler.terminal import safe

TAIL_BYTES = 64 * 1024
LONGEST_LINE = 2_000


def shown(text: str) -> str:
    """Output with control characters as escapes, but newline and tab; a carriage return, with which progress bars go back,
    becomes a newline."""
    return safe(text.replace("\r\n", "\n").replace("\r", "\n"), keep="\n\t")


def shown_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces of output as safe UTF-8; bytes that are not UTF-8 become U+FFFD. A character may be split between pieces."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for piece in pieces:
        yield shown(decoder.decode(piece)).encode()


def last_lines(path: Path, count: int) -> list[str]:
    """The last `count` lines of a log, safe and cut to a bearable length; none where there is no log."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            text = shown(file.read().decode("utf-8", errors="replace"))
    except OSError:
        return []
    lines = [line for line in text.split("\n") if line.strip()]
    return [line[:LONGEST_LINE] for line in lines[-count:]]


_OTHER_STYLE = re.compile(r"(unrecognized arguments?|no such option|unknown option)\b.*--gpu\b", re.IGNORECASE)


def advice(lines: Iterable[str]) -> str:
    """What to do about an error that these lines of a log tell of, where that is known; else "".

    >>> advice(["train.py: error: unrecognized arguments: --gpu=-1 {\"lr\": 1}"])[:45]
    'its program does not take --gpu=-1 and JSON: '
    """
    if any(_OTHER_STYLE.search(line) for line in lines):
        return 'its program does not take --gpu=-1 and JSON: give it --key=value by --style flags, or by "${args}" in `command`'
    return ""
