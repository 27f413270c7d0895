"""Curves for a terminal, and their points for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TextIO

from scheduler.actions.curves import Curve, Curves, Spot
from scheduler.report.canvas import Piece, mark
from scheduler.report.chart import chart
from scheduler.report.labels import Labels
from scheduler.report.text import number, place
from scheduler.terminal import has_colours, knows_unicode, paint

COLOURS = (6, 3, 5, 2, 4, 1, 14, 11, 13, 10, 12, 9)  # of the pens: what a light and a dark terminal both show


def print_charts(found: Curves, file: TextIO, width: int, height: int, *, log: bool = False) -> None:
    """A chart for each metric, with what its lines are. In colours on a terminal; elsewhere, and where that knows no UTF-8, lines
    are told apart by their marks."""
    coloured, unicode = has_colours(file), knows_unicode(file)
    names = Labels({curve.job.id: curve.job for curve in found.curves}.values())
    for metric in found.metrics:
        lines = found.by_metric(metric)
        marks = not unicode or (len(lines) > 1 and not coloured)
        for row in _metric(found, metric, lines, names, width, height, log=log, marks=marks):
            paint(((text, None if pen is None else COLOURS[pen % len(COLOURS)]) for text, pen in row), file, coloured=coloured)


def _metric(
    found: Curves, metric: str, lines: Sequence[Curve], names: Labels, width: int, height: int, *, log: bool, marks: bool
) -> list[list[Piece]]:
    drawing = chart([curve.spots for curve in lines], width, height, log=log, marks=marks)
    nothing: list[list[Piece]] = [[(f"nothing of it can be drawn{' on a logarithmic scale' * log}", None)]]
    how = f"{' (log)' * log}, by {found.x}{' in seconds' * (found.x == 'time')}"
    head: list[Piece] = [(f"{metric}{how}{f', smoothed by {found.smooth:g}' if found.smooth else ''}", None)]
    legend = [_legend(found, curve, names[curve.job.id], pen, marks=marks) for pen, curve in enumerate(lines)]
    return [head, *(drawing or nothing), *legend]


def _legend(found: Curves, curve: Curve, name: str, pen: int, *, marks: bool) -> list[Piece]:
    best = curve.series.best(found.vocabulary.goal(curve.metric))
    told = f", best {number(best[0])} at {place(best[1])}" if best else ""
    odd = f", {curve.series.odd} NaN or infinite" if curve.series.odd else ""
    return [
        (f"{mark(pen) if marks else '━━'} ", pen),
        (f"{curve.job.short_id} {name}: last {number(curve.series.last)}{told}{odd}", None),
    ]


def objects(found: Curves) -> list[dict[str, Any]]:
    """For programs: each curve with its points."""
    names = Labels({curve.job.id: curve.job for curve in found.curves}.values())
    return [
        {
            "id": curve.job.id,
            "name": names[curve.job.id],
            "metric": curve.metric,
            "x": found.x,
            "points": [_point(spot) for spot in curve.spots],
        }
        for curve in found.curves
    ]


def _point(spot: Spot) -> dict[str, Any]:
    at, time, low, high, last = spot.point
    return {"x": spot.x, "step": at, "time": time, "value": last, "low": low, "high": high, "smoothed": spot.value}


def rows(found: Curves) -> list[dict[str, Any]]:
    """For programs: a row for each point."""
    return [
        {"id": curve["id"], "name": curve["name"], "metric": curve["metric"], **point}
        for curve in objects(found)
        for point in curve["points"]
    ]
