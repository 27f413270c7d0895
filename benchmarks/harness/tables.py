"""Figures for people: in a terminal, and as a table of a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness.figures import Figure, Floor, above_floor, spread
from benchmarks.harness.forms import BRIEF, END, FORMS, LONG, Form
from benchmarks.harness.peers import advice
from benchmarks.harness.verdicts import RULE, Verdict


class NoMarkers(Exception):
    """Says what to do."""


class NoRoom(Exception):
    """The page could not be written; says how to do it later."""


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
        if isinstance(figure.floor, Floor):
            yield _line(figure, f"floor: {figure.floor.what}", figure.floor.values)
        else:
            yield f"  no floor: {figure.floor.why or 'why is not said'}"
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


def markdown(document: Mapping[str, Any], figures: Iterable[Figure], form: Form = LONG) -> str:
    """The table of a page: a line on the machine, then the figures of its rows that were measured."""
    found = {figure.key: figure for figure in figures}
    rows = [_row(found[key], form) for key in form.rows if key in found]
    heads = [f"| {' | '.join(form.heads)} |", "|" + "---|" * len(form.heads)]
    return "\n".join([form.preface(document), "", *heads, *rows])


def _row(figure: Figure, form: Form) -> str:
    ours, ratio = spread(figure.ours), above_floor(figure, figure.ours)
    cells = [
        form.name(figure),
        f"{number(ours.median)} {figure.unit} ({form.span.format(number(ours.low), number(ours.high))})",
        _floor(figure, form),
        number(ratio) if ratio is not None else "",
        "; ".join(f"{form.said(name)} {number(spread(values).median)}" for name, values in figure.peers.items()),
    ]
    return f"| {' | '.join(cells)} |"


def _floor(figure: Figure, form: Form) -> str:
    if isinstance(figure.floor, Floor):
        return f"{number(spread(figure.floor.values).median)} {figure.unit}, {form.said(figure.floor.what)}"
    return figure.floor.why


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


def between(text: str) -> tuple[Form, str]:
    """The form that the page asks for, and what stands between the markers."""
    _, form, inside, _ = _parted(text)
    return form, inside.strip("\n")


def put(path: Path, made: Callable[[Form], str]) -> None:
    """What is made in its form, between the markers of a file; all else there stays as it is. Raises NoMarkers, or NoRoom where
    the file could not be written: it is as it was."""
    before, form, _, after = _parted(path.read_text(encoding="utf-8"))
    try:
        _replaced(path.resolve(), f"{before}{form.mark}\n\n{made(form)}\n\n{END}\n{after}")
    except OSError as error:
        raise NoRoom(f"--table {path}: {_reason(error)}; it is as it was: --from last --table {path} writes it") from None


def _replaced(path: Path, text: str) -> None:
    """All of it at once: half a page would be worse than an old one."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.chmod(path.stat().st_mode)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _parted(text: str) -> tuple[str, Form, str, str]:
    """Before the two lines of markers, the form of the first, between and after them; a marker within a line is none."""
    lines = text.splitlines(keepends=True)
    begins = [(place, FORMS[line.strip()]) for place, line in enumerate(lines) if line.strip() in FORMS]
    ends = [place for place, line in enumerate(lines) if line.strip() == END]
    if len(begins) != 1 or len(ends) != 1 or begins[0][0] > ends[0]:
        raise NoMarkers(
            f"the table stands between a line {LONG.mark} and a line {END}, once; write both where it shall stand "
            f"(or for the short one {BRIEF.mark})"
        )
    (first, form), last = begins[0], ends[0]
    return "".join(lines[:first]), form, "".join(lines[first + 1 : last]), "".join(lines[last + 1 :])
