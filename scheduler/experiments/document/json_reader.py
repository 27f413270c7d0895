"""JSON with places: parsed by the standard library; the places are looked up only when an error has to show one."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from itertools import accumulate
from typing import NoReturn

from scheduler.errors import Place, UserError
from scheduler.experiments.document.limits import DEFAULT, Limits
from scheduler.experiments.document.marks import Key, Mark

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_LONG_NUMBER = re.compile(r"\d{4000,}")


class _DuplicateKeyError(Exception):
    """Two equal keys in one object; where they are is found by `marks`."""


def parse(text: str, file: str, limits: Limits = DEFAULT) -> object:
    """The value of a JSON text. Raises UserError with its place for bad syntax, duplicate keys and endless nesting."""
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        _refuse_syntax(text, file, error)
    except _DuplicateKeyError:
        marks(text, file)
        raise
    except RecursionError:
        where, fault = _Lines(text, file).place(_deepest(text, limits.depth)), limits.too_deep()
        raise UserError(fault.what, where=where, next_step=fault.next_step) from None
    except ValueError:  # Python's own limit on the digits of a whole number
        found = _LONG_NUMBER.search(text)
        where = _Lines(text, file).place(found.start() if found else 0)
        raise UserError("this number has too many digits", where=where, next_step="write it as text") from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _DuplicateKeyError
    return value


def _deepest(text: str, limit: int) -> int:
    """The offset of the first bracket beyond the limit."""
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token.group(), 0)
        if depth > limit:
            return token.start()
    return 0


def marks(text: str, file: str) -> Mark:
    """The marks of a JSON text whose syntax is right. Raises UserError at the second of two equal keys."""
    lines, root = _Lines(text, file), Mark(1, 1)
    stack: list[tuple[Mark, Key]] = []
    tokens = list(_TOKEN.finditer(text))
    following = [token.group() for token in tokens[1:]] + [""]
    open_mark: Mark = root
    step: Key = 0
    for token, after in zip(tokens, following, strict=True):
        word, position = token.group(), lines.position(token.start())
        if after == ":":
            key = str(json.loads(word, strict=False))
            if key in open_mark.keys:
                raise _duplicate(key, Place(file, *position), open_mark.keys[key][0])
            open_mark.keys[key] = position
            step = key
        elif word in "}]":
            open_mark, step = stack.pop()
        elif word == ",":
            step = step + 1 if isinstance(step, int) else step
        elif word != ":":
            child = Mark(*position)
            open_mark.children[step] = child
            if word in "{[":
                stack.append((open_mark, step))
                open_mark, step = child, 0
    return root.children[0]


def _duplicate(key: Key, where: Place, first_line: int) -> UserError:
    return UserError(f'"{key}" is given twice', where=where, next_step=f"it was first given in line {first_line}; keep one")


def _refuse_syntax(text: str, file: str, error: json.JSONDecodeError) -> NoReturn:
    before, here = text[: error.pos].rstrip(), text[error.pos :].lstrip()
    at = error.pos
    if not here:
        at, what, next_step = len(before), "the file ends in the middle of a value", "close what is still open"
    elif here[0] in "}]" and before.endswith(","):
        at, what, next_step = len(before) - 1, *_COMMA
    elif text[at] < " " and _inside_text(text, at):
        what, next_step = "a line break or control character inside text", "write \\n for a line break"
    else:
        advice = ((what, next_step) for pattern, what, next_step in _FOREIGN if re.match(pattern, here))
        other = (f"not valid JSON: {error.msg[0].lower()}{error.msg[1:]}", "mend it here or just before")
        what, next_step = next(advice, other)
    raise UserError(what, where=_Lines(text, file).place(at), next_step=next_step) from None


def _inside_text(text: str, offset: int) -> bool:
    return any(token.start() < offset < token.end() for token in _TOKEN.finditer(text) if token.group()[0] == '"')


_COMMA = ("a comma before the closing bracket", "remove it")
_FOREIGN = (  # what people write that JSON does not know
    (r",\s*[}\]]", *_COMMA),
    (r"#|//|/\*", "JSON has no comments", "remove it, or write YAML in a file that ends in .yaml"),
    (r"'", "JSON quotes text with double quotes", "write \"...\" instead of '...'"),
    (r"(True|False|None)\b", "JSON writes true, false and null", "use small letters, and null for None"),
    (r"[A-Za-z_]\w*\s*:", "a key without quotes", "put double quotes around it"),
)


class _Lines:
    """Offsets in a text as lines and columns that count from 1."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]

    def position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def place(self, offset: int) -> Place:
        return Place(self.file, *self.position(offset))
