#!/usr/bin/env python3
"""What the live page costs: `exp-queue ui` on a queue of many runs that are over, with a few beside them that log.

    python benchmarks/live_page.py [--runs 100 1000] [--rows 500] [--watchers 20] [--seconds 20]

Of the page: the seconds from its opening in Chromium until it is there (ready) and until the first charts have their lines
(drawn), the best of three, as `pages.py` has them for a report and for others; and the kilobytes of what it loads first, as they
are sent. Of an update: jobs log a row of four metrics each second, and so many listen for news; the bytes that one of them gets
for each row that is logged, and the share of one core that the server takes, with none, one and eight jobs.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import benchmarks.comparing as many  # noqa: E402 (the package of this checkout)
from benchmarks import pages  # noqa: E402
from scheduler.experiments import read  # noqa: E402
from scheduler.home import open_home  # noqa: E402
from scheduler.queue.store import Store  # noqa: E402
from scheduler.queue.submit import submit  # noqa: E402
from tests.browser import chromium  # noqa: E402
from tests.contract.web.conftest import Running, running  # noqa: E402

FIRST = ("/", "/app.js", "/app.css", "/api/runs", "/api/curves?metric=val_loss", "/api/curves?metric=loss")
NEW = "command: [python, train.py, '${args_json}']\ngrid: {number: [1, 2, 3, 4, 5, 6, 7, 8]}\n"
SETTLED = 5.0  # seconds after which the server has made what it makes once


@contextmanager
def served(directory: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The server, and the address that it has printed."""
    environment = {**os.environ, "EXP_QUEUE_HOME": str(directory / "home"), "PYTHONPATH": str(ROOT)}
    line = [sys.executable, "-m", "scheduler.cli.main", "ui", "--format", "json"]
    process = subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout
        yield process, json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.wait()


def asked(address: str, path: str, place: str = "") -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    host, _, key = address.removeprefix("http://").partition("/#token=")
    connection = http.client.HTTPConnection(host, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Accept-Encoding": "gzip" if not place else "", "Last-Event-ID": place}
    connection.request("GET", path, headers=headers)
    return connection, connection.getresponse()


def size(address: str, path: str) -> int:
    connection, answer = asked(address, path)
    with closing(connection):
        return len(answer.read())


def opened(directory: Path, address: str) -> tuple[float, float]:
    """Seconds until it is ready, and drawn."""
    with pages.browser(directory) as driver:
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": pages._WATCH})
        times = []
        for _ in range(3):
            driver.get("about:blank")
            driver.get(address)
            times.append(chromium.until(driver, "return window.drawnAt && [window.readyAt, window.drawnAt]"))
    return min(each[0] for each in times) / 1000, min(each[1] for each in times) / 1000


class Watcher(threading.Thread):
    """Somebody who listens for news, and counts their bytes."""

    def __init__(self, address: str, place: str) -> None:
        super().__init__(daemon=True)
        self.connection, self.answer = asked(address, "/api/events", place)
        self.count = 0

    def run(self) -> None:
        with suppress(Exception):  # the server has ended
            while piece := self.answer.read1(1 << 16):
                self.count += len(piece)


def cpu(pid: int) -> float:
    """Seconds that a process has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def update(pid: int, watchers: Sequence[Watcher], jobs: Sequence[Running], step: int, seconds: int) -> tuple[float, float]:
    """Bytes of a row for one who listens, and the share of a core."""
    before, begun, took = [each.count for each in watchers], time.monotonic(), cpu(pid)
    for second in range(seconds):
        for each in jobs:
            each.log([json.loads(pages.row(step + second))])
        time.sleep(max(0.0, begun + second + 1 - time.monotonic()))
    share = (cpu(pid) - took) / (time.monotonic() - begun)
    got = sum(each.count - was for each, was in zip(watchers, before, strict=True)) / len(watchers)
    return got / max(1, seconds * len(jobs)), share


def measured(runs: int, rows: int, count: int, seconds: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="live-page-") as made, ExitStack() as open_now:
        directory = Path(made)
        store = open_now.enter_context(Store(open_home(directory / "home")))
        many.filled(store, directory, runs, rows)
        (directory / "new.yaml").write_text(NEW)
        new = list(submit(store, list(read(str(directory / "new.yaml")).experiments()), str(directory)).jobs)
        process, address = open_now.enter_context(served(directory))
        ready, drawn = opened(directory, address)
        first = sum(size(address, path) for path in FIRST) / 1e3
        yield f"opening: ready {ready:.2f} s, drawn {drawn:.2f} s; first load {first:.0f} KB"
        place = _place(address)
        watchers = [Watcher(address, place) for _ in range(count)]
        for watcher in watchers:
            watcher.start()
        jobs = [open_now.enter_context(running(store, job)) for job in new]
        for each in jobs:
            each.log([json.loads(pages.row(0))])
        time.sleep(SETTLED)
        for turn, loggers in enumerate((0, 1, 8)):
            got, share = update(process.pid, watchers, jobs[:loggers], 1 + turn * seconds, seconds)
            yield f"{loggers} jobs log: {got:.0f} bytes a row for each of {count}, {100 * share:.1f} % of a core"


def _place(address: str) -> Any:
    connection, answer = asked(address, "/api/runs", "-")
    with closing(connection):
        return json.load(answer)["place"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--watchers", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    if why := chromium.missing():
        sys.exit(why)
    many.row = pages.row
    for runs in options.runs:
        print(f"\n{runs} runs of {options.rows} rows of 4 metrics")
        for line in measured(runs, options.rows, options.watchers, options.seconds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
