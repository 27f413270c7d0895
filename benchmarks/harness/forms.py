"""The tables of pages: which rows a page has, in whose words, and the line in it that asks for that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.harness import chinese, machine
from benchmarks.harness.catalogue import SHORT, TABLE
from benchmarks.harness.figures import Figure

END = "<!-- end of figures -->"


@dataclass(frozen=True)
class Form:
    """`mark`: the line behind which the table stands; `rows`: the keys of its figures; then what is said: the line before the
    table, its heads, the name of a row, a floor or a peer, and the least and the most of the rounds."""

    mark: str
    rows: tuple[str, ...]
    preface: Callable[[Mapping[str, Any]], str]
    heads: tuple[str, ...]
    name: Callable[[Figure], str]
    said: Callable[[str], str]
    span: str = "{} to {}"


def _preface(document: Mapping[str, Any]) -> str:
    size = ", small sizes (`--quick`)" if document["quick"] else ""
    when = f"Medians of {document['repeat']} rounds in one run{size}, {document['date'][:10]}"
    busy = machine.doubts(document["meanwhile"])
    return f"{when}: {machine.sentence(document['machine'])}{f'; {busy}' if busy else ''}."


def _english(mark: str, rows: tuple[str, ...]) -> Form:
    heads = ("", "exp-queue", "floor", "x floor", "others")
    return Form(mark, rows, _preface, heads, lambda figure: figure.name, lambda text: text)


LONG = _english("<!-- figures: python -m benchmarks --table FILE -->", TABLE)
BRIEF = _english("<!-- a few figures: python -m benchmarks --table FILE -->", SHORT)
CHINESE = Form(
    "<!-- a few figures in Chinese: python -m benchmarks --table FILE -->",
    SHORT,
    chinese.preface,
    chinese.HEADS,
    chinese.name,
    chinese.said,
    chinese.SPAN,
)
FORMS = {form.mark: form for form in (LONG, BRIEF, CHINESE)}
