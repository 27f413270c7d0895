"""What the thread that looks at journals does while another runner removes them."""

from __future__ import annotations

import select
from contextlib import closing
from pathlib import Path

import pytest

from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.slurm import batch
from scheduler.slurm.clerk import Clerk


def test_a_journal_that_vanishes_between_the_list_and_the_look_is_looked_for_again(
    store: Store, experiments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread ended with a traceback, and its runner waited for ever for what it had to say."""
    (tmp_path / "squeue").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    (job,) = submit(store, experiments("command: ['true', '${args}']\ngrid: {x: [1]}\n"), "/").jobs
    with store.change() as change:
        attempt = change.begin(job, batch.launcher_of("array", 0), "")
    assert attempt
    folder = batch.folder_of(Path(attempt.directory).parents[2], "array")
    folder.mkdir(parents=True)
    journal = batch.journal(folder, 0)
    journal.symlink_to(folder / "gone")  # it is in the list, and it is not there
    with closing(Clerk()) as clerk:
        clerk.watch(attempt)
        assert [each["is"] for each in heard(clerk)] == ["note"], "it has looked, and asked Slurm, which does not answer"
        journal.unlink()
        assert batch.withdraw(folder, 0)
        assert [each["is"] for each in heard(clerk)] == ["dropped"]


def heard(clerk: Clerk) -> list[dict]:
    """What it says next; nothing where it says nothing within a generous while."""
    select.select([clerk], [], [], 30)
    return clerk.reports()
