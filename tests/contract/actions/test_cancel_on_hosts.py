"""A cancel of what a host has, while no run waits for it: real SQLite, and a host that says what the test wants."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.actions.cancel_elsewhere import cancel_elsewhere
from scheduler.gpus.packing import GpuUse, as_objects
from scheduler.queue import origin_rows
from scheduler.queue.job import Ending
from scheduler.queue.states import State
from scheduler.queue.store import Store
from tests.contract.runner.clerks import sent_to_ada
from tests.contract.ssh.scripted import all_hosts_say

pytestmark = pytest.mark.timeout(120)  # nothing here waits: only a broken program meets it


def test_what_a_cancelled_job_had_and_used_there_is_kept_as_of_any_other(
    store: Store, experiments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the cancel that hears the end, and took of it only how it ended: the Python stayed unknown, and the peak as well."""
    attempt = sent_to_ada(store, experiments, tmp_path)
    use = GpuUse("order", 1, "GPU-7", "Fake", 4096, 3000)
    python = {"path": "/there/python", "version": "3.12.1", "packages": ["torch==2.5"]}
    end = {
        "state": "cancelled",
        "exit_status": -2,
        "reason": "signal 2",
        "duration": 2.0,
        "origin": {"kernel": "Linux 6.1", "driver": "550.54", "python": python, "gpus": "1"},
        "uses": as_objects([use]),
    }
    all_hosts_say(tmp_path, monkeypatch, {}, stop=[({"is": "ended", "end": end}, "")])
    cancel_elsewhere(store, [attempt], lambda text: None, None)
    now, job = store.attempt(attempt.job, 1), store.job(attempt.job)
    assert now
    assert (job.state, now.duration, now.gpus) == (State.CANCELLED, 2.0, "1")
    found = origin_rows.origin_of(store, now)
    assert found
    assert found.interpreter
    assert (found.host, found.kernel, found.interpreter.path) == ("ada", "Linux 6.1", "/there/python")
    assert store.gpu_uses([job]) == {job.experiment: (replace(use, job=job.id),)}


@pytest.mark.parametrize("contended", [False, True])
def test_what_had_failed_there_before_the_cancel_is_not_tried_again(
    store: Store, experiments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contended: bool
) -> None:
    """Nobody had spoken with the host since. Whoever has typed `cancel` found the job queued, and the next run started it: by its
    policy, or free of charge."""
    attempt = sent_to_ada(store, experiments, tmp_path, "policy: {retries: 1}")
    use = GpuUse("order", 1, "GPU-7", "Fake", 4096, out_of_memory=True, contended=True)
    end = {"state": "failed", "exit_status": 1, "reason": "exit status 1", "duration": 2.0}
    end |= {"uses": as_objects([use])} if contended else {}
    all_hosts_say(tmp_path, monkeypatch, {}, stop=[({"is": "ended", "end": end}, "")])
    cancel_elsewhere(store, [attempt], lambda text: None, None)
    assert store.job(attempt.job).state is State.FAILED


@pytest.mark.parametrize(
    ("has_begun", "reason"), [(True, "it had begun, and ada knows nothing of it any more"), (False, "stopped before it started")]
)
def test_of_a_job_that_the_host_does_not_know_any_more_it_is_said_what_is_known(
    store: Store, experiments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_begun: bool, reason: str
) -> None:
    """Its state directory was lost. That it was stopped before it started, of a job with a log of hours, nobody believes."""
    attempt = sent_to_ada(store, experiments, tmp_path)
    if has_begun:
        with store.change() as change:
            change.runs(attempt, None, None)
    all_hosts_say(tmp_path, monkeypatch, {}, watch=[({"is": "dropped", "why": ""}, "")])
    cancel_elsewhere(store, [attempt], lambda text: None, None)
    now = store.attempt(attempt.job, 1)
    assert now
    assert now.ending == Ending(State.CANCELLED, None, reason)
