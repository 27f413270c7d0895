"""Why a job waits: the runner's own plan, asked about one job."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from scheduler.actions.bound import Abroad, Way, ways
from scheduler.actions.learned_slots import as_learned, by_auto
from scheduler.queue.evidence import is_elsewhere, pause_of
from scheduler.queue.job import Job, where
from scheduler.queue.mine import before
from scheduler.queue.states import ACTIVE, WAITING, State
from scheduler.queue.store import Store
from scheduler.queue.waits import lacks, why_skipped
from scheduler.runner.plan import Start, World, plan
from scheduler.runner.presence import bounds
from scheduler.runner.recovery import note_of, standing_of

if TYPE_CHECKING:
    from scheduler.runner.devices import Devices

MOST_AHEAD = 1000


def explain(store: Store, job: Job, devices: Devices) -> str:
    """One sentence about why `job` waits, or what it does instead.

    What a runner alone knows is not in it: how many slots it has, unless it finds that out (`-j auto`), and the quiet period
    after a foreign process that it has seen leaving. Of other machines it says what the runner has said last that sends the job
    there.
    """
    if since := _paused_since(store, job):
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(since))
        what = f"paused since {when}{_why(store, job)}, and keeps its slot and its GPUs"
        return f"job {job.short_id} does not wait: it is {what}; `exp-queue continue {job.short_id}` lets it go on"
    if job.state not in WAITING:
        beside = f"; its runner has {slots}" if job.state in ACTIVE and (slots := by_auto(store, job)) else ""
        return f"job {job.short_id} does not wait: it is {job.state}{_why(store, job)}{beside}"
    if job.state is State.HELD:
        return f"job {job.short_id} is held back by a person"
    way, never = ways(store, [job]).get(job.id), devices.never(job)
    if way and (never or not way.here):
        return f"job {job.short_id} waits: {_lack(store, job, then='; then ')}{_abroad(store, job, way)}"
    if never:
        return f"job {job.short_id} can never run here: {never}"
    reason = _lack(store, job) or _on_this_machine(store, job, devices)
    return f"job {job.short_id} waits: {reason}{f'; or {_abroad(store, job, way)}' if way else ''}"


def _paused_since(store: Store, job: Job) -> float | None:
    attempt = store.latest_attempts([job]).get(job.id) if job.state in ACTIVE else None
    return pause_of(store.home, attempt).since if attempt else None


def _why(store: Store, job: Job) -> str:
    if job.state is State.SKIPPED:
        return f": {why_skipped(store, [job])[job.id]}"
    latest = store.latest_attempts([job]).get(job.id)
    if latest is None:
        return ""
    if latest.ending:
        return f" ({latest.ending.reason})" if latest.ending.reason else ""
    if is_elsewhere(latest):
        waits = job.state is State.STARTING  # where, it is not known in Slurm, and who has it is in the note
        note = (standing_of if waits else note_of)(store.home, latest)
        return ("" if waits else f" on {latest.site or where(latest.launcher)}") + (f": {note}" if note else "")
    gpus = f" on {latest.place}" if latest.gpus else ""
    return gpus + (f"; it computes on GPU {latest.elsewhere}, which it was not given" if latest.elsewhere else "")


def _lack(store: Store, job: Job, then: str = "") -> str:
    """What it waits for that is neither a slot nor a GPU, and `then`; "" where that is nothing."""
    lack = lacks(store, [job], time.time()).get(job.id)
    if lack is None:
        return ""
    is_waiting = lack.first and store.job(lack.first).state in WAITING
    return lack.reason + (f" (`exp-queue explain {lack.first[:8]}` says why)" if is_waiting else "") + then


# Elsewhere.


def _abroad(store: Store, job: Job, way: Way) -> str:
    """Where it goes that this machine does not decide about, and what is known of that."""
    return "; or ".join(_one_abroad(store, job, each) for each in way.abroad)


def _one_abroad(store: Store, job: Job, abroad: Abroad) -> str:
    ahead = sum(abroad.bound.has(each.number) for each in before(store, job, MOST_AHEAD))
    first = f"; {ahead} queued before it" if ahead else ""
    why = abroad.why(job) or "nothing that was said last keeps it back, and this machine cannot tell more"
    return f"it goes to {abroad.where}: {why}{first}; {abroad.under_way}; {abroad.said}"


# On this machine.


def _on_this_machine(store: Store, job: Job, devices: Devices) -> str:
    first = before(store, job, MOST_AHEAD)
    others = {each for each, way in ways(store, first).items() if not way.here}
    ahead = [each for each in first if each.id not in others]
    return _obstacle(store, [*ahead, job], devices) or _only_its_turn(store, job, len(ahead), devices)


def _obstacle(store: Store, waiting: list[Job], devices: Devices) -> str:
    """What stands in the way of the last of `waiting` when there is a slot for all of them; "" if nothing does."""
    active = store.by_ids(each.job for each in store.open_attempts() if not is_elsewhere(each))
    slots = len(active) + len(waiting) + 1
    gpus = devices.desk.view() if devices.desk else None
    world = World(tuple(waiting), tuple(active), slots, devices.cores, gpus)
    (decision,) = [each for each in plan(world) if each.job.id == waiting[-1].id]
    return "" if isinstance(decision, Start) else decision.reason


def _only_its_turn(store: Store, job: Job, ahead: int, devices: Devices) -> str:
    first = f"{ahead} queued before it; it" if ahead else "nothing is in its way; it"
    if slots := by_auto(store, job):
        return f"{first} starts when its runner, which has {slots}, has one that is free"
    if any(bound.has(job.number) for bound in bounds(store.home)):
        return f"{first} starts when its runner has a slot (-j)"
    learned = as_learned(store, job, devices)
    return f"{first} starts when a runner has a slot (-j); none has this job: `exp-queue retry {job.short_id}` runs it{learned}"
