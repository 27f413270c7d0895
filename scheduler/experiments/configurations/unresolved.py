"""Text of a configuration that still has to be worked out: an interpolation, or a value that must be given."""

from __future__ import annotations

import re
from collections.abc import Callable

from scheduler.errors import UserError

MISSING = "???"

_DOLLAR = re.compile(r"(\\*)\$\{")


class Unresolved(str):
    """The text as it was written (`${a.b}`, `x_${..c}`, `???`), with the way to raise an error at its place.

    Text that is no Unresolved is literal, whatever it holds; so JSON files and escaped text are never interpolated.
    """

    fault: Callable[[str, str], UserError]

    def __new__(cls, text: str, fault: Callable[[str, str], UserError]) -> Unresolved:
        new = super().__new__(cls, text)
        new.fault = fault
        return new

    @property
    def missing(self) -> bool:
        return self == MISSING


def wants_resolving(text: str) -> bool:
    """Whether YAML text is an interpolation (`${`, not escaped by a backslash) or the mark of a value to be given."""
    return text == MISSING or ("${" in text and any(len(found[1]) % 2 == 0 for found in _DOLLAR.finditer(text)))


def unescaped(text: str) -> str:
    """Literal text: `\\${` is `${`, and a doubled backslash before it is one backslash, as OmegaConf has it."""
    return _DOLLAR.sub(lambda found: found[1][: len(found[1]) // 2] + "${", text)
