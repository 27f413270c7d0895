"""Jobs that are to log at the W&B server of this machine, from Python."""

from __future__ import annotations

import pytest

import exp_queue
from scheduler.errors import UserError
from scheduler.home import Home


def test_jobs_that_are_to_log_at_a_server_that_is_not_there_are_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would log offline, and nobody would know why."""
    monkeypatch.setenv("EXP_QUEUE_HOME", str(home.root))
    with pytest.raises(UserError, match=r"wandb-local.*is not there") as found:
        exp_queue.run(commands=["true"], trackers="wandb-local", quiet=True)
    assert "exp-queue serve --env" in found.value.next_step
    assert len(exp_queue.jobs()) == 0
