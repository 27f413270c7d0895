"""Tables and charts as HTML for a notebook: plain and escaped, without a script, in the colours of the page around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from scheduler.actions.curves import Curves, Spot
from scheduler.report.chart import Frame, frame_of, numbers_apart
from scheduler.report.labels import Labels
from scheduler.report.text import number, safe

WIDTH, HEIGHT = 560, 240  # pixels of a chart
LEFT, RIGHT, ABOVE, BELOW = 64, 12, 8, 24
TICKS = 4
NAMED = 12  # lines with a name below the chart
# As on the page: Okabe and Ito's, which colour-blind people can tell apart; later lines are dashed.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#8c2d04", "#5e4fa2")
DASHES = ("", "6 3", "2 2", "8 3 2 3")


def table(rows: Sequence[Mapping[str, str]], more: int = 0) -> str:
    """Rows under their names; `more` are not shown."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f"<th>{_text(name)}</th>" for name in names)
    cells = ("".join(f"<td>{_text(row.get(name, ''))}</td>" for name in names) for row in rows)
    body = "".join(f"<tr>{each}</tr>" for each in cells)
    rest = f"<p>... and {more:,} more</p>" if more > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}"


def charts(found: Curves) -> str:
    """A chart for each metric with what its lines are."""
    names = Labels({curve.job.id: curve.job for curve in found.curves}.values())
    return "".join(_metric(found, metric, names) for metric in found.metrics)


def _metric(found: Curves, metric: str, names: Labels) -> str:
    lines = found.by_metric(metric)
    drawn = chart([curve.spots for curve in lines], f"{metric} by {found.x}")
    legend = "".join(
        f'<li><svg width="24" height="8">{_line("M0,4 L24,4", place)}</svg> {_text(curve.job.short_id)} '
        f"{_text(names[curve.job.id])}: last {number(curve.series.last)}</li>"
        for place, curve in enumerate(lines[:NAMED])
    )
    more = f"<li>and {len(lines) - NAMED:,} more</li>" if len(lines) > NAMED else ""
    style = "list-style:none;margin:0;padding:0"
    return f"<figure><figcaption><b>{_text(metric)}</b></figcaption>{drawn}<ul style='{style}'>{legend}{more}</ul></figure>"


def chart(lines: Sequence[Sequence[Spot]], title: str) -> str:
    """The lines as one element of SVG; a sentence where there is nothing to draw."""
    frame = frame_of(spot for line in lines for spot in line)
    if frame is None:
        return "<p>nothing of it can be drawn</p>"
    ink = "stroke='currentColor' stroke-opacity='.2'"
    grid = "".join(_ticks(frame, ink))
    paths = "".join(_line(_path(frame, line), place) for place, line in reversed(list(enumerate(lines))) if line)
    size = f"width='{WIDTH}' height='{HEIGHT}' viewBox='0 0 {WIDTH} {HEIGHT}'"
    style = "max-width:100%;height:auto;font:12px system-ui,sans-serif"
    return f"<svg {size} style='{style}' role='img' aria-label='{_text(title)}'>{grid}{paths}</svg>"


def _ticks(frame: Frame, ink: str) -> Iterator[str]:
    parts = [place / TICKS for place in range(TICKS + 1)]
    for part, told in zip(parts, numbers_apart([frame.height_at(part) for part in parts]), strict=True):
        y = HEIGHT - BELOW - part * (HEIGHT - BELOW - ABOVE)
        yield f"<path d='M{LEFT},{y:.1f} H{WIDTH - RIGHT}' {ink}/>"
        yield f"<text x='{LEFT - 6}' y='{y + 4:.1f}' text-anchor='end' fill='currentColor'>{told}</text>"
    for part, told in zip(parts, numbers_apart([frame.width_at(part) for part in parts]), strict=True):
        x = LEFT + part * (WIDTH - LEFT - RIGHT)
        yield f"<text x='{x:.1f}' y='{HEIGHT - 6}' text-anchor='middle' fill='currentColor'>{told}</text>"


def _path(frame: Frame, line: Sequence[Spot]) -> str:
    def place(spot: Spot) -> str:
        x = LEFT + frame.across(spot.x) * (WIDTH - LEFT - RIGHT)
        y = HEIGHT - BELOW - frame.up(spot.value) * (HEIGHT - BELOW - ABOVE)
        return f"{x:.1f},{y:.1f}"

    return " ".join(f"{'M' if number == 0 or spot.after_gap else 'L'}{place(spot)}" for number, spot in enumerate(line))


def _line(path: str, place: int) -> str:
    dash = DASHES[place // len(COLOURS) % len(DASHES)]
    dashed = f" stroke-dasharray='{dash}'" if dash else ""
    caps = "fill='none' stroke-width='1.6' stroke-linecap='round'"
    return f"<path d='{path}' stroke='{COLOURS[place % len(COLOURS)]}' {caps}{dashed}/>"


def _text(text: str) -> str:
    return escape(safe(text))
