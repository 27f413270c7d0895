"""The GPUs as a plan sees them: a view, what the jobs' experiments have used, and what this turn has already given away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from scheduler.experiments import Resources
from scheduler.gpus.packing import GpuUse, request_of
from scheduler.gpus.placement import ClaimRecord, Placement, Refusal, Request
from scheduler.gpus.view import View
from scheduler.queue.job import Job
from scheduler.values import dataclass

History = Mapping[str, tuple[GpuUse, ...]]  # by experiment
SET_ASIDE = "set aside: job after job ran out of memory there, and on no other GPU"  # the problem of a GPU that we have given up


@dataclass(frozen=True)
class GpuView(View):
    """The view, for jobs. `fresh`: the reading is not older than a second or so."""

    history: History = field(default_factory=dict)
    fresh: bool = True

    def request(self, job: Job) -> Request:
        """What the job asks for, experience included."""
        return request_of(job.resources, self.history.get(job.experiment, ()))

    def admit(self, job: Job, head: Job | None = None) -> Placement | Refusal:
        """Where the job could run now, or why nowhere.

        `head` is a job that waits longer: `job` gets only what cannot delay it, that is GPUs which `head` can never
        use or that are lost, and memory beside which `head` still fits where it fits now. How long jobs run is not
        known, so nothing that `head` may need is lent out for a while.
        """
        avoid: frozenset[str] = frozenset()
        while True:
            answer = self.place(self.request(job), avoid)
            if head is None or isinstance(answer, Refusal):
                return answer
            delayed = self._delayed(head, answer)
            if not delayed:
                return answer
            avoid |= delayed

    def _delayed(self, head: Job, placement: Placement) -> frozenset[str]:
        """The GPUs of the placement that `head` may come to miss."""
        asked = self.request(head)
        now, then = self.alone(asked), self.with_start(placement).alone(asked)
        return frozenset(
            share.uuid
            for share in placement.shares
            if share.uuid in now and not _hopeless(now[share.uuid]) and not (_fits(now[share.uuid]) and _fits(then[share.uuid]))
        )

    @property
    def only_claims_block(self) -> bool:
        """As for any view, where the reading can be trusted to say so."""
        return self.fresh and super().only_claims_block

    def with_start(self, placement: Placement) -> GpuView:
        """The view after a start on `placement`: its claim counts, although nobody has taken it yet."""
        number = len(self.claims)
        memory = {share.uuid: share.memory for share in placement.shares}
        first = "a job that is first in line"
        planned = ClaimRecord(
            id=f"planned-{number}", memory=memory, exclusive=placement.exclusive, split=placement.split, label=first
        )
        return self.among((*self.claims, planned))


def _fits(answer: Placement | Refusal) -> bool:
    return isinstance(answer, Placement)


def _hopeless(answer: Placement | Refusal) -> bool:
    return isinstance(answer, Refusal) and answer.hopeless


def wants_gpu(resources: Resources) -> bool:
    """Whether a job is for a GPU on a machine that has one: it is, unless it says `gpus: 0`."""
    return resources.gpus != 0
