"""Jobs that are to log at the W&B server of this machine, from Python."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import exp_queue
from scheduler.cli.local_server import found_or_started
from scheduler.errors import UserError
from scheduler.home import Home
from scheduler.tracking.local_wandb import Address, running

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


def test_jobs_that_are_to_log_at_a_server_that_is_not_there_are_refused(there: Callable[[], Address | None]) -> None:
    """They would log offline, and nobody would know why."""
    with pytest.raises(UserError, match=r"wandb-local.*is not there") as found:
        exp_queue.run(commands=["true"], trackers="wandb-local", quiet=True)
    assert "exp-queue serve --env" in found.value.next_step
    assert len(exp_queue.jobs()) == 0
    assert there() is None


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
