"""Run jobs again that did not succeed."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.actions.drive import Driven, Tell, Terms, drive, tell_skipped
from scheduler.actions.opening import opened_devices
from scheduler.gpus.observation import Settings
from scheduler.queue.selection import select
from scheduler.queue.store import Store
from scheduler.queue.submit import ask_again


def retry(
    store: Store, words: Sequence[str], settings: Settings | None, terms: Terms, tell: Tell, *, lost: bool
) -> Driven | None:
    """Run the jobs that `words` name where they did not succeed, and those of them that are still queued; None if there are none.

    UserError for one that succeeded, and for a lost one unless `lost` says so.
    """
    before = store.last_event()
    chosen = ask_again(store, select(store, words), lost=lost)
    if not chosen:
        return None
    tell_skipped(store, chosen, before, tell)
    with opened_devices(settings) as devices:
        return drive(store, chosen, devices, terms, tell)
