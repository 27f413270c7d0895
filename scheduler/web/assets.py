"""The files of the page, as they lie in the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from scheduler.web.bundle import bundle

ENTRY = "app.js"
_STATIC = Path(__file__).parent / "static"


def text(path: str) -> str:
    """A file of `static/`."""
    return (_STATIC / path).read_text(encoding="utf-8")


@cache
def script() -> str:
    """All of the page's JavaScript: what draws charts, and the views."""
    return f"{text('vendor/uPlot.iife.min.js')}\n{bundle(ENTRY, text)}"


@cache
def style() -> str:
    """All of its style: that of the page, and a file beside each view that has rules of its own."""
    own = sorted(each.name for each in (_STATIC / "views").glob("*.css"))
    return "\n".join(text(path) for path in ("vendor/uPlot.min.css", "style.css", *(f"views/{name}" for name in own)))
