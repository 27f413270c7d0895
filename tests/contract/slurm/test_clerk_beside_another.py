"""What the thread that looks at journals does while another runner removes them."""

from __future__ import annotations

import json
import select
import time
from contextlib import closing
from pathlib import Path

import pytest

from scheduler.queue.job import Attempt
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.slurm import batch
from scheduler.slurm.clerk import Clerk


def test_a_journal_that_vanishes_between_the_list_and_the_look_is_looked_for_again(
    store: Store, experiments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread ended with a traceback, and its runner waited for ever for what it had to say."""
    attempt, folder = given_to_slurm(store, experiments, tmp_path, monkeypatch)
    journal = batch.journal(folder, 0)
    journal.symlink_to(folder / "gone")  # it is in the list, and it is not there
    with closing(Clerk()) as clerk:
        clerk.watch(attempt)
        assert [each["is"] for each in heard(clerk)] == ["note"], "it has looked, and asked Slurm, which does not answer"
        journal.unlink()
        assert batch.withdraw(folder, 0)
        assert [each["is"] for each in heard(clerk)] == ["dropped"]


def test_a_begin_is_told_with_the_time_that_has_gone_by(
    store: Store, experiments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The launcher on the node has noted it; a runner that joins the job an hour later must not count from there."""
    attempt, folder = given_to_slurm(store, experiments, tmp_path, monkeypatch)
    at = {"host": "gpu17", "kernel": "", "python": None, "at": time.time() - 3600}
    batch.journal(folder, 0).write_text(f"H {attempt.name} {json.dumps(at)}\nS {attempt.name}\n")
    with closing(Clerk()) as clerk:
        clerk.watch(attempt)
        told = running(clerk)
    assert 3600 <= told["age"] < 7200


def test_a_begin_whose_moment_is_not_noted_is_told_without(
    store: Store, experiments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a launcher of an older exp-queue, which is still under way."""
    attempt, folder = given_to_slurm(store, experiments, tmp_path, monkeypatch)
    place = {"host": "gpu17", "kernel": "", "python": None}
    batch.journal(folder, 0).write_text(f"H {attempt.name} {json.dumps(place)}\nS {attempt.name}\n")
    with closing(Clerk()) as clerk:
        clerk.watch(attempt)
        assert running(clerk)["age"] is None


def given_to_slurm(store: Store, experiments, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Attempt, Path]:
    """An attempt that an earlier runner has given to a Slurm that does not answer, and the folder of its array."""
    (folder / "squeue").write_text("#!/bin/sh\nexit 1\n")
    (folder / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    (job,) = submit(store, experiments("command: ['true', '${args}']\ngrid: {x: [1]}\n"), "/").jobs
    with store.change() as change:
        attempt = change.begin(job, batch.launcher_of("array", 0), "")
    assert attempt
    array = batch.folder_of(Path(attempt.directory).parents[2], "array")
    array.mkdir(parents=True)
    return attempt, array


def running(clerk: Clerk) -> dict:
    """What it says of a begin; that Slurm does not answer may come before it."""
    while True:
        found = heard(clerk)
        assert found, "it says nothing of it"
        for each in found:
            if each["is"] == "running":
                return each


def heard(clerk: Clerk) -> list[dict]:
    """What it says next; nothing where it says nothing within a generous while."""
    select.select([clerk], [], [], 30)
    return clerk.reports()
