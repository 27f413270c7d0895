"""The small formats of texts, times and numbers; what makes them safe on a terminal is in scheduler.terminal."""

from __future__ import annotations

from scheduler.terminal import safe

__all__ = ["duration", "number", "plural", "safe", "shortened"]


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
    """A metric for people: four significant digits; texts as they are, made safe."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "" if value is None else safe(str(value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def plural(count: int, noun: str) -> str:
    """`1 job`, `4 jobs`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def waiting(first: str, count: int, reason: str) -> str:
    """One line for all jobs that wait for the same reason."""
    if count == 1:
        return f"{first} waits: {reason}"
    return f"{count:,} jobs wait, the first of them {first}: {reason}"
