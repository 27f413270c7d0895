"""Run jobs again that did not succeed."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.actions.drive import Driven, Tell, Terms, drive, tell_skipped
from scheduler.actions.notices import Said
from scheduler.actions.opening import opened_devices
from scheduler.gpus.observation import Settings
from scheduler.queue.job import Job
from scheduler.queue.selection import select
from scheduler.queue.store import Store
from scheduler.queue.submit import ELSEWHERE, ask_again


def retry(
    store: Store, words: Sequence[str], settings: Settings | None, terms: Terms, tell: Tell, *, lost: bool
) -> Driven | None:
    """Run the jobs that `words` name where they did not succeed, and those of them that are still queued; None if there are none.

    UserError for one that succeeded, and for a lost one unless `lost` says so. Those whose runs are computed elsewhere are left
    out; UserError where there are no others.
    """
    before = store.last_event()
    chosen = ask_again(store, _ours(select(store, words), tell), lost=lost)
    if not chosen:
        return None
    tell_skipped(store, chosen, before, tell)
    with opened_devices(settings) as devices:
        return drive(store, chosen, devices, terms, tell)


def _ours(jobs: Sequence[Job], tell: Tell) -> list[Job]:
    """Without those whose runs are computed elsewhere, where there are others."""
    asked = list(jobs)
    ours = [job for job in asked if not job.is_seat]
    if ours and len(ours) < len(asked):
        tell(Said(f"{len(asked) - len(ours)} left out, for other programs compute their runs; {ELSEWHERE}"))
    return ours or asked
