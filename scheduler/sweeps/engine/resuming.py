"""A sweep goes on: what was interrupted is asked again, and what ended while nobody watched is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scheduler.queue.here import Here
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.sweeps.engine.live_trials import Book, Entry
from scheduler.sweeps.engine.trial_logs import read_whole


def revive(store: Store, book: Book, *, cancelled: bool = True) -> int:
    """Queue the trials that a person has cancelled or interrupted, unless `cancelled` says no; returns how many. Failed ones stay
    failed: `exp-queue retry` runs them again; so does it those that lie outside of the present space, which nobody asks for any
    more. Trials that are not over take the environment of whoever asks for the sweep now."""
    wanted = [entry for entry in book.entries() if cancelled and _is_cancelled(entry)]
    with store.change() as change:
        for entry in wanted:
            change.ask_again(entry.job, "the sweep goes on")
        unfinished = store.by_ids(entry.job for entry in book.entries() if entry in wanted or not entry.is_over)
        Here(change, str(Path.cwd())).renew((job.number, job.argv, job.policy) for job in unfinished)
    for entry in wanted:
        book.moved(entry.job, State.QUEUED)
    return len(wanted)


def _is_cancelled(entry: Entry) -> bool:
    return entry.record.state is State.CANCELLED and not entry.trial.outside


def read_back(store: Store, book: Book, metrics: Sequence[str]) -> None:
    """Read the logs of trials that are over and whose last attempt nobody has read to its end."""
    for entry in book.entries():
        if entry.is_over and not entry.record.is_read:
            read_log(store, book, entry, metrics)


def read_log(store: Store, book: Book, entry: Entry, metrics: Sequence[str]) -> Entry:
    """The trial, which is over, with all that its last attempt has logged."""
    last = read_whole(store, entry.job, entry.record.attempts, metrics)
    if last is None:
        return entry
    book.began(entry.job, entry.record.attempts)
    book.logged(entry.job, last.values, last.beside)
    return book.closed(entry.job, entry.record.state, entry.record.attempts, last.summary)
