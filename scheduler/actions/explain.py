"""Why a job waits: the runner's own plan, asked about one job."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from scheduler.actions.pacing import paces
from scheduler.queue.evidence import pause_of
from scheduler.queue.job import Job
from scheduler.queue.mine import before
from scheduler.queue.states import ACTIVE, WAITING, State
from scheduler.queue.store import Store
from scheduler.queue.waits import lacks, why_skipped
from scheduler.runner.plan import Start, World, plan

if TYPE_CHECKING:
    from scheduler.runner.devices import Devices

MOST_AHEAD = 1000


def explain(store: Store, job: Job, devices: Devices) -> str:
    """One sentence about why `job` waits, or what it does instead.

    What a runner alone knows is not in it: how many slots it has, unless it finds that out (`-j auto`), and the quiet period
    after a foreign process that it has seen leaving.
    """
    if since := _paused_since(store, job):
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(since))
        what = f"paused since {when}{_why(store, job)}, and keeps its slot and its GPUs"
        return f"job {job.short_id} does not wait: it is {what}; `exp-queue continue {job.short_id}` lets it go on"
    if job.state not in WAITING:
        beside = f"; its runner has {_slots(store, job)}" if job.state in ACTIVE and _slots(store, job) else ""
        return f"job {job.short_id} does not wait: it is {job.state}{_why(store, job)}{beside}"
    if job.state is State.HELD:
        return f"job {job.short_id} is held back by a person"
    never = devices.never(job)
    if never:
        return f"job {job.short_id} can never run here: {never}"
    if lack := lacks(store, [job], time.time()).get(job.id):
        more = (
            f" (`exp-queue explain {lack.first[:8]}` says why)" if lack.first and store.job(lack.first).state in WAITING else ""
        )
        return f"job {job.short_id} waits: {lack.reason}{more}"
    ahead = before(store, job, MOST_AHEAD)
    reason = _obstacle(store, [*ahead, job], devices)
    return f"job {job.short_id} waits: {reason or _only_its_turn(store, job, len(ahead))}"


def _paused_since(store: Store, job: Job) -> float | None:
    attempt = store.latest_attempts([job]).get(job.id) if job.state in ACTIVE else None
    return pause_of(store.home, attempt).since if attempt else None


def _why(store: Store, job: Job) -> str:
    if job.state is State.SKIPPED:
        return f": {why_skipped(store, [job])[job.id]}"
    latest = store.latest_attempts([job]).get(job.id)
    if latest is None:
        return ""
    where = f" on {latest.place}" if latest.gpus and not latest.ending else ""
    where += f"; it computes on GPU {latest.elsewhere}, which it was not given" if latest.elsewhere and not latest.ending else ""
    return where + (f" ({latest.ending.reason})" if latest.ending and latest.ending.reason else "")


def _obstacle(store: Store, waiting: list[Job], devices: Devices) -> str:
    """What stands in the way of the last of `waiting` when there is a slot for all of them; "" if nothing does."""
    active = store.jobs("state IN ('starting', 'running', 'stopping')")
    slots = len(active) + len(waiting) + 1
    gpus = devices.desk.view() if devices.desk else None
    world = World(tuple(waiting), tuple(active), slots, devices.cores, gpus)
    (decision,) = [each for each in plan(world) if each.job.id == waiting[-1].id]
    return "" if isinstance(decision, Start) else decision.reason


def _only_its_turn(store: Store, job: Job, ahead: int) -> str:
    first = f"{ahead} queued before it; it" if ahead else "nothing is in its way; it"
    if slots := _slots(store, job):
        return f"{first} starts when its runner, which has {slots}, has one that is free"
    return f"{first} starts when its runner has a slot (-j); without a runner, `exp-queue retry {job.short_id}` runs it"


def _slots(store: Store, job: Job) -> str:
    """How many slots its runner has now by `-j auto`, and by what they were found; "" where it has another number."""
    for _, found in paces(store.home, [job]):
        tried = ", ".join(f"{level} at once: x {gain:.2f}" for level, gain in found.gains.items())
        how = "settled" if found.settled else "still being found out"
        return f"{found.now} slot{'s' * (found.now != 1)} by -j auto ({how}{f'; {tried}' if tried else ''})"
    return ""
