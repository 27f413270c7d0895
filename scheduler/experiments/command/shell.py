"""From an argument list to one line that a shell turns back into the same arguments."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

_AWKWARD = re.compile(r"('+|\\(?=[\\']|$))")  # inside single quotes, fish reads a backslash before these as an escape


def shell_line(argv: Iterable[str]) -> str:
    """The arguments quoted for sh, bash, dash, zsh, ksh and fish, and so for GNU parallel, joined by spaces.

    csh is not served: it expands `!` inside quotes and ends a quoted argument at a newline.
    """
    return " ".join(map(quote, argv))


def quote(argument: str) -> str:
    """One argument, quoted only where it must be."""
    if "\\" not in argument:
        return shlex.quote(argument)
    pieces = (_piece(part) for part in _AWKWARD.split(argument))
    return "".join(pieces)


def _piece(part: str) -> str:
    if part == "\\":
        return "\\\\"
    if part.startswith("'"):
        return f'"{part}"'
    return f"'{part}'" if part else ""
