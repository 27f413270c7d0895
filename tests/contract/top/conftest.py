"""A queue as the application finds it: in the environment, and one of its jobs runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scheduler.experiments import Experiment
from scheduler.home import Home
from scheduler.queue.job import Job
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from tests.contract.first_runs import first_runs

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
    """The first of three jobs runs until there is a file `enough`."""
    with first_runs(home, store, jobs, tmp_path, until) as job:
        yield job
