"""Where queued jobs go that a runner sends to other machines, and what is known of these, by what the runners say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from scheduler.gpus.packing import GpuUse
from scheduler.queue.evidence import is_elsewhere
from scheduler.queue.job import Job, host_of
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.runner.presence import Bound, bounds
from scheduler.ssh.kinds import kind_of
from scheduler.values import dataclass

SSH = "ssh:"


@dataclass(frozen=True)
class Abroad:
    """A runner that sends jobs to other machines. `there`: so many of its jobs are there, by host, or in Slurm by their states;
    `lacks`: why a job of this kind, as `kind_of` has it, found no place when the runner looked last: two that ask for the same
    are of two kinds where one is known to need more of a GPU. `uses`: what attempts have used of GPUs, by experiment."""

    bound: Bound
    there: Mapping[str, int] = field(default_factory=dict)
    lacks: Mapping[str, str] = field(default_factory=dict)
    uses: Mapping[str, Sequence[GpuUse]] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """For people: `ada and babbage over ssh`, `Slurm`."""
        if not self.bound.on.startswith(SSH):
            return "Slurm"
        *others, last = self.bound.on.removeprefix(SSH).split(",")
        return f"{', '.join(others)} and {last} over ssh" if others else f"{last} over ssh"

    @property
    def count(self) -> int:
        """How many of its jobs are there."""
        return sum(self.there.values())

    @property
    def under_way(self) -> str:
        """The same as a clause."""
        what = ", ".join(f"{number:,} {name}" for name, number in self.there.items())
        return f"{self.count:,} of its jobs {'is' if self.count == 1 else 'are'} there{f' ({what})' * bool(what)}"

    @property
    def said(self) -> str:
        """What the other machines are, or have said last, and who knows that."""
        return f"its runner (pid {self.bound.pid}) knows: {self.bound.note}"

    def why(self, job: Job) -> str:
        """Why it is not sent there, by what the runner has said last; "" where that says nothing of it."""
        bound = self.bound
        found = bound.why_kept_back(job.number) or bound.trouble or bound.waits.get(job.number) or self._lack(job)
        return found or (self._full if self.count >= bound.slots else "")

    def _lack(self, job: Job) -> str:
        return self.lacks.get(kind_of(job.resources, self.uses.get(job.experiment, ())), "") if self.lacks else ""

    @property
    def _full(self) -> str:
        most = self.bound.slots
        return f"its runner may have no more than {most:,} there at once" if most else "nothing there takes jobs now"


@dataclass(frozen=True)
class Way:
    """Which runners send a queued job to other machines; `here`: whether another may start it on this one."""

    abroad: Sequence[Abroad]
    here: bool = False

    @property
    def where(self) -> str:
        """For people."""
        return " or ".join(dict.fromkeys(each.where for each in self.abroad))

    def why(self, job: Job) -> str:
        """Why it is not sent, where nobody can start it here."""
        return "" if self.here else "; or ".join(dict.fromkeys(why for each in self.abroad if (why := each.why(job))))


def ways(store: Store, jobs: Iterable[Job]) -> dict[str, Way]:
    """Of those of `jobs` that are queued and that a living runner sends to other machines, by their ids."""
    runners = bounds(store.home)
    queued = [job for job in jobs if job.state is State.QUEUED]
    known = {id(bound): _seen(store, bound, queued) for bound in runners if bound.on}
    if not known:
        return {}
    found: dict[str, Way] = {}
    for job in queued:
        its = [bound for bound in runners if bound.has(job.number)]
        if abroad := [known[id(bound)] for bound in its if bound.on]:
            found[job.id] = Way(abroad, here=len(abroad) < len(its))
    return found


def _seen(store: Store, bound: Bound, queued: Sequence[Job]) -> Abroad:
    hosts = bound.on.removeprefix(SSH).split(",") if bound.on.startswith(SSH) else []
    attempts = {attempt.job: attempt for attempt in store.open_attempts() if is_elsewhere(attempt)}
    there: Counter[str] = Counter()
    for job in store.by_ids(attempts):
        host = host_of(attempts[job.id].launcher)
        if bound.has(job.number) and (host in hosts if hosts else not host):
            there[f"on {host}" if host else _in_slurm(job)] += 1
    waiting = store.by_numbers(bound.waits) if bound.waits else []
    uses = store.gpu_uses([*waiting, *(job for job in queued if bound.has(job.number))]) if waiting else {}
    lacks = {kind_of(job.resources, uses.get(job.experiment, ())): bound.waits[job.number] for job in waiting}
    return Abroad(bound, dict(sorted(there.items())), lacks, uses)


def _in_slurm(job: Job) -> str:
    return "waiting in its queue" if job.state is State.STARTING else str(job.state)
