"""What most actions begin with: the user's queue, brought up to date, what this machine offers, and where we are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler.errors import UserError
from scheduler.home import Home, default_root, open_home
from scheduler.queue.database import Unwritable
from scheduler.queue.store import Store
from scheduler.runner.settling import settle

if TYPE_CHECKING:
    from scheduler.gpus.observation import Settings
    from scheduler.queue.job import Job
    from scheduler.runner.devices import Devices
    from scheduler.runner.early import Early
    from scheduler.tracking.logged import Logged


@contextmanager
def opened_queue(say: Callable[[str], None], root: Path | None = None) -> Iterator[Store]:
    """The user's queue, or that in the state directory `root`, up to date with what happened while nobody watched. `say` hears
    who keeps its lock, if somebody does, and that what happened finds no room: whoever only looks sees what was known before."""
    with Store(open_home(root), say, _summaries) as store:
        try:
            settle(store)
        except Unwritable as error:
            say(f"what has happened meanwhile could not be written down, so this is what was known before: {error}")
        yield store


def _summaries(store: Store, jobs: Sequence[Job]) -> Mapping[str, Logged]:
    from scheduler.actions.logged import summaries  # only a filter asks for what was logged

    return summaries(store, jobs)


@contextmanager
def opened_if_there(say: Callable[[str], None]) -> Iterator[Store | None]:
    """The user's queue, as above; None where there is none yet: whoever only looks makes none."""
    if not Home(default_root()).database.exists():
        yield None
        return
    with opened_queue(say) as store:
        yield store


@contextmanager
def opened_devices(settings: Settings | None = None, early: Early | None = None) -> Iterator[Devices]:
    """What jobs can compute on here. `settings`: how much respect for others; None: what the environment says. `early`: what has
    a launcher for them."""
    from scheduler.runner.devices import open_devices  # most who look at the queue ask for no GPU

    devices = open_devices(settings)
    if early:
        devices.early = early.take
    try:
        yield devices
    finally:
        devices.close()


def begun_early() -> Early:
    """A launcher for the first job of this machine, which starts while what will use it is still being loaded. To be closed."""
    from scheduler.runner.early import Early

    return Early(open_home())


def working_directory() -> str:
    """The directory in which jobs are to start. UserError if it is gone."""
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        raise UserError("the working directory was removed", next_step="cd to one that is there") from None


def all_cold() -> AbstractContextManager[None]:
    """Meanwhile no job is forked from an interpreter that has its imports loaded."""
    from scheduler.linux import variables
    from scheduler.runner.warmth import COLD

    return variables.said(COLD, "1")
