"""Run whatever is queued."""

from __future__ import annotations

from scheduler.actions.drive import Driven, Terms, drive_everything
from scheduler.actions.notices import Said, Tell
from scheduler.actions.where import Where, directory_of
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store


def work(store: Store, where: Where, terms: Terms, tell: Tell, *, forever: bool = False) -> Driven:
    """Run all that is queued, and what comes to it meanwhile; `forever`: also what comes later, until a Ctrl-C. Hosts are
    compared with the code of the directory in which all of it starts, where that is one; what starts elsewhere stays queued."""
    queued = Mine(store).by_asks() if where.elsewhere else ()
    with where.opened(directory_of(queued), lambda text: tell(Said(text))) as devices:
        return drive_everything(store, devices, terms, tell, forever=forever)
