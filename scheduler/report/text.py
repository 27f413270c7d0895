"""The small formats of texts, times and numbers; what makes them safe on a terminal is in scheduler.terminal."""

from __future__ import annotations

import unicodedata

from scheduler.terminal import safe

__all__ = ["cells", "duration", "number", "place", "plural", "safe", "shortened"]

DIGITS = 15  # of a whole number that is shown whole


def cells(text: str) -> int:
    """How many columns of a terminal a text takes: wide characters (Unicode's East Asian Width W and F) take two, marks that
    stand on the character before them none."""
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


def _cells(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def shortened(text: str, width: int) -> str:
    """`text`, cut with an ellipsis to at most `width` characters."""
    return text if len(text) <= width else text[: width - 1] + "…"


def duration(seconds: float | None) -> str:
    """`0.8 s`, `41 s`, `3 min 20 s`, `2 h 05 min`; empty for None."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def number(value: object) -> str:
    """A metric for people: four significant digits; whole numbers as they are, unless they have more than DIGITS; texts as they
    are, made safe."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "" if value is None else safe(str(value))
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value) if abs(value) < 10**DIGITS else _large(value)


def place(at: float) -> str:
    """A step, or a number of rows, with all its digits: people go there."""
    return number(int(at) if float(at).is_integer() else at)


def _large(value: int) -> str:
    from decimal import Decimal  # of as many digits as there are: a float ends at 308

    return f"{Decimal(value):.3e}"


def plural(count: int, noun: str) -> str:
    """`1 job`, `4 jobs`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def waiting(first: str, count: int, reason: str) -> str:
    """One line for all jobs that wait for the same reason."""
    return f"{first} waits: {reason}" if count == 1 else f"{count:,} jobs wait, the first of them {first}: {reason}"


def skipped(first: str, count: int, reason: str, *, now: bool) -> str:
    """One line for all jobs that are skipped for the same reason, `now` or before."""
    if count == 1:
        return f"{first} {'is' if now else 'was'} skipped: {reason}"
    return f"{count:,} jobs, the first of them {first}, {'are' if now else 'were'} skipped: {reason}"
