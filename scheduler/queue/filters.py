"""Filters as people write them, `lr<0.01 and not tag:old`: from a text to a tree, and from a tree and values to a verdict. Pure.

    filter      := both ("or" both)*
    both        := one ("and" one)*
    one         := "not" one | "(" filter ")" | NAME OPERATOR VALUE | WORD

A WORD names jobs as it does alone: `failed`, `tag:old`, `1-5`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NoReturn

from scheduler.errors import UserError
from scheduler.values import dataclass

OPERATORS = ("<=", ">=", "==", "!=", "!~", "<", ">", "=", "~")
ORDER = ("<", "<=", ">", ">=")
DEEPEST = 100  # of brackets and `not`s inside one another
_TOKEN = re.compile(r"""\s*(?:(?P<operator><=|>=|==|!=|!~|[<>=~()])|(?P<quoted>'[^']*'|"[^"]*")|(?P<word>[^\s<>=~()!'"]+))""")
_HINTS = re.compile(r"[<>=~()]|!=|(?:^|\s)(?:and|or|not)\s", re.IGNORECASE)
_CONSTANTS = {"true": True, "false": False, "null": None, "none": None}
_NUMBER = re.compile(r"[+-]?(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]?inf", re.IGNORECASE)
_WIDE = {".inf": math.inf, "-.inf": -math.inf, "+.inf": math.inf}


@dataclass(frozen=True)
class Word:
    """What names jobs by itself. `at`: where it begins, characters from 1."""

    text: str
    at: int = 0


@dataclass(frozen=True)
class Comparison:
    """A value of a job beside one that somebody has written; `operator` is one of OPERATORS but "==", which is "="."""

    name: str
    operator: str
    value: str
    at: int = 0
    value_at: int = 0


@dataclass(frozen=True)
class Not:
    of: Tree


@dataclass(frozen=True)
class Both:
    """All of them hold."""

    of: tuple[Tree, ...]


@dataclass(frozen=True)
class Either:
    """One of them holds."""

    of: tuple[Tree, ...]


Tree = Word | Comparison | Not | Both | Either
Verdict = bool | None  # None: that is not known yet


@dataclass(frozen=True)
class _Token:
    kind: str  # operator, quoted, word; end
    text: str
    at: int

    def says(self, *words: str) -> bool:
        return self.kind == "word" and self.text.lower() in words


def is_filter(text: str) -> bool:
    """Whether a text has something that only a filter has: an operator, a bracket, or `and`, `or`, `not` before more.

    >>> [is_filter(text) for text in ("lr<0.01", "not failed", "failed", "notes.yaml")]
    [True, True, False, False]
    """
    return bool(_HINTS.search(text))


def parse(text: str) -> Tree:
    """The tree of a filter. UserError that says at which character it ends to be one, and what is missing there.

    >>> parse("lr<0.01 and not tag:old")
    Both(of=(Comparison(name='lr', operator='<', value='0.01', at=1, value_at=4), Not(of=Word(text='tag:old', at=17))))
    """
    return _Parser(text).whole()


def wrong(text: str, at: int, what: str, next_step: str = "") -> UserError:
    """The error that something is wrong at a character of a filter."""
    return UserError(f"in the filter '{text}', character {at}: {what}", next_step=next_step)


def _tokens(text: str) -> Iterator[_Token]:
    place, end = 0, len(text.rstrip())
    while place < end:
        found = _TOKEN.match(text, place)
        if found is None:
            place += len(text[place:]) - len(text[place:].lstrip())
            quote = text[place] in "'\""
            raise wrong(text, place + 1, "a quote that nothing closes" if quote else f'"{text[place]}" is no operator', _KNOWN)
        kind = str(found.lastgroup)
        said = found[kind]
        yield _Token(kind, said[1:-1] if kind == "quoted" else said, found.start(kind) + 1)
        place = found.end()
    yield _Token("end", "", end + 1)


_KNOWN = f"operators are {' '.join(each for each in OPERATORS if each != '==')}, and, or, not, ( )"


class _Parser:
    """Reads tokens from the left, one ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._depth = 0

    def whole(self) -> Tree:
        found = self._either()
        if self._next.kind != "end":
            self._refuse("expected and, or, or the end")
        return found

    @property
    def _next(self) -> _Token:
        return self._tokens[0]

    def _take(self) -> _Token:
        return self._tokens.pop(0) if len(self._tokens) > 1 else self._next

    def _either(self) -> Tree:
        found = [self._both()]
        while self._next.says("or"):
            self._take()
            found.append(self._both())
        return Either(tuple(found)) if len(found) > 1 else found[0]

    def _both(self) -> Tree:
        found = [self._one()]
        while self._next.says("and"):
            self._take()
            found.append(self._one())
        return Both(tuple(found)) if len(found) > 1 else found[0]

    def _one(self) -> Tree:
        self._depth += 1
        if self._depth > DEEPEST:
            raise wrong(self._text, self._next.at, f"more than {DEEPEST} brackets and `not`s inside one another")
        found = self._negated_or_bracketed() or self._term()
        self._depth -= 1
        return found

    def _negated_or_bracketed(self) -> Tree | None:
        if self._next.says("not"):
            self._take()
            return Not(self._one())
        if self._next.text != "(" or self._next.kind != "operator":
            return None
        opened = self._take()
        found = self._either()
        if self._next.text != ")" or self._next.kind != "operator":
            self._refuse(f"expected ) for the ( at character {opened.at}")
        self._take()
        return found

    def _term(self) -> Tree:
        if self._next.kind not in ("word", "quoted") or self._next.says("and", "or"):
            self._refuse("expected a comparison such as lr<0.01, or a word such as failed")
        name = self._take()
        if self._next.kind != "operator" or self._next.text in "()":
            return Word(name.text, name.at)
        operator = self._take()
        if self._next.kind not in ("word", "quoted"):
            self._refuse(f"expected a value after {name.text}{operator.text}")
        value = self._take()
        found = Comparison(name.text, "=" if operator.text == "==" else operator.text, value.text, name.at, value.at)
        if found.operator in ORDER and number_of(value.text) is None and seconds_of(value.text) is None:
            what = f'{found.name}{found.operator} needs a number or a duration such as 1h30, not "{value.text}"'
            raise wrong(self._text, value.at, what)
        return found

    def _refuse(self, expected: str) -> NoReturn:
        token = self._next
        raise wrong(self._text, token.at, expected if token.kind == "end" else f'{expected}, not "{token.text}"')


@lru_cache
def number_of(text: str) -> float | None:
    """The number that a text is, None if it is none.

    >>> number_of("1e-3"), number_of("-.5"), number_of("1h"), number_of("true")
    (0.001, -0.5, None, None)
    """
    if text.lower() in _WIDE:
        return _WIDE[text.lower()]
    return float(text) if _NUMBER.fullmatch(text) else None


_PARTS = re.compile(r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?:in)?)?(?:(\d+(?:\.\d+)?)s)?", re.IGNORECASE)
_SMALLER = {"d": "h", "h": "m", "m": "s"}


@lru_cache
def seconds_of(text: str) -> float | None:
    """The seconds of a duration, None if it is none. A number after a unit counts in the next smaller one.

    >>> seconds_of("1h30"), seconds_of("2d"), seconds_of("90"), seconds_of("soon")
    (5400.0, 172800.0, 90.0, None)
    """
    if (plain := number_of(text)) is not None:
        return plain
    whole = re.sub(r"([dhm])(\d+)$", lambda found: f"{found[1]}{found[2]}{_SMALLER[found[1].lower()]}", text, flags=re.IGNORECASE)
    parts = _PARTS.fullmatch(whole)
    if not text or not parts:
        return None
    return sum(float(part or 0) * unit for part, unit in zip(parts.groups(), (86400, 3600, 60, 1), strict=True))


def matches(comparison: Comparison, value: Any) -> bool:
    """Whether a value that a job has is as the comparison says. A text has no order, and nothing is equal to NaN."""
    operator, written = comparison.operator, comparison.value
    if operator in ("~", "!~"):
        return (written.lower() in _text(value).lower()) == (operator == "~")
    if operator in ("=", "!="):
        return _equal(value, written) == (operator == "=")
    bound = number_of(written)
    bound = seconds_of(written) if bound is None else bound
    if bound is None or isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return {"<": value < bound, "<=": value <= bound, ">": value > bound, ">=": value >= bound}[operator]


def _equal(value: Any, written: str) -> bool:
    if value is None or isinstance(value, bool):
        return written.lower() in _CONSTANTS and _CONSTANTS[written.lower()] is value
    number = number_of(written)
    if number is not None and isinstance(value, (int, float)):
        return value == number
    return _text(value) == written


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def leaves(tree: Tree) -> Iterator[Word | Comparison]:
    """All words and comparisons of a filter, from the left."""
    if isinstance(tree, (Word, Comparison)):
        yield tree
        return
    for part in (tree.of,) if isinstance(tree, Not) else tree.of:
        yield from leaves(part)


def verdict(tree: Tree, holds: Callable[[Word | Comparison], Verdict]) -> Verdict:
    """Whether a filter holds, by what `holds` says of its words and comparisons; None where that hangs on one that is not known.

    >>> verdict(parse("failed and loss<1"), lambda leaf: None if isinstance(leaf, Comparison) else False)
    False
    """
    if isinstance(tree, (Word, Comparison)):
        return holds(tree)
    if isinstance(tree, Not):
        found = verdict(tree.of, holds)
        return None if found is None else not found
    deciding = isinstance(tree, Either)
    unknown = False
    for part in tree.of:
        found = verdict(part, holds)
        if found is deciding:
            return deciding
        unknown = unknown or found is None
    return None if unknown else not deciding
