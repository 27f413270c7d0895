#!/usr/bin/env python3
"""What it takes to look at many runs: a report of ours, beside TensorBoard and Trackio that are fed with the same rows.

    python benchmarks/pages.py [--runs 100 1000 5000] [--rows 500] [--alone] [--patience 300]

Of a report: the seconds to write it (a process), its size, the seconds from its opening in Chromium until it is there (ready) and
until the first charts have their lines (drawn), and until all is drawn again when a run is hidden and when curves are smoothed;
the best of three. Of the others: the seconds to write what they read, its size, and the seconds from the opening of their page
until it has charts and nothing more comes, once. Those that are not installed are left out; "-" stands for what there is not, or
did not come in time.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import benchmarks.comparing as many  # noqa: E402 (the package of this checkout)
from benchmarks.harness.checkouts import package, path_of  # noqa: E402
from scheduler.home import open_home  # noqa: E402
from scheduler.queue.store import Store  # noqa: E402
from tests.browser import chromium  # noqa: E402

QUIET = 2.0  # seconds without a request and without another chart: the page of somebody else is done
_WATCH = """
const inked = (canvas) => {
  const { data } = canvas.getContext("2d").getImageData(Math.round(canvas.width * 0.6), 0, 1, canvas.height);
  return data.some((value, at) => at % 4 === 3 && value > 240);
};
const inSight = (canvas) => canvas.getBoundingClientRect().top < innerHeight - 100;
const watch = () => {
  if (document.documentElement?.dataset.ready) window.readyAt ??= performance.now();
  const canvases = [...document.querySelectorAll("#curves canvas")].filter(inSight);
  if (canvases.length && canvases.every(inked)) window.drawnAt = performance.now();
  else requestAnimationFrame(watch);
};
requestAnimationFrame(watch);
"""
_AGAIN = """
const [act, done] = arguments, begun = performance.now();
new Function(act)();
const frame = (left) => {
  if (left) return requestAnimationFrame(() => frame(left - 1));
  for (const canvas of document.querySelectorAll("#curves canvas")) canvas.getContext("2d").getImageData(0, 0, 1, 1);
  done(performance.now() - begun);
};
frame(4);
"""
_HIDE = "document.querySelector('.runs input').click()"
_SMOOTH = """
const slider = document.querySelector('#curves input[type=range]');
slider.value = slider.value === '0.6' ? 0.7 : 0.6;
slider.dispatchEvent(new Event('input'));
"""
_CHARTS = """
const below = (each) => [each, ...(each.shadowRoot ? within(each.shadowRoot) : [])];
const within = (root) => [...root.querySelectorAll("*")].flatMap(below);
const large = (each) => each.getBoundingClientRect().width > 150 && each.getBoundingClientRect().height > 80;
return within(document).filter((each) => ["canvas", "svg"].includes(each.tagName.toLowerCase()) && large(each)).length;
"""


# Trackio's project, of the metric logs below a directory.
_FEED = """
import json, sys
from datetime import datetime, timezone
from pathlib import Path
from trackio.sqlite_storage import SQLiteStorage
for number, path in enumerate(sorted(Path(sys.argv[1]).rglob("metrics.jsonl"))):
    rows = [json.loads(line) for line in path.open()]
    SQLiteStorage.bulk_log(
        project="many", run=f"run-{number}", metrics_list=[{k: v for k, v in row.items() if k[0] != "_"} for row in rows],
        steps=[row["_step"] for row in rows],
        timestamps=[datetime.fromtimestamp(row["_time"], timezone.utc).isoformat() for row in rows],
    )
"""


class Seen(NamedTuple):
    """Seconds, but for `size` in MB; None: that is not there, or did not come in time."""

    name: str
    made: float | None
    size: float | None
    drawn: float | None
    ready: float | None = None
    hide: float | None = None
    smooth: float | None = None


def row(step: int, state: dict[str, float] = {}) -> str:  # noqa: B006 (what this training is like, from its first step on)
    """A row of a training that learns."""
    if step == 0:
        state |= {"floor": random.random() / 2 + 0.2, "pace": random.random() * 30 + 10}  # noqa: S311
    loss = state["floor"] + 2 * math.exp(-step / state["pace"]) * (1 + random.random() / 10)  # noqa: S311
    values = {"loss": loss, "val_loss": loss * 1.1 + random.random() / 20, "val_acc": 1 - loss / 3}  # noqa: S311
    return json.dumps({"_step": step, "_time": 1700000000.0 + step, **values, "lr": 0.1 * math.cos(step / 400)}) + "\n"


def took(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def command(directory: Path, *words: str) -> Callable[[], object]:
    environment = {**os.environ, "EXP_QUEUE_HOME": str(directory / "home"), "PYTHONPATH": path_of(package())}
    line = [sys.executable, "-m", "scheduler.cli.main", *words]
    return lambda: subprocess.run(line, env=environment, cwd=directory, check=True, capture_output=True)


def megabytes(path: Path) -> float:
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files) / 1e6


def ours(directory: Path) -> Seen:
    page = directory / "report.html"
    made = took(command(directory, "report", "-o", str(page), "--force"))
    with browser(directory) as driver:
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _WATCH})
        times = [_opened(driver, page) for _ in range(3)]
        chromium.settled(driver)
        hide, smooth = (min(_again(driver, act) for _ in range(3)) for act in (_HIDE, _SMOOTH))
    return Seen(
        "exp-queue report", made, megabytes(page), min(each[1] for each in times), min(each[0] for each in times), hide, smooth
    )


def _opened(driver: Any, page: Path) -> tuple[float, float]:
    driver.get("about:blank")
    driver.get(page.as_uri())
    ready, drawn = chromium.until(driver, "return window.drawnAt && [window.readyAt, window.drawnAt]")
    return ready / 1000, drawn / 1000


def _again(driver: Any, act: str) -> float:
    return driver.execute_async_script(_AGAIN, act) / 1000


@contextmanager
def browser(directory: Path) -> Iterator[Any]:
    with tempfile.TemporaryDirectory(dir=directory) as profile, chromium.started(Path(profile)) as driver:
        chromium.look(driver)
        yield driver


def tensorboard(directory: Path, patience: float) -> Seen:
    events = directory / "events"
    made = took(command(directory, "export", "--format", "tensorboard", "-o", str(events)))
    port = free_port()
    line = [sys.executable, "-m", "tensorboard.main", "--logdir", str(events), "--port", str(port), "--load_fast", "auto"]
    with served(line, f"http://127.0.0.1:{port}/", patience) as address:
        drawn = foreign(directory, f"{address}#timeseries", patience) if address else None
    return Seen("tensorboard", made, megabytes(events), drawn)


def trackio(directory: Path, patience: float) -> Seen:
    """Fed with the rows of each run at once, as its importers do; its own directory is one of ours."""
    place = directory / "trackio"
    environment = {**os.environ, "TRACKIO_DIR": str(place), "HF_HUB_OFFLINE": "1", "GRADIO_ANALYTICS_ENABLED": "False"}
    line = [sys.executable, "-c", _FEED, str(directory / "home")]
    made = took(lambda: subprocess.run(line, env=environment, capture_output=True, check=True, timeout=patience))
    port = free_port()
    environment["GRADIO_SERVER_PORT"] = str(port)
    line = [sys.executable, "-m", "trackio.cli", "show", "--project", "many", "--host", "127.0.0.1"]
    with served(line, f"http://127.0.0.1:{port}/", patience, environment) as address:
        drawn = foreign(directory, f"{address}?project=many", patience) if address else None
    return Seen("trackio", made, megabytes(place), drawn)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@contextmanager
def served(line: Sequence[str], address: str, patience: float, environment: dict[str, str] | None = None) -> Iterator[str | None]:
    """The address, once something answers there; None where nothing does in time."""
    process = subprocess.Popen(line, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield address if _answers(address, process, patience) else None
    finally:
        process.terminate()
        process.wait()


def _answers(address: str, process: subprocess.Popen[bytes], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 (an address of ours)
        except OSError:
            time.sleep(0.2)
        else:
            return True
    return False


def foreign(directory: Path, address: str, patience: float) -> float | None:
    """Seconds until the page of somebody else has charts, and neither asks for more nor draws more; what asks for the same again
    and again is done with its charts. None: not in time, or so busy that its browser does not answer."""
    from selenium.common.exceptions import WebDriverException
    from urllib3.exceptions import HTTPError

    with suppress(WebDriverException, HTTPError), browser(directory) as driver:
        return _settled(driver, address, patience)
    return None


def _settled(driver: Any, address: str, patience: float) -> float | None:
    begun = changed = time.monotonic()
    charts, known = 0, set[str]()
    driver.get(address)
    while time.monotonic() - begun < patience:
        now, news = driver.execute_script(_CHARTS), set(chromium.requests(driver)) - known
        known |= news
        if now != charts or news:
            charts, changed = now, time.monotonic()
        elif charts and time.monotonic() - changed > QUIET:
            return changed - begun
        time.sleep(0.1)
    return None


PEERS = {"tensorboard": tensorboard, "trackio": trackio}


def measured(runs: int, rows: int, peers: Sequence[str], patience: float) -> Iterator[Seen]:
    with tempfile.TemporaryDirectory(prefix="pages-") as made:
        directory = Path(made)
        with Store(open_home(directory / "home")) as store:
            many.filled(store, directory, runs, rows)
        yield ours(directory)
        for name in peers:
            try:
                yield PEERS[name](directory, patience)
            except (OSError, subprocess.SubprocessError) as error:
                print(f"{name}: left out: {error}", file=sys.stderr)


def table(found: Iterator[Seen]) -> Iterator[str]:
    """Its lines, each as soon as it is known; the ratios are to the first."""
    heads = ("made", "MB", "ready", "drawn", "hide one", "smooth")
    yield f"{'':18}" + "".join(f"{head:>16}" for head in heads)
    first: Seen | None = None
    for each in found:
        base = first or each
        bases = (base.made, base.size, None, base.drawn, None, None) if first else (None,) * 6
        values = (each.made, each.size, each.ready, each.drawn, each.hide, each.smooth)
        yield f"{each.name:18}" + "".join(f"{_cell(*pair):>16}" for pair in zip(values, bases, strict=True))
        first = base


def _cell(value: float | None, base: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" + (f" ({value / base:.1f}x)" if base else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="+", default=[100, 1000, 5000])
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--alone", action="store_true", help="nobody beside us")
    parser.add_argument("--patience", type=float, default=300, help="seconds for a page of somebody else")
    options = parser.parse_args()
    if why := chromium.missing():
        sys.exit(why)
    many.row = row
    peers = [name for name in PEERS if not options.alone and find_spec(name)]
    for name in PEERS.keys() - set(peers):
        print(f"{name}: {'not asked' if options.alone else 'not installed'}")
    for runs in options.runs:
        print(f"\n{runs} runs of {options.rows} rows of 4 metrics; seconds")
        for line in table(measured(runs, options.rows, peers, options.patience)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
