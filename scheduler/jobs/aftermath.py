"""What an attempt's end on a GPU means: its use of memory, and whether it ended for want of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from scheduler.gpus.usage import Shares, ShareUse
from scheduler.jobs.out_of_memory import ran_out, tail_of
from scheduler.jobs.packing import GpuUse
from scheduler.jobs.states import SUCCEEDED, State
from scheduler.jobs.store import Store
from scheduler.jobs.values import Attempt, Ending

Found = TypeVar("Found")


def judged(attempt: Attempt, found: Found, shares: Shares) -> tuple[Found, tuple[GpuUse, ...]]:
    """The verdict with its reason completed, and what the attempt used of each GPU. Reads the end of a failed one's log.

    Where memory ran out on a GPU that somebody had not been given, it teaches nothing about what the job needs.
    """
    if not isinstance(found, Ending) or not (shares or attempt.elsewhere):
        return found, ()
    exhausted = found.state is State.FAILED and ran_out(tail_of(attempt.log), any(s.full for s in shares.values()))
    uses = _uses(attempt, shares, exhausted=exhausted, succeeded=found.state in SUCCEEDED)
    if not exhausted:
        return found, uses
    if attempt.elsewhere:
        where = f"GPU {attempt.elsewhere}, which it had not been given"
        return replace(found, reason=f"out of GPU memory on {where} ({found.reason})"), ()
    crowded = any(share.crowded for share in shares.values()) and not any(share.contended for share in shares.values())
    return replace(found, reason=_reason(found, uses, crowded=crowded)), () if crowded else uses


def granted(attempt: Attempt, shares: Shares) -> tuple[GpuUse, ...]:
    """What an attempt has of each GPU at its beginning: all that is known of it if its runner does not live to see its end."""
    return _uses(attempt, shares, exhausted=False, succeeded=False)


def shares_from(store: Store, attempt: Attempt) -> Shares:
    """The shares of an attempt that nobody has measured, as they were written down at its beginning."""
    uses = store.uses_of(attempt) if attempt.gpus else ()
    return {use.uuid: ShareUse(use.model, use.granted) for use in uses}


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
