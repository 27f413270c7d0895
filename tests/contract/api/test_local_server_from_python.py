"""Jobs that are to log at the W&B server of this machine, from Python."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import exp_queue
from scheduler.home import Home
from scheduler.tracking.local_wandb import Address, running
from scheduler.wandb_server.background import found_or_started
from tests.waiting import until

PATIENCE = 60


@pytest.fixture
def there(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Address | None]]:
    """The server of a queue of the test's own, if it is there; killed in the end."""
    monkeypatch.setenv("EXP_QUEUE_HOME", str(home.root))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.chdir(tmp_path)
    yield lambda: running(home.root)
    if found := running(home.root):
        kill(found)


def kill(server: Address) -> None:
    with suppress(ProcessLookupError):
        os.kill(server.pid, signal.SIGKILL)


def keepers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "local server"]


def test_a_call_starts_the_server_and_follows_it_while_its_jobs_run(there: Callable[[], Address | None], tmp_path: Path) -> None:
    """As the commands do. When the call is over the server stays, and nobody of a notebook that goes on follows it."""
    jobs: list[Any] = []
    script = 'touch begun; echo "$WANDB_MODE $WANDB_BASE_URL"; while [ ! -e go ]; do sleep 0.05; done'

    def run() -> None:
        jobs.extend(exp_queue.run(commands=[script], trackers="wandb-local", quiet=True))

    call = threading.Thread(target=run, daemon=True)  # no test waits for one that never ends
    call.start()
    try:
        until((tmp_path / "begun").exists)
        first = there()
        assert first
        kill(first)
        second = until(lambda: (found := there()) and found.pid != first.pid and found)
    finally:
        (tmp_path / "go").touch()
        call.join(PATIENCE)
    assert [job.state for job in jobs] == ["done"]
    assert jobs[0].log().split() == ["online", first.url]
    assert there() == second
    until(lambda: not keepers())


def test_two_who_start_a_server_at_the_same_moment_have_one(there: Callable[[], Address | None], home: Home) -> None:
    """Two commands of a night script: what one logs would be at a server of which the other knows nothing."""
    found: list[Address] = []
    together = threading.Barrier(2)

    def ask() -> None:
        together.wait(PATIENCE)
        found.append(found_or_started(home))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE)
    assert found == [there(), there()]
