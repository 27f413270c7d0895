"""What the end of an attempt means and what follows from it: its use of GPU memory, its final record, another attempt.

However an end is heard of, live or long after (`settling`), it is judged and written down here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from scheduler.gpus.packing import GpuUse, retries_free_of_charge, uses_from
from scheduler.launcher import journal
from scheduler.queue import evidence, system_uses
from scheduler.queue.changes import UNREAD, Changes
from scheduler.queue.job import Attempt, Ending, deserves_another_attempt, where
from scheduler.queue.kept import NOTHING
from scheduler.queue.states import SUCCEEDED, UNTAKEN, State
from scheduler.queue.store import Store
from scheduler.runner import recovery
from scheduler.runner.attempts import End, Running
from scheduler.runner.out_of_memory import ran_out, tail_of
from scheduler.runner.recovery import NeverRan, Verdict
from scheduler.shortage import passing
from scheduler.tracking.system_use import SystemUse, read

if TYPE_CHECKING:
    from scheduler.gpus.usage import Shares

Found = TypeVar("Found")
UNTOLD: Mapping[str, Any] = {}


def judge(attempt: Attempt, found: Found, shares: Shares, told: Mapping[str, Any] = UNTOLD) -> tuple[Found, tuple[GpuUse, ...]]:
    """The verdict with its reason completed, and what the attempt used of each GPU. Reads the end of a failed one's log.
    `told`: the end as another machine tells it; what it says of its GPUs nobody here has seen.

    Where memory ran out on a GPU that somebody had not been given, it teaches nothing about what the job needs.
    """
    if not isinstance(found, Ending) or not (shares or attempt.elsewhere):
        return found, uses_from(told.get("uses", ()), job=attempt.job, attempt=attempt.number)
    exhausted = found.state is State.FAILED and ran_out(tail_of(attempt.log), any(s.full for s in shares.values()))
    uses = _uses(attempt, shares, exhausted=exhausted, succeeded=found.state in SUCCEEDED)
    if not exhausted:
        return found, uses
    if attempt.elsewhere:
        where = f"GPU {attempt.elsewhere}, which it had not been given"
        return replace(found, reason=f"out of GPU memory on {where} ({found.reason})"), ()
    crowded = any(share.crowded for share in shares.values()) and not any(share.contended for share in shares.values())
    return replace(found, reason=_reason(found, uses, crowded=crowded)), () if crowded else uses


def system_use(attempt: Attempt, found: Verdict) -> SystemUse | None:
    """What an attempt that is over has used of the machine, by its own log; None where it has none, or where it cannot be opened
    for want of descriptors: its end is worth more than its figures."""
    with passing():
        return read(attempt.system, attempt.started) if isinstance(found, Ending) else None
    return None


def granted(attempt: Attempt, shares: Shares) -> tuple[GpuUse, ...]:
    """What an attempt has of each GPU at its beginning: all that is known of it if its runner does not live to see its end."""
    return _uses(attempt, shares, exhausted=False, succeeded=False)


def shares_from(store: Store, attempt: Attempt) -> Shares:
    """The shares of an attempt that nobody has measured, as they were written down at its beginning."""
    from scheduler.gpus.usage import ShareUse  # with all that is read of GPUs

    uses = store.uses_of(attempt) if attempt.gpus else ()
    return {use.uuid: ShareUse(use.model, use.granted) for use in uses}


def write_end(store: Store, change: Changes, end: End) -> str:
    """Returns why its job is started again, "" if it is not."""
    attempt, unwanted = end.running.attempt, _is_unwanted(change, end)
    _learn_where(store, change, end)
    written = apply(change, attempt, end.found, end.duration, NOTHING if end.silent else UNREAD)
    if not written or not isinstance(end.found, Ending):
        return ""
    change.used(end.uses)
    system_uses.remember(change, attempt, end.system)
    return "" if unwanted or end.found.state in SUCCEEDED else _again(store, change, end, end.found)


def _again(store: Store, change: Changes, end: End, found: Ending) -> str:
    """Start its job again where that is due; why, "" where it is not."""
    job, attempt = end.running.job, end.running.attempt
    if job.is_seat and found.state is State.FAILED and found.exit_status == UNTAKEN:
        change.repeat_free_of_charge(attempt, "no agent has begun it")
        return "no agent has begun it: it waits for the next one"
    if _free_of_charge(store, end):
        change.repeat_free_of_charge(attempt, "out of memory while others were on its GPU: no retry spent")
        return "it starts again, no retry spent"
    if found.taken and job.policy.resumable:
        change.repeat_free_of_charge(attempt, "its place was taken: no retry spent")
        return "it goes on when there is a place, no retry spent"
    # Asked of the row: its file may have brought the job another policy while it ran.
    if not deserves_another_attempt(store.job(attempt.job), found):
        return ""
    change.retry_by_policy(attempt)
    return "its policy starts it again"


def _is_unwanted(change: Changes, end: End) -> bool:
    """Whether somebody has asked for its end before that it has failed was known here: then nothing starts the job again. On a
    host with which nobody has spoken meanwhile it may have failed hours ago."""
    has_failed = isinstance(end.found, Ending) and end.found.state in (State.FAILED, State.TIMEOUT)
    return has_failed and change.state(end.running.attempt.job) is State.STOPPING


def _learn_where(store: Store, change: Changes, end: End) -> None:
    """What was told of that with the end; or what its launcher on another machine has noted, where nobody has heard it while it
    ran."""
    attempt = end.running.attempt
    if not evidence.is_elsewhere(attempt):
        return
    from scheduler.queue import origin_rows  # with all that looks at git and at Pythons

    if end.place:
        origin_rows.arrived(change, attempt, end.place)
    if origin_rows.is_placed(change, attempt):
        return
    record = journal.read(evidence.journal_of(store.home, attempt))
    if record and (place := record.places.get(attempt.name)):
        origin_rows.arrived(change, attempt, place)


def apply(change: Changes, attempt: Attempt, found: Verdict, duration: float | None, logged: tuple = UNREAD) -> bool:
    """Write a verdict down; False when there was nothing to write, or somebody else had written it.

    `logged`: as in `Changes.end`."""
    if isinstance(found, NeverRan):
        state = change.state(attempt.job)
        if state is State.STOPPING:  # somebody has asked for its end meanwhile: it must not begin again
            return change.end(attempt, never_to_begin(attempt, has_begun=change.has_begun(attempt)), None)
        return state is State.STARTING and change.never_ran(attempt)
    return isinstance(found, Ending) and change.end(attempt, found, duration, logged)


def never_to_begin(attempt: Attempt, *, has_begun: bool) -> Ending:
    """Of an attempt whose end was asked for, and that whoever had it has not. `has_begun`: as `Store.has_begun` says."""
    if has_begun:  # a host has lost its state directory, say: whether it was stopped nobody knows
        return Ending(State.CANCELLED, None, f"it had begun, and {forgotten(attempt)}")
    return Ending(State.CANCELLED, None, "stopped before it started")


def forgotten(attempt: Attempt) -> str:
    """What is left to say of an attempt that ran on a machine which does not know it."""
    return f"{where(attempt.launcher)} knows nothing of it any more"


def write_down(
    store: Store, attempt: Attempt, found: recovery.Verdict, duration: float | None, told: Mapping[str, Any] = UNTOLD
) -> None:
    """Judge and record an end that no runner has in its hands. `told`: as for `judge`."""
    judged, uses = judge(attempt, found, shares_from(store, attempt), told)
    job, system = store.job(attempt.job), system_use(attempt, found)
    with store.change() as change:
        write_end(store, change, End(Running(job, attempt), judged, duration, uses, system, place=told.get("place")))
    if isinstance(judged, Ending):
        from scheduler.runner import logs  # with all readers; there is rarely an end that nobody has heard

        logs.keep_what_is_small(store, job, replace(attempt, ending=judged))


def _free_of_charge(store: Store, end: End) -> bool:
    job = end.running.job
    return bool(end.uses) and retries_free_of_charge(job.id, store.gpu_uses([job]).get(job.experiment, ()), end.uses)


def _uses(attempt: Attempt, shares: Shares, *, exhausted: bool, succeeded: bool) -> tuple[GpuUse, ...]:
    return tuple(
        GpuUse(
            attempt.job, attempt.number, uuid, share.model, share.granted, share.known_peak, exhausted, share.contended, succeeded
        )
        for uuid, share in shares.items()
    )


def _reason(ending: Ending, uses: tuple[GpuUse, ...], *, crowded: bool) -> str:
    granted = ", ".join("a whole GPU" if use.granted is None else f"{use.granted} MiB" for use in uses)
    others = " while others were on its GPU" if any(use.contended for use in uses) else ""
    others = " beside jobs of ours that had not been given its GPU" if crowded else others
    return f"out of GPU memory with {granted}{others} ({ending.reason})"
