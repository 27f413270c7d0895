"""The one door to the terminal. Whatever is printed for people passes here, so that no name, value or message from outside
(another user's process, a claim, a file) can steer a terminal, hide text or pass for a line of ours."""

from __future__ import annotations

import contextlib
import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

# Control (Cc), format (Cf: bidirectional overrides, zero-width characters), surrogate, private and unassigned characters.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_NO_CURSOR = ("", "dumb", "unknown")  # what TERM says of a terminal on which it cannot be moved
_CLEAR = "\033[2J\033[1;1H"  # erase all, then to the upper left corner (ECMA-48)


def say(text: str | Sequence[str]) -> None:
    """A sentence for people, or several, each on a line of its own, on standard error: standard output is for data. Nobody
    there to read it, or no room for it, is no error."""
    with contextlib.suppress(OSError):
        if sys.stderr:
            for each in [text] if isinstance(text, str) else text:
                line(each, sys.stderr)
            sys.stderr.flush()


def show(text: str) -> None:
    """A line of what was asked for, on standard output."""
    line(text, sys.stdout)


def line(text: str, file: TextIO, keep: str = "") -> None:
    """One line to `file`: a newline within `text` is shown as an escape like every other control character but those in
    `keep`."""
    with until_the_reader_leaves(file):
        file.write(safe(text, keep) + "\n")


@contextlib.contextmanager
def until_the_reader_leaves(file: TextIO) -> Iterator[None]:
    """For writing to `file`: a reader that has gone (`| head -1`) has what it wanted. That is no error, and nothing more is
    sent to it."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), file.fileno())


def clear() -> None:
    """An empty screen, where standard output is a terminal."""
    if sys.stdout.isatty():
        sys.stdout.write(_CLEAR)


def safe(text: str, keep: str = "") -> str:
    """`text` with every character that could steer a terminal or hide text shown as an escape; those in `keep` stay."""
    if text.isprintable():  # the rule, since it lets no separator but the blank and nothing of "other" pass; nearly every text
        return text
    return "".join(char if char in keep or not _is_unsafe(char) else _escape(char) for char in text)


def _is_unsafe(char: str) -> bool:
    return (not char.isascii() and unicodedata.category(char) in _UNSAFE) or (char.isascii() and not char.isprintable())


def _escape(char: str) -> str:
    return char.encode("unicode_escape", errors="surrogatepass").decode("ascii")


def data(lines: Iterable[str], file: TextIO) -> None:
    """Lines for programs, with their ends: as they are in a pipe or a file, and made safe where a terminal would show them."""
    shown = file.isatty()
    with until_the_reader_leaves(file):
        for text in lines:
            file.write(safe(text, "\n") if shown else text)


def has_colours(file: TextIO) -> bool:
    """Whether colours mean something there: a terminal, unless NO_COLOR (no-color.org) or TERM=dumb asks for none."""
    return file.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def knows_unicode(file: TextIO) -> bool:
    """Whether what is written there is UTF-8."""
    return (getattr(file, "encoding", None) or "").lower().replace("-", "") == "utf8"


def can_paint(file: TextIO) -> bool:
    """Whether `file` is a terminal on which lines can be drawn anew. What a notebook gives to `!exp-queue` looks like one and is
    none: its kernel sets JPY_PARENT_PID."""
    if os.environ.get("TERM", "") in _NO_CURSOR or "JPY_PARENT_PID" in os.environ:
        return False
    with contextlib.suppress(ValueError, OSError):
        return file.isatty() and is_ours(file)
    return False


def is_ours(file: TextIO) -> bool:
    """Whether we are in the foreground of the terminal, or it is not the one that controls us."""
    try:
        return os.tcgetpgrp(file.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return True


def paint(pieces: Iterable[tuple[str, int | None]], file: TextIO, *, coloured: bool) -> None:
    """A line of texts, each made safe, and in the colour with its number (ECMA-48's first eight and their bright ones)."""
    with until_the_reader_leaves(file):
        shown = [(safe(text), colour if coloured else None) for text, colour in pieces]
        line = "".join(text if colour is None else f"\033[{_colour(colour)}m{text}\033[0m" for text, colour in shown)
        file.write(line.rstrip(" ") + "\n")


def _colour(number: int) -> int:
    return 30 + number if number < 8 else 82 + number
