"""The one door to the terminal. Whatever is printed for people passes here, so that no name, value or message from outside
(another user's process, a claim, a file) can steer a terminal, hide text or pass for a line of ours."""

from __future__ import annotations

import contextlib
import os
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from typing import TextIO

# Control (Cc), format (Cf: bidirectional overrides, zero-width characters), surrogate, private and unassigned characters.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
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
