"""Which number a printed line gives for a name, and what only comes near to one: pure, from texts alone.

A number is read whole or not at all. Of `0,333`, `1,234`, `0.33s`, `0.3-0.4` and `3/10` a part would be a wrong value that looks
like a good one, so these are near misses, for people to hear of. Read are Python's own ways to print a float, `1,234.5`, `98%`
(as 98: the number, not the share), `0.33±0.01` and `0.33 (0.35)` (the value before its uncertainty or its mean), and
`tensor(0.33, ...)`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from scheduler.values import dataclass

LONGEST = 60  # characters of a near miss that are shown
EXACT = 15  # characters of a whole number that a float holds

_DIGITS = r"(?:[1-9]\d{0,2}(?:,\d{3})+\.\d+|\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_NUMBER = rf"[-+]?(?:{_DIGITS}|(?i:nan|inf(?:inity)?))"
# Thousands as in French: a blank within the number.
_NOT_GROUPED = r"(?![-+]?\d{1,3}(?:[\u00a0\u2009\u202f]\d{3}(?!\d)|[ ]\d{3}[.,]\d))"
# Beyond ASCII: box drawing and blocks, the closing marks of Chinese and Japanese, their percent sign, blanks within numbers,
# quotation marks that stand between thousands, dashes and the mathematical minus.
_WORD = r"[A-Za-z_][\w.]*"
_IN_BRACKETS = rf"""["']?\s*(?:[)\]]|,\s*{_WORD}\s*=)"""  # tensor(0.33, device='cpu'), but not (0.33, 0.44)
_CLOSING = r"""[;|)(\]\[}{"`*!?<>&\\\u2500-\u259f\uff0c\uff1b。\uff1a\uff09】」』”»、]"""
# Behind a number nothing may come that could be a part of it. `\s` is also what follows a sentence's last `.`.
_WHOLE = rf"""(?:
    (?=\s*(?:±|\+/?-)\s*\.?\d)
  | (?:[%\uff05]|(?![%\uff05]))
    (?!\s*(?:->|=>|→|⇒|/)\s*[-+]?\.?\d)
    (?=$|\s|{_CLOSING}|,(?![-+]?\.?\d)|['\u2019](?!\d)|[.:/+-](?:\s|$)|[.:][)\]}}"';|<])
)"""
_TOLD = r"""(?:["'(\[]["'(\[\s]*)?[-+\u2212]?\.?\d"""  # the beginning of what a person would take for a number
_COMMA = "a comma may be the decimal point or stand between thousands; print 0.333 or 1234.5"
_KINDS = (  # what is tried on the text of a value, in this order, and why it is not read
    (r"[-+]?[\d.]*\d,\d", _COMMA),
    (r"[-+]?\d{1,3}[\s'\u2019_]\d{3}", "something stands between its thousands; print 1234.5"),
    (r"[-+]?[\d.eE]+[%\uff05]?\s*(?:->|=>|→|⇒|[-\u2013—~])", "it is a range or a change, and not one number"),
    (r"[-+]?[\d.eE]+\s*/", "it is a fraction or a count, and not one number"),
    (r"[\"']*[(\[]", "it is a list, and not one number"),
    (r"[-+]?[\d.]+(?:[eE][-+]?\d+)?[^\W\d_]", "a unit or other letters touch the number; put a blank between them"),
    (r"\u2212", "its minus is not that of a keyboard; print -"),
    (r"", "what touches the number may belong to it; put a blank between them"),
)
_OTHERWISE = "the name is written in another way; names count letter by letter"
_NO_SIGN = "neither `:` nor `=` stands between name and number"


@dataclass(frozen=True)
class NearMiss:
    """A person would take `printed` for a value of `name`, and it is not read. `why` is the same for all of its kind."""

    name: str
    printed: str
    why: str

    def __str__(self) -> str:
        return f"`{self.printed}`, which is not read as {self.name}: {self.why}"


def values_in(line: str, names: Sequence[str]) -> dict[str, float]:
    """The numbers that a line gives for some of `names`; of several for one name the first.

    >>> values_in("epoch 3: loss=0.5, acc: 98% (best acc: 99%)", ["loss", "acc"]), values_in("loss: 0,5", ["loss"])
    ({'loss': 0.5, 'acc': 98}, {})
    """
    found: dict[str, float] = {}
    for match in _assignments(tuple(names)).finditer(line):
        found.setdefault(match["name"], number_of(match))
    return found


def number_of(match: re.Match[str]) -> float:
    """The number of a match of ANY_NAME or of wanted names: whole where a whole one was printed that a float holds."""
    text = (match["bare"] or match["inner"]).replace(",", "")
    return int(text) if len(text) <= EXACT and text.lstrip("+-").isdecimal() else float(text)


def names_in(line: str) -> list[str]:
    """The names, whatever they are, for which a line gives numbers.

    >>> names_in("epoch 3: val_loss=0.5, acc: 98% at 12:30:05"), names_in("see https://a.org: nothing")
    (['val_loss', 'acc'], [])
    """
    return [match["name"] for match in ANY_NAME.finditer(line)]


def near_misses(line: str, names: Sequence[str]) -> list[NearMiss]:
    """What looks like values of `names` in a line that gives none for them.

    >>> [str(each) for each in near_misses("loss: 3/10", ["loss"])]
    ['`loss: 3/10`, which is not read as loss: it is a fraction or a count, and not one number']
    """
    read = values_in(line, names)
    return [
        NearMiss(match["name"], _shown(match[0]), _why(match["value"]))
        for match in _attempts(tuple(names)).finditer(line)
        if match["name"] not in read
    ]


def written_otherwise(line: str, names: Sequence[str]) -> list[NearMiss]:
    """Names of `names` in other letters, or without `:` and `=`, with a number behind them.

    >>> [each.printed for each in written_otherwise("| Val Loss | 0.5 |", ["val_loss"])]
    ['Val Loss | 0.5']
    """
    return [
        NearMiss(name, _shown(match[0]), _NO_SIGN if match["name"] == name else _OTHERWISE)
        for name in names
        for match in _loose(name).finditer(line)
        if not (match["name"] == name and match["sign"])
    ]


@lru_cache(maxsize=8)
def _assignments(names: tuple[str, ...]) -> re.Pattern[str]:
    return _assigned(_named(names))


def _assigned(name: str) -> re.Pattern[str]:
    bare = rf"(?P<bare>{_NOT_GROUPED}{_NUMBER}){_WHOLE}"
    inner = rf"""(?:{_WORD})?[(\[]{{1,2}}["']?\s*(?P<inner>{_NUMBER})(?={_IN_BRACKETS})"""
    return re.compile(rf"""{name}(?:["']\s*)?(?:{bare}|{inner})""", re.VERBOSE | re.ASCII)


@lru_cache(maxsize=8)
def _attempts(names: tuple[str, ...]) -> re.Pattern[str]:
    further = r"(?:[\u00a0\u2009\u202f ]\d{3}\S*|\s*(?:->|=>|→|⇒|/)\s*\S+)?"
    return re.compile(rf"{_named(names)}(?P<value>{_TOLD}\S*{further})", re.VERBOSE | re.ASCII)


def _named(names: tuple[str, ...]) -> str:
    """A wanted name as a whole word, with the quotes of a printed dict, then `:` or `=`."""
    return _sign("|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)))


def _sign(name: str) -> str:
    return rf"""(?<![\w./-])(?P<name>{name})["']?\s*[:=]\s*"""


@lru_cache(maxsize=8)
def _loose(name: str) -> re.Pattern[str]:
    parts = r"[\W_]{0,3}".join(re.escape(part) for part in re.findall(r"[^\W_]+", name)) or re.escape(name)
    sign, cells = r"""(?P<sign>["']?\s*[:=])?""", r"[^\w.+-]{0,80}"
    return re.compile(rf"(?<![\w./-])(?P<name>{parts})(?![^\W_]){sign}{cells}[-+]?\.?\d[\d.,eE+-]*", re.IGNORECASE)


def _why(value: str) -> str:
    return next(why for pattern, why in _KINDS if re.match(pattern, value))


def _shown(text: str) -> str:
    """On one line, without blanks that only fill a table's cell, and without what could steer a terminal."""
    text = " ".join(text.split())
    text = "".join(char if char.isprintable() else "?" for char in text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


ANY_NAME = _assigned(_sign(r"[A-Za-z_][\w./-]*"))  # a name, whatever it is, with its number
