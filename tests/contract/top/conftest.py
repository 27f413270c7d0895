"""A queue as the application finds it: in the environment, and one of its jobs runs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scheduler.actions.drive import Terms, drive
from scheduler.experiments import Experiment
from scheduler.home import Home
from scheduler.queue.job import Job
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.devices import Devices

SCRIPT = """
printf ' 40%%\\r 50%%\\n'; echo 'begun [red]loud[/] \\033[2J'
touch begun-$0; until [ -e enough ]; do sleep 0.02; done
"""
TEXT = f"command: {json.dumps(['sh', '-c', SCRIPT, '${args_no_hyphens}'])}\ngrid: {{x: [1, 2, 3]}}\n"


@pytest.fixture
def home(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("EXP_QUEUE_HOME", str(home.root))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return home


@pytest.fixture
def jobs(store: Store, experiments: Callable[[str], list[Experiment]], tmp_path: Path) -> list[Job]:
    return list(submit(store, experiments(TEXT), str(tmp_path)).jobs)


@pytest.fixture
def one_runs(home: Home, store: Store, jobs: list[Job], tmp_path: Path, until) -> Iterator[Job]:
    """The first of three jobs runs, under a runner of another thread, until there is a file `enough`."""

    def run() -> None:
        with Store(home) as own:
            drive(own, own.by_ids(job.id for job in jobs), Devices("the test's machine"), Terms(1), lambda _: None)

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: list(tmp_path.glob("begun-*")))
    until(lambda: store.counts().get("running") == 1)
    yield store.job(jobs[0].id)
    (tmp_path / "enough").touch()
    thread.join()
