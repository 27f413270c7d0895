"""Where jobs run: on this machine, on the nodes of a cluster, or on hosts over ssh."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, closing
from typing import TYPE_CHECKING

from scheduler.actions.opening import opened_devices, working_directory
from scheduler.errors import UserError
from scheduler.experiments import SlurmWishes
from scheduler.terminal import say
from scheduler.values import dataclass

if TYPE_CHECKING:
    from scheduler.gpus.observation import Settings
    from scheduler.queue.job import Job
    from scheduler.runner.devices import Devices
    from scheduler.runner.early import Early
    from scheduler.runner.limit import Slots


Say = Callable[[str], None]


@dataclass(frozen=True)
class Elsewhere:
    """Other machines than this one: `hosts` over ssh, or without any, Slurm; `slurm`: what is said of all jobs there, before what
    their files say; `sync`: whether the code is to be brought to the hosts."""

    slurm: SlurmWishes = SlurmWishes()
    hosts: tuple[str, ...] = ()
    sync: bool = False


@dataclass(frozen=True)
class Where:
    """`elsewhere`: None: on this machine; `settings`: how much respect for others there is here, None: what the environment says;
    `at_once`: so many jobs at once, in Slurm of each array; `early`: what has a launcher begun for this machine."""

    elsewhere: Elsewhere | None = None
    settings: Settings | None = None
    at_once: Slots = None
    early: Early | None = None

    @property
    def slots(self) -> Slots:
        """How many at once the runner itself sees to; in Slurm each array keeps to the number."""
        return self.at_once if self.elsewhere is None or self.elsewhere.hosts else None

    def opened(self, directory: str | None = None, say: Say = say) -> AbstractContextManager[Devices]:
        """What jobs that start in `directory` compute on; None: in the present one. `say` hears how the code was brought.
        UserError and StateError where other machines cannot be had as asked for, or should not be: their code is another."""
        if self.elsewhere is None:
            return opened_devices(self.settings, self.early)
        number = _number(self.at_once)
        if self.elsewhere.hosts:
            return _opened_hosts(self.elsewhere, directory or working_directory(), say)
        from scheduler.runner.cluster import ROOM, open_cluster  # most who run something do so on one machine

        return closing(open_cluster(self.elsewhere.slurm, number, ROOM))

    def opened_to_sweep(self, say: Say = say) -> AbstractContextManager[Devices]:
        """The same for the trials of a sweep, `at_once` of which wait or run in Slurm."""
        if self.elsewhere is None or self.elsewhere.hosts:
            return self.opened(say=say)
        number = _number(self.at_once)
        from scheduler.runner.cluster import TRIALS, open_cluster

        return closing(open_cluster(self.elsewhere.slurm, None, number or TRIALS))


def _opened_hosts(wish: Elsewhere, directory: str, say: Say) -> AbstractContextManager[Devices]:
    from scheduler.runner.hosts import bring_code, open_hosts

    tree = bring_code(wish.hosts, directory, say) if wish.sync else None
    return closing(open_hosts(wish.hosts, directory, tree))


def directory_of(jobs: Iterable[Job]) -> str | None:
    """The one in which all of these start; None where there are several, or no jobs: then the present one counts."""
    found = {job.cwd for job in jobs}
    return found.pop() if len(found) == 1 else None


def _number(slots: Slots) -> int | None:
    """Jobs at once on other machines. UserError for a number that is to be found out."""
    if slots is None or isinstance(slots, int):
        return slots
    raise UserError("-j auto is for jobs of this machine: elsewhere others run beside them", next_step="give a number, or none")
