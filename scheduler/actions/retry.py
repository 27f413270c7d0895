"""Run jobs again that did not succeed."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.actions.agents import offer_again
from scheduler.actions.drive import Driven, Terms, drive, refuse_the_impossible
from scheduler.actions.notices import Said, Tell
from scheduler.actions.skipped import tell_skipped
from scheduler.actions.where import Where, directory_of
from scheduler.errors import UserError
from scheduler.queue.job import Job
from scheduler.queue.selection import select
from scheduler.queue.states import ACTIVE
from scheduler.queue.store import Store
from scheduler.queue.submit import ELSEWHERE, ask_again
from scheduler.runner.devices import Devices


def retry(store: Store, words: Sequence[str], where: Where, terms: Terms, tell: Tell, *, lost: bool) -> Driven | None:
    """Run the jobs that `words` name where they did not succeed, and those of them that are still queued; None if there are none.

    UserError for one that succeeded, and for a lost one unless `lost` says so; what other machines refuse is heard before
    anything is queued. Trials of W&B's agents are offered to the next agent, and not waited for. Other runs that are computed
    elsewhere are left out; UserError where there is nothing else.
    """
    before = store.last_event()
    trials, others = _apart(select(store, words))
    ours = _ours(others, tell)
    if not ours:
        _offer(store, trials, tell, lost=lost, alone=True)
        return Driven() if trials else None
    with where.opened(directory_of(ours), lambda text: tell(Said(text))) as devices:
        if devices.are_elsewhere:
            _refuse_the_impossible(ours, devices)
        chosen = ask_again(store, ours, lost=lost)
        _offer(store, trials, tell, lost=lost, alone=False)
        tell_skipped(store, chosen, before, tell)
        return drive(store, chosen, devices, terms, tell)


def _refuse_the_impossible(jobs: Sequence[Job], devices: Devices) -> None:
    """Before they are queued; where some run already, the others may wait beside them."""
    if not any(job.state in ACTIVE for job in jobs):
        refuse_the_impossible(list({devices.kind(job): job for job in jobs}.values()), devices)


def _apart(jobs: Sequence[Job]) -> tuple[list[Job], list[Job]]:
    """The trials of agents, and the others."""
    every = list(jobs)
    return [job for job in every if job.needs_agent], [job for job in every if not job.needs_agent]


def _offer(store: Store, trials: Sequence[Job], tell: Tell, *, lost: bool, alone: bool) -> None:
    """`alone`: nothing else is asked for. What else there is runs all the same."""
    if not trials:
        return
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
