"""Go on with whatever was interrupted."""

from __future__ import annotations

from scheduler.actions.drive import Driven, Terms, drive_everything
from scheduler.actions.notices import Said, Tell
from scheduler.actions.where import Where, directory_of
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.queue.submit import ask_for_interrupted, interrupted


def resume(store: Store, where: Where, terms: Terms, tell: Tell) -> Driven:
    """Run all that is queued, what was cancelled, and what was lost but can resume. Other machines are asked before any of it is
    queued; hosts are compared as for `work`."""
    wanted = [*Mine(store).by_asks(), *interrupted(store)] if where.elsewhere else ()
    with where.opened(directory_of(wanted), lambda text: tell(Said(text))) as devices:
        if left_alone := ask_for_interrupted(store):
            tell(Said(f"{left_alone} with unknown outcome stay as they are; `exp-queue retry lost --lost` runs them again"))
        return drive_everything(store, devices, terms, tell, forever=False)
