"""Where a job could go among hosts, as they stand at one moment. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace

from scheduler.experiments import Resources
from scheduler.gpus.packing import GpuUse, ran_out
from scheduler.gpus.placement import Refusal
from scheduler.queue.job import Job
from scheduler.ssh.kinds import kind_of
from scheduler.values import dataclass

NO_ROOM = "no host that has what it asks for has room now"
NOWHERE = "no host that answers has what it asks for"


@dataclass(frozen=True)
class Seen:
    """A host that answers. `slots`: as many orders as it takes, of whichever queue; `taken`: those of them that others have;
    `busy`: those that are ours. `not_now`: the kinds (`kind_of`) that it has given back and has no room for yet, and why;
    `never`: what it can never run, and why; `closed`: why it takes nothing at all. Of the kinds that it has given back before
    (`doubtful`) it gets one at a time: another only when no such order of ours is there that has not begun (`trying`).
    `driver`: who says nothing of GPUs gets one there; `memory`: MiB of its largest. `reserved`: the next slot, and every GPU that
    comes free, is for a job that waits for a GPU."""

    name: str
    slots: int
    taken: int
    busy: int
    driver: bool
    gpus: int
    memory: int
    cores: int
    not_now: Mapping[str, str]
    never: Mapping[Resources, str]
    closed: str
    doubtful: frozenset[str]
    trying: frozenset[str]
    reserved: bool = False

    @property
    def free(self) -> int:
        """Slots for what is sent next."""
        return self.slots - self.taken - self.busy - self.reserved

    def could_run(self, wanted: Resources) -> bool:
        """Whether it has what such a job asks for, if nobody else used it."""
        gpus = int(self.driver) if wanted.gpus is None else wanted.gpus
        return wanted not in self.never and gpus <= self.gpus and (wanted.cpus or 0) <= self.cores

    def why_not(self, wanted: Resources, kind: str) -> str | None:
        """Why it takes no such job now, "" where no more is to be said than that; None where it does."""
        if self.closed or kind in self.not_now:
            return self.closed or self.not_now[kind]
        if self.free <= 0 and self.taken:
            return "its slots are taken by other runs" if self.slots > 1 else "its slot is taken by another run"
        is_tried = kind in self.doubtful and kind in self.trying
        return "" if self.free <= 0 or is_tried or (self.reserved and wanted.gpus != 0) else None


@dataclass(frozen=True)
class HostsNow:
    """As `scheduler.runner.plan.Places`. `history`: what attempts have used of GPUs, by experiment."""

    seen: tuple[Seen, ...]
    history: Mapping[str, Sequence[GpuUse]] = field(default_factory=dict)

    def place(self, job: Job) -> str | Refusal:
        """Of the hosts that take it the one with the most room; for a job without GPUs first those that have none, so that it
        keeps no other from one, and for one that ran out of memory those with the largest."""
        kind = self._kind(job)
        able = [each for each in self.seen if each.could_run(job.resources)]
        answers = {each.name: each.why_not(job.resources, kind) for each in able}
        taking = [each for each in able if answers[each.name] is None]
        if taking:
            needs_none, needs_more = job.resources.gpus == 0, ran_out(self.history.get(job.experiment, ()))
            return max(taking, key=lambda each: (needs_none and not each.gpus, needs_more and each.memory, each.free)).name
        reasons = "; ".join(f"{name}: {why}" for name, why in answers.items() if why)
        return Refusal(reasons or (NO_ROOM if able else NOWHERE))

    def with_start(self, job: Job, place: str) -> HostsNow:
        """When it has been sent there."""
        kind = self._kind(job)
        return self._with(
            replace(each, busy=each.busy + 1, trying=each.trying | {kind}) if each.name == place else each for each in self.seen
        )

    def behind(self, job: Job) -> HostsNow:
        """For those behind a job that waits: where it could get a GPU, they must not take that."""
        wanted = job.resources
        waits_for_gpu = [each.name for each in self.seen if each.gpus and wanted.gpus != 0 and each.could_run(wanted)]
        return self._with(replace(each, reserved=each.reserved or each.name in waits_for_gpu) for each in self.seen)

    def _kind(self, job: Job) -> str:
        return kind_of(job.resources, self.history.get(job.experiment, ()))

    def _with(self, seen: Iterable[Seen]) -> HostsNow:
        return replace(self, seen=tuple(seen))
