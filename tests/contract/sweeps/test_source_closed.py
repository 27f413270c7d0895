"""A sweep whose end meets an error keeps nothing open."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from scheduler.home import open_home
from scheduler.linux.wakeups import Wakeups
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.sweeps.engine.budget import Budget
from scheduler.sweeps.engine.live_trials import Book, Entry, open_sweep
from scheduler.sweeps.engine.trial_source import TrialSource
from scheduler.sweeps.sweep import read_plan

FILE = """
program: train.py
method: random
metric: {name: loss, goal: minimize}
parameters: {lr: {min: 0.0, max: 1.0}}
"""


class Chooser:
    """Who is asked for points, and never has one."""

    pending = False

    def __init__(self) -> None:
        self._ears, self._mouth = os.pipe()
        self.is_closed = False

    def fileno(self) -> int:
        return self._ears

    def close(self) -> None:
        self.is_closed = True
        for each in (self._ears, self._mouth):
            os.close(each)


class Trials(TrialSource):
    def _tell(self, entry: Entry) -> None:
        """Nobody chooses by it."""


def test_what_is_followed_and_who_is_asked_are_let_go_though_the_queue_is_gone(tmp_path: Path) -> None:
    """The last look at it is where a disk that was taken away is met; a notebook lives on, with a thread that searches and the
    logs of all trials open."""
    (tmp_path / "sweep.yaml").write_text(FILE)
    plan, chooser = read_plan(str(tmp_path / "sweep.yaml")), Chooser()
    with Wakeups(lambda number: None) as wakeups, Store(open_home(tmp_path / "home")) as store:
        book = Book(store, plan, open_sweep(store, plan, "/", "wandb", again=False, seed=1)[0])
        source = Trials(Mine(store), plan, book, chooser, Budget(), lambda text: None)
        entry = book.add(0, (0.5,), "/", "{}", cap=None)
        assert entry
        source.open(wakeups)
        with store.change() as change:
            attempt = change.begin(store.job(entry.job), "launcher", "")
        assert attempt
        source.began(store.job(entry.job), attempt)
        assert source.grown(store.job(entry.job)) is not None
        job = store.job(entry.job)
        store.close()
        with pytest.raises(sqlite3.ProgrammingError):
            source.close()
    assert chooser.is_closed
    assert source.grown(job) is None, "its log is followed no more"
