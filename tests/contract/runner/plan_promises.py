"""What `plan` promises of any world, said a second time and in another way: each broken promise is an AssertionError."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from scheduler.gpus.admission import admit
from scheduler.gpus.placement import ClaimRecord, Placement
from scheduler.queue.job import Job
from scheduler.runner.gpu_view import request_of
from scheduler.runner.plan import Start, Stop, Wait, World


def check_plan(world: World, decisions: list[Start | Wait]) -> None:
    """Raises AssertionError, with a message that begins with `plan:`, unless the decisions suit the world."""
    starts = [each for each in decisions if isinstance(each, Start)]
    waits = {each.job.id: each for each in decisions if isinstance(each, Wait)}
    assert world.stop is Stop.NO or not decisions, "plan: something starts after a Ctrl-C"
    free = max(0, world.slots - len(world.active))
    assert len(starts) <= free, f"plan: {len(starts)} starts for {free} free slots"
    cores = sum(job.resources.cpus or 0 for job in [*world.active, *(each.job for each in starts)])
    assert cores <= world.cores or not any(each.job.resources.cpus for each in starts), f"plan: {cores} cores are asked"
    _check_order(world, starts, waits, free)
    _check_gpus(world, starts)


def _check_order(world: World, starts: list[Start], waits: dict[str, Wait], free: int) -> None:
    chosen = [each.job.id for each in starts]
    queue = [job.id for job in world.waiting]
    assert chosen == [id_ for id_ in queue if id_ in chosen], "plan: the order of the queue is not kept"
    last = max((queue.index(id_) for id_ in chosen), default=0)
    for job in world.waiting[:last]:
        assert job.id in chosen or job.id in waits, f"plan: {job.id} was passed over without a reason"
    if head := _head(world, starts, waits):
        place = queue.index(head.id)
        passing = [each.job.id for each in starts if each.placement and queue.index(each.job.id) > place]
        assert not passing, f"plan: {head.id} waits for GPUs and was passed by {passing}"
        assert len(starts) < free, f"plan: no slot is kept for {head.id}"
    simple = [job for job in world.waiting if job.resources.gpus == 0 and not job.resources.cpus]
    if world.stop is Stop.NO and len(starts) < free - bool(head):
        assert all(job.id in chosen for job in simple), "plan: a job that needs nothing but a slot waits beside a free one"


def _head(world: World, starts: list[Start], waits: dict[str, Wait]) -> Job | None:
    """The first job that waits for GPUs and nothing else; a slot and whatever comes free are its own. (In a machine on which
    every job can run, and never beside a waiting one.) While the GPUs are not known nothing is kept for anybody."""
    if not world.gpus or world.gpus.reading.problem:
        return None
    cores = world.cores - sum(job.resources.cpus or 0 for job in world.active)
    started = {each.job.id for each in starts}
    for job in world.waiting:
        wanted = job.resources.cpus or 0
        if job.id in started:
            cores -= wanted
        elif job.id in waits and job.resources.gpus != 0 and wanted <= cores:
            return job
    return None


def _check_gpus(world: World, starts: list[Start]) -> None:
    view, taken = world.gpus, list(world.gpus.claims) if world.gpus else []
    for start in starts:
        wants = start.job.resources.gpus != 0
        assert bool(start.placement) is wants, f"plan: {start.job.id} asked for {start.job.resources.gpus} GPUs"
        if view and start.placement:
            request = request_of(start.job.resources)
            assert len(start.placement.shares) == request.gpus, f"plan: not the GPUs that {start.job.id} asked for"
            answer = admit(request, view.reading, taken, view.observation, view.settings)
            assert isinstance(answer, Placement), f"plan: {start.job.id} starts where nothing is free: {answer}"
            new = claim_of(start.job.id, start.placement)
            for claim in taken:
                both = set(new.memory) & set(claim.memory)
                parts = bool(claim.split and new.split)
                assert not both or parts or not (claim.exclusive or start.placement.exclusive), f"plan: {both} given away twice"
            taken.append(new)
            check_parts(taken)


def check_parts(claims: Iterable[ClaimRecord]) -> None:
    """No GPU is given to more than it has parts, nor a part of it to one beside another who has it whole or by memory."""
    on: dict[str, list[ClaimRecord]] = {}
    for claim in claims:
        for uuid in claim.memory:
            on.setdefault(uuid, []).append(claim)
    for uuid, there in on.items():
        splits = [claim.split for claim in there if claim.split]
        assert not splits or len(splits) == len(there), f"shared: {uuid} is shared with one that has no share of it"
        product = prod(splits)
        assert sum(product // split for split in splits) <= product, f"shared: {uuid} is given to {len(splits)} jobs: {splits}"


def claim_of(name: str, placement: Placement) -> ClaimRecord:
    """The claim that a start on this placement takes."""
    return ClaimRecord(name, {share.uuid: share.memory for share in placement.shares}, placement.exclusive, split=placement.split)
