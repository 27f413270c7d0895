"""The files of the page, as they lie in the package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from scheduler.web.bundle import bundle

ENTRY = "app.js"


def text(path: str) -> str:
    """A file of `static/`."""
    return (files("scheduler.web") / "static").joinpath(*path.split("/")).read_text(encoding="utf-8")


@cache
def script() -> str:
    """All of the page's JavaScript: what draws charts, and the views."""
    return f"{text('vendor/uPlot.iife.min.js')}\n{bundle(ENTRY, text)}"


@cache
def style() -> str:
    """All of its style."""
    return f"{text('vendor/uPlot.min.css')}\n{text('style.css')}"
