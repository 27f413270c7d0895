"""How much of a GPU a job asks for, learned from earlier attempts at the same experiment: pure. Memory in MiB.

named in `resources`     that; after an attempt ran out of memory with it, half as much again, then the whole GPU
a share is named         1/share of the GPU, whatever memory that is; after an attempt ran out of memory, the whole GPU
not named, known         the largest peak of attempts that succeeded on the same GPU model, x 1.1 + 256
not named, not known     the whole GPU, and its peak is learned
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from scheduler.experiments import Resources
from scheduler.gpus.placement import Request
from scheduler.values import dataclass

HEADROOM, BASE = 1.1, 256
ENLARGEMENT = 1.5
MOST_FREE_RETRIES = 5
SUSPICIOUS = 3


@dataclass(frozen=True)
class GpuUse:
    """What an attempt had and used of one GPU. `granted` None: the whole of it; `peak` None: not measured often enough.

    `succeeded`: the attempt did, so the peak is that of a whole run. `contended`: others used that GPU meanwhile.
    """

    job: str
    attempt: int
    uuid: str
    model: str
    granted: int | None = None
    peak: int | None = None
    out_of_memory: bool = False
    contended: bool = False
    succeeded: bool = False


def as_objects(uses: Iterable[GpuUse]) -> list[dict[str, Any]]:
    """As they go to another machine."""
    return [asdict(use) for use in uses]


def uses_from(objects: Iterable[Mapping[str, Any]], **instead: Any) -> tuple[GpuUse, ...]:
    """As they came from there. `instead`: what the job and the attempt are called here."""
    return tuple(GpuUse(**{**each, **instead}) for each in objects)


def request_of(resources: Resources, uses: Sequence[GpuUse] = ()) -> Request:
    """What a job asks of the GPUs, given the earlier uses of its experiment, oldest first. One GPU where nothing is said."""
    count, named = resources.gpus or 1, resources.gpu_memory
    if resources.exclusive or resources.share == 1:
        return Request(count, exclusive=True)
    if resources.share:
        return Request(count, exclusive=True) if _too_little(uses) else Request(count, share=resources.share)
    if named is None:
        return Request(count, estimates=_learned(uses))
    too_little = [g for g in _too_little(uses) if g is None or g >= named]
    if not too_little:
        return Request(count, memory=named)
    enlarged = _enlarged(too_little)
    return Request(count, exclusive=enlarged is None, estimates={} if enlarged is None else {"": enlarged})


def _learned(uses: Sequence[GpuUse]) -> dict[str, int]:
    """Estimates by GPU model; a model that is missing gets the whole GPU."""
    estimates = {}
    for model in {use.model for use in uses}:
        there = [use for use in uses if use.model == model]
        peaks = [use.peak for use in there if use.succeeded and use.peak]
        too_little = _too_little(there)
        enlarged = _enlarged(too_little) if too_little else 0
        if peaks and enlarged is not None:
            estimates[model] = max(int(max(peaks) * HEADROOM) + BASE, enlarged)
    return estimates


def _too_little(uses: Iterable[GpuUse]) -> list[int | None]:
    """What was granted to the attempts that ran out of memory by themselves since the last that succeeded."""
    found: dict[tuple[str, int], int | None] = {}
    for use in uses:
        if use.succeeded:
            found = {}
        elif use.out_of_memory and not use.contended:
            found[use.job, use.attempt] = use.granted
    return list(found.values())


def ran_out(uses: Iterable[GpuUse]) -> bool:
    """Whether attempts ran out of memory by themselves since the last that succeeded."""
    return bool(_too_little(uses))


def _enlarged(too_little: Sequence[int | None]) -> int | None:
    """MiB to try next; None: the whole GPU."""
    (first, *more) = too_little
    return None if first is None or more else int(first * ENLARGEMENT)


def retries_free_of_charge(job: str, uses: Iterable[GpuUse], ended: Sequence[GpuUse]) -> bool:
    """Whether an attempt that has just ended ran out of memory only because others came onto its GPU.

    Then it is repeated without spending a retry, at most MOST_FREE_RETRIES times for one job.
    """
    if not any(use.out_of_memory and use.contended for use in ended):
        return False
    before = {use.attempt for use in uses if use.job == job and use.out_of_memory and use.contended}
    return len(before - {ended[0].attempt}) < MOST_FREE_RETRIES


def streaks_after(streaks: Mapping[str, frozenset[str]], ended: Iterable[GpuUse]) -> dict[str, frozenset[str]]:
    """By UUID, the jobs that ran out of memory there in a row, after one more attempt has ended. Contended ones do not count."""
    after = dict(streaks)
    for use in ended:
        if use.out_of_memory and not use.contended:
            after[use.uuid] = after.get(use.uuid, frozenset()) | {use.job}
        elif use.succeeded:
            after[use.uuid] = frozenset()
    return after


def set_aside(streaks: Mapping[str, frozenset[str]], usable: Collection[str]) -> frozenset[str]:
    """The GPUs to stop using: several different jobs in a row ran out of memory there, and on no other GPU any did.

    Where they do so everywhere, or there is only one GPU, it is the jobs that ask for too much.
    """
    bad = {uuid for uuid in usable if len(streaks.get(uuid, ())) >= SUSPICIOUS}
    good = {uuid for uuid in usable if not streaks.get(uuid)}
    return frozenset(bad) if good and bad | good == set(usable) else frozenset()
