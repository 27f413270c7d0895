"""What jobs have logged, drawn: charts in a notebook, and a page that is a file or a frame."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import field
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any

from scheduler.actions.columns import Vocabulary
from scheduler.actions.curves import Curves as Found
from scheduler.actions.curves import curves as drawing
from scheduler.actions.opening import opened_queue
from scheduler.api.arguments import Which, named
from scheduler.api.rows import frame
from scheduler.errors import UserError
from scheduler.report import curves as report_of_curves
from scheduler.report import notebook
from scheduler.terminal import say
from scheduler.values import dataclass

NOTHING = Found((), "step", (), Vocabulary((), (), (), {}), 0)
DRAWN = 12  # jobs, where nobody says how many: as many as can be told apart
SIZE = (80, 16)  # characters of a chart that is printed
TALL = 720  # pixels of a page in a notebook


@dataclass(frozen=True)
class Charts:
    """Curves of several jobs, the best job first; in a notebook they draw themselves."""

    metrics: Sequence[str]
    _found: Found = field(repr=False)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The points: id, name, metric, x, step, time, value, low, high, smoothed."""
        return iter(report_of_curves.rows(self._found))

    def to_pandas(self) -> Any:
        """A pandas.DataFrame with a row for each point. ImportError without pandas."""
        return frame(list(self))

    def __repr__(self) -> str:
        text = io.StringIO()
        report_of_curves.print_charts(self._found, text, *SIZE)
        return text.getvalue().rstrip() or "no curves"

    def _repr_html_(self) -> str:
        return notebook.charts(self._found) or "<p>no curves</p>"


def curves(*which: Which, metrics: str | Sequence[str] = (), x: str = "step", smooth: float = 0.0, limit: int = DRAWN) -> Charts:
    """The curves of jobs in one chart for each metric. `which` as for `jobs`, without any the newest of what was asked last here.

    `metrics`: without any, what the jobs are judged by. `x`: "step", "time" or another metric such as "epoch". `smooth`: the
    weight of a moving average, from 0 to below 1. `limit`: the best so many jobs; 0: all. UserError for a metric that no job has.
    """
    words, wanted = named(which), (metrics,) if isinstance(metrics, str) else tuple(metrics)
    if which and not words:  # of no jobs
        return Charts((), NOTHING)
    words = words or ["last"]
    with opened_queue(say, only_looks=True) as store:
        found = drawing(store, words, wanted, x=x, smooth=smooth, limit=limit)
    return Charts(found.metrics, found)


@dataclass(frozen=True)
class Page:
    """A page about jobs, whole and without a network; in a notebook it shows itself in a frame."""

    title: str
    runs: int
    html: str = field(repr=False)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write it to a file that is not there yet. FileExistsError where one is."""
        to = Path(path)
        with to.open("x", encoding="utf-8") as file:
            file.write(self.html)
        return to

    def _repr_html_(self) -> str:
        frame = (
            f'sandbox="allow-scripts allow-downloads" style="width:100%;height:{TALL}px;border:0" title="{escape(self.title)}"'
        )
        return f'<iframe {frame} srcdoc="{escape(self.html)}"></iframe>'


def page(*which: Which, title: str | None = None, notes: str | PathLike[str] | None = None) -> Page:
    """A page about jobs, as `exp-queue report` writes it. `which` as for `jobs`, without any all; `notes`: a file of Markdown,
    which stands above the views. UserError where there are no such jobs."""
    from scheduler.web.report import made

    words = named(which)
    if which and not words:  # of no jobs
        raise UserError("no jobs to make a page of", next_step="`exp_queue.jobs()` has all")
    with opened_queue(say, only_looks=True) as store:
        found = made(store, words, title=title, notes=Path(notes) if notes is not None else None)
    return Page(found.title, found.runs, found.html)
