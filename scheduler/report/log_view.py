"""A job's output as a terminal shows it, made safe for one."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from scheduler.launcher.log_cap import pieces
from scheduler.report.apart import head
from scheduler.report.screen import Screen
from scheduler.values import dataclass

TAILS = (1 << 16, 1 << 20, 1 << 23)  # bytes from the end that are looked at for enough lines: a bar may fill many
SHORT_TAILS = (1 << 11, 1 << 14)
LONGEST_LINE = 2_000


def shown(found: Iterable[bytes]) -> Iterator[bytes]:
    """What a terminal shows of some output in the end; what could steer the terminal is shown as escapes. Both come in pieces, as
    UTF-8; what is no UTF-8 becomes U+FFFD. A character may be split between pieces."""
    screen = Screen()
    for text in _decoded(found):
        screen.write(text)
        yield screen.gone().encode()
    yield screen.rest().encode()


def followed(found: Iterable[bytes]) -> Iterator[bytes]:
    """The same while it grows, where it cannot be changed afterwards: a line when it is finished, and again if something goes
    back to it; the last state of a bar when its line ends."""
    screen = Screen()
    for text in _decoded(found):
        screen.write(text)
        yield screen.settled().encode()
    yield screen.rest().encode()


def live(found: Iterable[bytes], size: os.terminal_size) -> Iterator[bytes]:
    """The same on a terminal of that size, where lines that still change are drawn anew in their place."""
    screen, drawn = Screen(), 0
    for text in _decoded(found):
        screen.write(text)
        wiped, lines = _wiped(drawn), screen.settled()
        rows = [head(row.expandtabs(), size.columns - 1) for row in screen.live()[-max(size.lines - 1, 1) :]]
        drawn = len(rows)
        yield (wiped + lines + "\n".join(rows)).encode()
    yield (_wiped(drawn) + screen.rest()).encode()


def _wiped(rows: int) -> str:
    """To the beginning of the first of the last `rows`, and all from there erased (ECMA-48)."""
    return ("\r" + (f"\033[{rows - 1}A" if rows > 1 else "") + "\033[J") if rows else ""


def _decoded(found: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for piece in found:
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def newest_line(path: Path) -> str:
    """The last line of a log, as `last_lines` has it; of a long one perhaps its end alone. It is cheap enough to be asked every
    second. Empty where there is none."""
    return next(iter(last_lines(path, 1, SHORT_TAILS)), "")


def last_lines(path: Path, count: int, tails: Sequence[int] = TAILS) -> list[str]:
    """The last `count` lines of a log, safe and cut to a bearable length; none where there is no log."""
    lines: list[str] = []
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            for tail in tails:
                lines = [line for line in _shown_from(file.fileno(), max(0, size - tail)).split("\n") if line.strip()]
                if len(lines) >= count or tail >= size:
                    break
    except OSError:
        return []
    return [line[:LONGEST_LINE] for line in lines[-count:]]


@dataclass(frozen=True)
class End:
    """The end of a log, safe; `whole`: that is all of it. `size`: bytes of the log."""

    text: str
    whole: bool
    size: int


def end_of(path: Path, most: int, tails: Sequence[int] = TAILS) -> End | None:
    """The last lines of a log, at most so many characters; None where there is no log."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            for tail in tails:
                text = _shown_from(file.fileno(), max(0, size - tail))
                if len(text) >= most or tail >= size:
                    break
    except OSError:
        return None
    whole = tail >= size and len(text) <= most
    return End(text if whole else _from_a_line(text[-most:]), whole, size)


def _from_a_line(text: str) -> str:
    """Without the rest of a line whose beginning is not there, unless that is all there is.

    >>> _from_a_line("d\\nnext\\n"), _from_a_line("no end")
    ('next\\n', 'no end')
    """
    return text.partition("\n")[2] or text


def _shown_from(descriptor: int, start: int) -> str:
    """What is shown from there on; what was left out of the log leaves a line's end there."""
    found = (piece if isinstance(piece, bytes) else b"\n" for _, piece in pieces(descriptor, start))
    return b"".join(shown(found)).decode()


_OTHER_STYLE = re.compile(r"(unrecognized arguments?|no such option|unknown option)\b.*--gpu\b", re.IGNORECASE)


def advice(lines: Iterable[str]) -> str:
    """What to do about an error that these lines of a log tell of, where that is known; else "".

    >>> advice(['train.py: error: unrecognized arguments: --gpu=-1 {"lr": 1}'])[:45]
    'its program does not take --gpu=-1 and JSON: '
    """
    if any(_OTHER_STYLE.search(line) for line in lines):
        return 'its program does not take --gpu=-1 and JSON: give it --key=value by --style flags, or by "${args}" in `command`'
    return ""
