"""What a tracker calls an attempt."""

from __future__ import annotations

import json
from dataclasses import replace

from scheduler.queue.job import RUN_DIR, RUN_ID, Attempt
from tests.queued import job

FIRST = Attempt("1234567890abcdef", 1, "launcher-a", "/attempts/1", 100.0)


def test_each_attempt_has_a_run_id_of_its_own() -> None:
    """Two attempts with one id would be one run to `wandb sync`; and a new queue gives the same experiment the same job id."""
    others = [replace(FIRST, number=2), replace(FIRST, launcher="launcher-b"), replace(FIRST, job="1234567890abcdee")]
    ids = [attempt.run_id for attempt in (FIRST, *others)]
    assert len(set(ids)) == 4
    assert all(each.startswith("12345678") and each.isalnum() for each in ids)


def test_a_run_id_stays_when_the_attempt_goes_on() -> None:
    """A sweep that is resumed looks for the run by it."""
    assert replace(FIRST, pid=7, gpus="GPU 0", duration=3.0).run_id == FIRST.run_id


def test_a_job_is_given_the_directory_and_the_run_id_of_its_attempt() -> None:
    """Its environment is written when nobody knows how many attempts it will take."""
    environment = json.dumps({"DIR": f"{RUN_DIR}/x", "ID": RUN_ID, "FIXED": f"a {RUN_ID}", "GONE": None})
    additions = job(1, id=FIRST.job, environment=environment).additions(FIRST)
    assert additions == {
        "DIR": "/attempts/1/x",
        "ID": FIRST.run_id,
        "FIXED": f"a {RUN_ID}",
        "GONE": None,
    }
