"""Figures for people: in a terminal, and as a table of a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import machine
from benchmarks.harness.catalogue import TABLE
from benchmarks.harness.figures import Figure, above_floor, spread
from benchmarks.harness.peers import advice
from benchmarks.harness.verdicts import RULE, Verdict

BEGIN, END = "<!-- figures: python -m benchmarks --table FILE -->", "<!-- end of figures -->"
HEADS = ("", "exp-queue", "floor", "x floor", "others")


class NoMarkers(Exception):
    """Says what to do."""


def number(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def shown(figures: Iterable[Figure]) -> Iterator[str]:
    """Each figure with its floor and its peers below it; then what is missing."""
    missing: dict[str, None] = {}
    for figure in figures:
        rounds = len(figure.ours)
        yield f"{figure.name} [{figure.unit}; {figure.better} is better; medians of {rounds}]"
        yield _line(figure, figure.subject, figure.ours)
        if figure.floor:
            yield _line(figure, f"floor: {figure.floor.what}", figure.floor.values)
        yield from (_line(figure, name, values) for name, values in figure.peers.items())
        missing |= dict.fromkeys(figure.missing)
    yield from advice(missing)


def _line(figure: Figure, name: str, values: Sequence[float]) -> str:
    found, ratio = spread(values), above_floor(figure, values)
    times = f"{number(ratio)} x" if ratio is not None else ""
    return f"  {name:52} {number(found.median):>9}   {number(found.low):>8} to {number(found.high):<8} {times:>8}".rstrip()


def compared(verdicts: Sequence[Verdict], here: str, there: str) -> Iterator[str]:
    yield f"{'':58} {here[:10]:>10} {there[:10]:>10}   ratio (of a round)"
    for each in verdicts:
        values = f"{number(each.here):>10} {number(each.there):>10}"
        ratio, low, high = ("-" if ratio is None else f"{ratio:.2f}" for ratio in (each.ratio, each.low, each.high))
        yield f"{f'{each.name} [{each.unit}]':58} {values}   {ratio} ({low} to {high})  {each.word}"
    yield f"A ratio above 1 is worse. {RULE}"


def markdown(document: Mapping[str, Any], figures: Iterable[Figure]) -> str:
    """The table of a page: a line on the machine, then the figures of TABLE that were measured."""
    found = {figure.key: figure for figure in figures}
    rows = [_row(found[key]) for key in TABLE if key in found]
    heads = [f"| {' | '.join(HEADS)} |", "|" + "---|" * len(HEADS)]
    return "\n".join([_preface(document), "", *heads, *rows])


def _preface(document: Mapping[str, Any]) -> str:
    size = ", small sizes (`--quick`)" if document["quick"] else ""
    when = f"Medians of {document['repeat']} rounds in one run{size}, {document['date'][:10]}"
    busy = machine.doubts(document["meanwhile"])
    return f"{when}: {machine.sentence(document['machine'])}{f'; {busy}' if busy else ''}."


def _row(figure: Figure) -> str:
    ours, ratio = spread(figure.ours), above_floor(figure, figure.ours)
    cells = [
        figure.name,
        f"{number(ours.median)} {figure.unit} ({number(ours.low)} to {number(ours.high)})",
        f"{number(spread(figure.floor.values).median)} {figure.unit}, {figure.floor.what}" if figure.floor else "",
        number(ratio) if ratio is not None else "",
        "; ".join(f"{name} {number(spread(values).median)}" for name, values in figure.peers.items()),
    ]
    return f"| {' | '.join(cells)} |"


def ready(path: Path) -> None:
    """Raises NoMarkers where the table could not be put into that file."""
    try:
        between(path.read_text(encoding="utf-8"))
        with path.open("r+"):
            pass
    except (OSError, UnicodeDecodeError) as error:
        raise NoMarkers(f"--table {path}: {_reason(error)}; give a page that can be read and written") from None


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is no text"


def between(text: str) -> str:
    """What stands between the markers."""
    return _parted(text)[1].strip("\n")


def put(path: Path, table: str) -> None:
    """Between the markers of a file; all else there stays as it is."""
    before, _, after = _parted(path.read_text(encoding="utf-8"))
    path.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}\n{after}", encoding="utf-8")


def _parted(text: str) -> tuple[str, str, str]:
    """Before, between and after the two lines of markers; a marker within a line is none."""
    lines = text.splitlines(keepends=True)
    begins, ends = ([place for place, line in enumerate(lines) if line.strip() == marker] for marker in (BEGIN, END))
    if len(begins) != 1 or len(ends) != 1 or begins > ends:
        raise NoMarkers(f"the table stands between a line {BEGIN} and a line {END}, once; write both where it shall stand")
    first, last = begins[0], ends[0]
    return "".join(lines[:first]), "".join(lines[first + 1 : last]), "".join(lines[last + 1 :])
