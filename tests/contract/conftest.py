"""A real store in a directory of the test's own, and experiments to put into it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scheduler.experiments import Experiment, read
from scheduler.home import Home, open_home
from scheduler.launcher.client import Slot, open_slot
from scheduler.queue.store import Store
from tests.contract.launcher.launching import NAME
from tests.contract.warm.warming import Warm, warm_slot, wish


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home")


@pytest.fixture
def store(home: Home) -> Iterator[Store]:
    with Store(home) as opened:
        yield opened


@pytest.fixture(params=["cold", "warm"])
def slot(home: Home, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Slot]:
    """A launcher: what it promises holds for jobs that begin from nothing and for those that are forked."""
    if request.param == "warm":
        with warm_slot(home, wish([sys.executable, "-c", ""], tmp_path)) as warm:
            yield Warm(**vars(warm))
        return
    opened = open_slot(home)
    yield opened
    opened.stop(NAME, "cancelled", 0.0)  # what a test that failed has left
    opened.close()
    opened.process.wait(90)


@pytest.fixture
def experiments(tmp_path: Path) -> Callable[[str], list[Experiment]]:
    """The experiments of a YAML text."""

    def written(text: str) -> list[Experiment]:
        path = tmp_path / "experiments.yaml"
        path.write_text(text, encoding="utf-8")
        return list(read(str(path)).experiments())

    return written
