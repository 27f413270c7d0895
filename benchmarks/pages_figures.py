"""The figures of `pages.py`: a report of many runs, written and opened, beside TensorBoard and Trackio.

The floors: a Python that reads all rows that the report shows; an empty page in the same browser, and two frames of it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import benchmarks.comparing as many
from benchmarks import pages
from benchmarks.harness.figures import ALONE, Asked, Figure, Floor, Missing, NoFloor
from scheduler.home import open_home
from scheduler.queue.store import Store
from tests.browser import chromium

READ = """
import json, pathlib, sys
for path in pathlib.Path(sys.argv[1]).rglob("metrics.jsonl"):
    with path.open() as lines:
        for line in lines:
            json.loads(line)
"""
PARTS = {
    "made": ("written", "s"),
    "size": ("its size", "MB"),
    "ready": ("until it is there", "s"),
    "drawn": ("until its charts have lines", "s"),
    "hide": ("a run hidden, all drawn again", "s"),
    "smooth": ("curves smoothed, all drawn again", "s"),
}
EMPTY, ROWS, FRAMES = "an empty page in the same browser", "a Python that reads all rows", "two frames of an empty page"
UNSIZED = NoFloor("curves may be thinned as far as one likes")
_TWO_FRAMES = "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"


def figures(asked: Asked) -> list[Figure]:
    if why := chromium.missing():
        raise Missing(why)
    runs, rows, patience = (30, 100, 60) if asked.quick else (1000, 500, 300)
    many.row = pages.row
    with tempfile.TemporaryDirectory(prefix="pages-", dir=asked.folder) as made:
        directory = Path(made)
        with Store(open_home(directory / "home")) as store:
            many.filled(store, directory, runs, rows)
        ours = pages.ours(directory)
        floors = dict.fromkeys(PARTS, ALONE) if asked.alone else _floors(directory)
        names = [] if asked.alone else [name for name in pages.PEERS if find_spec(name)]
        peers = {name: seen for name in names if (seen := _seen(name, directory, patience))}
    missing = () if asked.alone else tuple(name for name in ("TensorBoard", "Trackio") if not find_spec(name.lower()))
    return [_figure(key, f"a report of {runs:,} runs", ours, peers, floors, missing) for key in PARTS]


def _figure(
    key: str,
    whole: str,
    ours: pages.Seen,
    peers: dict[str, pages.Seen],
    floors: Mapping[str, Floor | NoFloor],
    missing: tuple[str, ...],
) -> Figure:
    what, unit = PARTS[key]
    others = {name: (value,) for name, seen in peers.items() if (value := getattr(seen, key)) is not None}
    return Figure(f"pages.{key}", f"{whole}, {what}", unit, (getattr(ours, key),), floors[key], others, missing=missing)


def _seen(name: str, directory: Path, patience: float) -> pages.Seen | None:
    try:
        return pages.PEERS[name](directory, patience)
    except (OSError, subprocess.SubprocessError):
        return None


def _floors(directory: Path) -> dict[str, Floor | NoFloor]:
    opened, frames = _empty(directory)
    page, again = Floor(EMPTY, (opened,)), Floor(FRAMES, (frames,))
    return {
        "made": Floor(ROWS, (_read(directory),)),
        "size": UNSIZED,
        "ready": page,
        "drawn": page,
        "hide": again,
        "smooth": again,
    }


def _read(directory: Path) -> float:
    return pages.took(lambda: subprocess.run([sys.executable, "-I", "-c", READ, str(directory / "home")], check=True))


def _empty(directory: Path) -> tuple[float, float]:
    """Seconds from the opening of a page without anything until it is drawn, and of two of its frames."""
    page = directory / "empty.html"
    page.write_text("<!doctype html><title>empty</title>")
    with pages.browser(directory) as driver:
        opened = min(_opened(driver, page) for _ in range(3))
        return opened, min(pages.took(lambda: driver.execute_async_script(_TWO_FRAMES)) for _ in range(3))


def _opened(driver: Any, page: Path) -> float:
    driver.get("about:blank")
    begun = time.perf_counter()
    driver.get(page.as_uri())
    driver.execute_async_script(_TWO_FRAMES)
    return time.perf_counter() - begun
