"""What attempts of jobs that are alike find alike, and what each finds for itself."""

from __future__ import annotations

import json

from scheduler.queue.job import RUN_DIR, RUN_ID, Attempt
from scheduler.queue.surroundings import Surroundings
from scheduler.runner.environment import alike, caps
from tests.queued import job

OWN = {"CHECKPOINTS": f"{RUN_DIR}/best", "RUN": RUN_ID, "GONE": None}
JOB = job(1, cwd="/nowhere", environment=json.dumps(OWN))


def test_each_attempt_finds_its_own_directory_in_what_is_looked_up_for_all() -> None:
    """Else a thousand jobs would write into one folder, whose name is no folder's."""
    shared = alike(JOB, None, {"HOME": "/nowhere"}, Surroundings(), caps())
    for number in (1, 2):
        attempt = Attempt(JOB.id, number, "launcher", f"/attempts/{number}", 0.0)
        found = shared.of(attempt)
        assert {name: found[name] for name in OWN} == JOB.additions(attempt)
        assert (found["WANDB_DIR"], found["SWANLAB_LOG_DIR"]) == (attempt.directory, f"{attempt.directory}/swanlog")


def test_what_a_job_keeps_of_its_submit_is_taken_as_it_stands() -> None:
    """A folder of somebody's PATH may be called like a place that we fill in."""
    path = f"/{RUN_DIR}/bin"
    shared = alike(JOB, None, {"HOME": "/nowhere"}, Surroundings((("PATH", path), ("WANDB_DIR", "/mine"))), caps())
    found = shared.of(Attempt(JOB.id, 1, "launcher", "/attempts/1", 0.0))
    assert (found["PATH"], found["WANDB_DIR"]) == (path, "/mine")
