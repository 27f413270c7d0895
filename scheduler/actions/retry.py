"""Run jobs again that did not succeed."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.actions.agents import offer_again
from scheduler.actions.drive import Driven, Terms, drive
from scheduler.actions.notices import Said, Tell
from scheduler.actions.opening import opened_devices
from scheduler.actions.skipped import tell_skipped
from scheduler.errors import UserError
from scheduler.gpus.observation import Settings
from scheduler.queue.job import Job
from scheduler.queue.selection import select
from scheduler.queue.store import Store
from scheduler.queue.submit import ELSEWHERE, ask_again


def retry(
    store: Store, words: Sequence[str], settings: Settings | None, terms: Terms, tell: Tell, *, lost: bool
) -> Driven | None:
    """Run the jobs that `words` name where they did not succeed, and those of them that are still queued; None if there are none.

    UserError for one that succeeded, and for a lost one unless `lost` says so. Trials of W&B's agents are offered to the next
    agent, and not waited for. Other runs that are computed elsewhere are left out; UserError where there is nothing else.
    """
    before = store.last_event()
    trials, others = _apart(select(store, words))
    chosen = ask_again(store, _ours(others, tell), lost=lost)
    if trials:
        _offer(store, trials, tell, lost=lost, alone=not chosen)
    if not chosen:
        return Driven() if trials else None
    tell_skipped(store, chosen, before, tell)
    with opened_devices(settings) as devices:
        return drive(store, chosen, devices, terms, tell)


def _apart(jobs: Sequence[Job]) -> tuple[list[Job], list[Job]]:
    """The trials of agents, and the others."""
    every = list(jobs)
    return [job for job in every if job.needs_agent], [job for job in every if not job.needs_agent]


def _offer(store: Store, trials: Sequence[Job], tell: Tell, *, lost: bool, alone: bool) -> None:
    """`alone`: nothing else is asked for. What else there is runs all the same."""
    try:
        for said in offer_again(store.home.root, trials, lost=lost):
            tell(Said(said))
    except UserError as error:
        if alone:
            raise
        tell(Said(f"{len(trials)} left out: {error}"))


def _ours(jobs: Sequence[Job], tell: Tell) -> list[Job]:
    """Without those whose runs are computed elsewhere, where there are others."""
    asked = list(jobs)
    ours = [job for job in asked if not job.is_seat]
    if ours and len(ours) < len(asked):
        tell(Said(f"{len(asked) - len(ours)} left out, for other programs compute their runs; {ELSEWHERE}"))
    return ours or asked
