"""The page that `exp-queue ui` serves, in a real browser: it goes on while jobs do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from scheduler.home import Home
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.web.live import Served, served
from tests.browser import chromium
from tests.browser.conftest import Opened
from tests.browser.filling import Left, curve, fill, written
from tests.contract.web.conftest import PATIENCE, TEXT, Running, running

SIGN = "return document.querySelector('.sign')?.dataset.state"
POINTS = """const chart = document.querySelector('.chart');
            return page.source.held.get('loss')?.answer.curves[arguments[0]]?.at.length"""


@contextmanager
def serving(home: Home, **options: Any) -> Iterator[Served]:
    with served(home, say=lambda _: None, **options) as page:
        thread = threading.Thread(target=page.serve)
        thread.start()
        try:
            yield page
        finally:
            page.server.stop()
            thread.join(PATIENCE)
