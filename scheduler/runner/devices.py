"""What a machine offers to one runner: cores, and a desk for GPUs where it has any, from the beginning or later."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from scheduler.experiments import Resources
from scheduler.experiments.asks import Asks
from scheduler.gpus.admission import UNSET
from scheduler.gpus.arrival import Arrival
from scheduler.gpus.desk import Desk
from scheduler.gpus.directory import lock_directory
from scheduler.gpus.driver import surely_no_driver
from scheduler.gpus.observation import Settings
from scheduler.gpus.reading import NO_DRIVER_NOTE
from scheduler.gpus.sampler import TICK, Sampler, first_reading
from scheduler.gpus.settings import settings_from
from scheduler.home import Home
from scheduler.linux.processes import usable_cores
from scheduler.linux.wakeups import Wakeups
from scheduler.runner.gpu_view import GpuView, History
from scheduler.runner.job_desk import JobDesk

if TYPE_CHECKING:
    from scheduler.launcher.client import Slot
    from scheduler.queue.job import Job
    from scheduler.runner.plan import Places
    from scheduler.slurm.fleet import SlurmFleet
    from scheduler.ssh.fleet import SshFleet

MUTEX_PATIENCE = 0.1  # seconds; longer, the ends of running jobs would have to wait


class Devices:
    """The cores, and the `desk`; None where there are no GPUs, or all are hidden: then jobs run on the CPU.

    `arrival` may bring a desk later. What runs on the CPU goes on there.
    """

    def __init__(self, note: str, desk: JobDesk | None = None, arrival: Arrival | None = None, cure: str = "") -> None:
        """`note`: why there is no desk, for people; `cure`: what they can do about it."""
        self._note, self.desk, self._arrival, self._cure = note, desk, arrival, cure
        self.cores = usable_cores()
        self.early: Callable[[], Slot | None] = lambda: None  # gives a launcher that was begun before, as long as there is one
        self._per_gpu = 1

    @property
    def default_slots(self) -> int:
        """One for each GPU that can be used, or as many as share it; without a desk, half as many as there are cores."""
        return self.desk.slots * self._per_gpu if self.desk else max(1, self.cores // 2)

    @property
    def why_slots(self) -> str:
        """Why it is so many where nobody says another number; empty where what there is says it."""
        return f"half of {self.cores} cores" if not self.desk and not self.are_elsewhere and self.cores > 1 else ""

    def expect(self, wanted: Iterable[Asks]) -> None:
        """Such jobs are to come: where some of them share a GPU by their number, so many have a slot."""
        self._per_gpu = max([self._per_gpu, *(each.resources.share or 1 for each in wanted)])

    @property
    def note(self) -> str:
        """What there is, for people."""
        return self.desk.note if self.desk else self._note

    @property
    def offer(self) -> str:
        """What makes it another machine for whoever finds out how many jobs are best at once."""
        return self.note if self.desk else f"{self.cores} cores"

    @property
    def cure(self) -> str:
        """What a person can do where no job gets a GPU; empty where that is not known, or some do."""
        return self.desk.cure if self.desk else self._cure

    def room(self, resources: Resources) -> bool:
        """Whether such a job would get its GPUs now, beside what runs; it says nothing about slots."""
        return self.desk.room(resources) if self.desk else True

    def kind(self, asks: Asks) -> Hashable:
        """Of two of one kind both can run here, or neither."""
        return asks.resources

    def never(self, asks: Asks) -> str:
        """Why such a job can never run here, even if nobody else used the machine; empty if it can."""
        resources = asks.resources
        if self.desk:
            reason = self.desk.never(resources)
        elif resources.gpus:
            reason = f"it asks for {resources.gpus} GPU{'s' * (resources.gpus > 1)} and there is none; {self.note}"
        else:
            reason = ""
        return reason or _too_many_cores(resources, self.cores)

    @property
    def edition(self) -> object:
        """Another value once `never` may answer otherwise than before; where only time tells that, it stays the same."""
        return None

    def fleet(self, wakeups: Wakeups, heard: Callable[[dict[str, Any]], None]) -> SlurmFleet | SshFleet | None:
        """The launchers of jobs, where they are not processes of this machine."""
        return None

    @property
    def are_elsewhere(self) -> bool:
        """Whether it is not for us to give a job its cores and its GPUs."""
        return False

    @property
    def on(self) -> str:
        """Which other machines, as `--on` names them; "" for this one."""
        return ""

    @property
    def there(self) -> str:
        """Where jobs run, for people: `here`, `in Slurm`, `on ada or babbage`."""
        return "here"

    def home_of(self, job: Job) -> Home | None:
        """Where the directories of its attempts lie; None: with the store."""
        return None

    @property
    def learns(self) -> bool:
        """Whether it depends on what earlier attempts have used of GPUs where a job goes."""
        return self.desk is not None

    def places(self, history: History) -> Places | None:
        """Where jobs go, as it stands, where that is not this machine. `history`: what attempts at the experiments of those that
        wait have used of GPUs."""
        return None

    def seen(self) -> GpuView | None:
        """The GPUs as they were last seen here; None where there is no desk. Of any thread."""
        return self.desk.seen if self.desk else None

    def sources(self) -> Sequence[Any]:
        """What is readable when there is something to refresh."""
        if self._arrival:
            return (self._arrival,)
        return self.desk.sources if self.desk else ()

    def refresh(self) -> None:
        """Take in what has come."""
        if self._arrival and not self.desk and (arrived := self._arrival.desk()):
            self.desk = JobDesk(arrived)
        if self.desk:
            self.desk.refresh()

    def patience(self) -> float:
        """Seconds after which to look again while a job waits for more than a slot."""
        return self.desk.patience() if self.desk else TICK

    def close(self) -> None:
        if self.desk:
            self.desk.close()
        if self._arrival:
            self._arrival.close()


def open_devices(settings: Settings | None = None) -> Devices:
    """What this machine offers, within CUDA_VISIBLE_DEVICES. Takes under a millisecond where there is no driver.

    `settings`: how much respect for others; None: what the environment says.
    """
    settings = settings or settings_from(os.environ)
    if settings.allowed.nothing:
        return Devices(f"no GPUs, jobs run on the CPU ({settings.allowed.said} hides every GPU)", cure=UNSET)
    sampler = Sampler()
    if not surely_no_driver(os.environ):
        sampler.start()
        if first_reading(sampler).available:
            return Devices("", JobDesk(Desk(sampler, settings, lock_directory(), MUTEX_PATIENCE)))
    return Devices(NO_DRIVER_NOTE, arrival=Arrival(sampler, settings, MUTEX_PATIENCE, os.environ))


def _too_many_cores(resources: Resources, cores: int) -> str:
    wanted = resources.cpus or 0
    return f"it asks for {wanted} CPU cores and there are {cores}" if wanted > cores else ""
