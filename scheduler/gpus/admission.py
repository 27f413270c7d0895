"""May this job start now, on which GPUs, and if not, why not: pure decisions. Memory in MiB, times in seconds.

The rule, for each GPU. capacity = total - reserved. ours = the sum over living claims of max(asked, measured), so
that a job which allocates only later is counted from its start. others = what living claims do not explain, or its
largest of the last minute.

    whole GPU   no claim, no blocking foreign process, others <= ignore_below, quiet
    shared      no exclusive claim, no blocking foreign process, others <= ignore_below, quiet, fewer claims than
                most_claims, and memory <= capacity - ours - others - max(512, 2 % of total)
    1/share     as shared, beside claims on such parts alone, of which the sum with this one is not more than 1

A GPU from which an ended job's memory is just coming back is waited for rather than crowd one that more claims hold: the wait
is a moment, and a job that was put beside another stays there for hours while the other GPU stands idle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from scheduler.gpus.observation import (
    Observation,
    Seen,
    Settings,
    Use,
    contended,
    observe,
    use,
)
from scheduler.gpus.placement import (
    ClaimRecord,
    Placement,
    Refusal,
    Request,
    Share,
)
from scheduler.gpus.reading import NO_DRIVER_NOTE, Gpu, Reading
from scheduler.values import dataclass

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["Observation", "Placement", "Refusal", "Request", "Settings", "Share", "admit", "alone", "contended", "observe"]

LEAST_MARGIN = 512
MARGIN = 0.02


@dataclass(frozen=True)
class _No:
    """Why one GPU cannot take the job; `never` and `lasting` as in `Refusal`. `soon`: so many claims hold it, and nothing is in
    the way but memory of an ended job, which the driver has not given back yet."""

    why: str
    never: bool = False
    lasting: bool = False
    soon: int | None = None


@dataclass(frozen=True)
class _Fit:
    """A GPU that can take the job now, and how much we would like it to (smaller is better)."""

    share: Share
    whole: bool
    rank: tuple[int, int, int]
    split: int | None = None


def admit(
    request: Request,
    reading: Reading,
    claims: Iterable[ClaimRecord],
    observation: Observation,
    settings: Settings,
    avoid: Collection[str] = (),
) -> Placement | Refusal:
    """Where the job may run now, or why it may not. All of its GPUs or none.

    GPUs with a UUID in `avoid` are kept for somebody else: free or not, this job does not get them now.
    """
    if request.gpus == 0:
        return Placement(exclusive=False)
    if reading.problem:
        return Refusal(f"the GPUs are unknown, so nothing starts on them: {reading.problem}")
    gpus = _candidates(request, reading, settings)
    if len(gpus) < request.gpus:
        return _too_few(request, reading, settings, len(gpus))
    living = tuple(claims)
    answers = [(gpu, _fit(gpu, request, living, observation.of(gpu.uuid), reading.at, settings)) for gpu in gpus]
    answers = [(gpu, _kept(gpu, answer) if gpu.uuid in avoid else answer) for gpu, answer in answers]
    fits = sorted((a for _, a in answers if isinstance(a, _Fit)), key=lambda fit: fit.rank)
    obstacles = [(gpu, answer) for gpu, answer in answers if isinstance(answer, _No)]
    if len(fits) < request.gpus:
        return _refused(request, len(fits), obstacles)
    chosen = fits[: request.gpus]
    return _better_soon(chosen[-1], obstacles) or _placed(chosen)


def _better_soon(worst: _Fit, obstacles: list[tuple[Gpu, _No]]) -> Refusal | None:
    """To wait for a GPU with fewer claims than the most crowded one chosen, where there is one that a moment will free."""
    better = [f"{gpu.label}: {no.why}" for gpu, no in obstacles if no.soon is not None and no.soon < worst.rank[0]]
    return Refusal(f"{'; '.join(better)} (waited for rather than share another GPU)") if better else None


def alone(
    request: Request, reading: Reading, claims: Iterable[ClaimRecord], observation: Observation, settings: Settings
) -> dict[str, Placement | Refusal]:
    """For each GPU that could ever serve the request, by UUID: what it answers, whatever the others do."""
    living, answers = tuple(claims), {}
    for gpu in _candidates(request, reading, settings):
        fit = _fit(gpu, request, living, observation.of(gpu.uuid), reading.at, settings)
        answers[gpu.uuid] = _placed([fit]) if isinstance(fit, _Fit) else Refusal(fit.why, fit.never, fit.lasting)
    return answers


def only_claims_block(reading: Reading, claims: Iterable[ClaimRecord], observation: Observation, settings: Settings) -> bool:
    """Whether nothing but living claims keeps any GPU: no stranger, no quiet period, no memory on its way back, no
    failure. Only another reading shows the end of those; the end of a claim is an event."""
    living = tuple(claims)
    for gpu in settings.allowed.of(reading.gpus):
        seen = observation.of(gpu.uuid)
        if gpu.problem or _foreign(gpu, use(gpu, living, seen, settings), seen, reading.at, settings):
            return False
    return not reading.problem


def _kept(gpu: Gpu, answer: _Fit | _No) -> _No:
    return replace(answer, soon=None) if isinstance(answer, _No) else _No("kept for a job that waits longer")


def _placed(fits: list[_Fit]) -> Placement:
    shares = sorted((fit.share for fit in fits), key=lambda s: (s.index is None, s.index, s.uuid))
    return Placement(tuple(shares), exclusive=any(fit.whole for fit in fits), split=fits[0].split)


def _refused(request: Request, free: int, obstacles: list[tuple[Gpu, _No]]) -> Refusal:
    reasons = "; ".join(f"{gpu.label}: {no.why}" for gpu, no in obstacles)
    start = f"needs {request.gpus} GPUs, {free} can be had now: " if request.gpus > 1 else ""
    possible = free + sum(not no.never for _, no in obstacles)
    hoped_for = free + sum(not (no.never or no.lasting) for _, no in obstacles)
    return Refusal(start + reasons, never=possible < request.gpus, lasting=hoped_for < request.gpus <= possible)


def _candidates(request: Request, reading: Reading, settings: Settings) -> list[Gpu]:
    """The GPUs that the request and CUDA_VISIBLE_DEVICES name. A MIG instance is only ever a job's single GPU."""
    gpus = [g for g in settings.allowed.of(reading.gpus) if not request.only or g.index in request.only]
    return [g for g in gpus if not g.mig] if request.gpus == 1 else [g for g in gpus if not g.parent and not g.mig]


def _too_few(request: Request, reading: Reading, settings: Settings, found: int) -> Refusal:
    if not reading.available:
        return Refusal(NO_DRIVER_NOTE, never=True)
    wanted = f"GPU {', '.join(map(str, request.only))}" if request.only else f"{request.gpus} GPU{'s' * (request.gpus != 1)}"
    if settings.allowed.hides_all_of(reading.gpus):
        return Refusal(f"needs {wanted}; {hidden(reading, settings)}", never=True, cure=UNSET)
    if divided := [g.label for g in reading.gpus if g.mig and g.index in request.only]:
        there = f"MIG is on there ({', '.join(divided)}), and jobs go to its instances"
        return Refusal(f"needs {wanted}, but {there}", never=True, cure="--gpu=-1 takes any")
    return Refusal(f"needs {wanted}, but {_what_counts(request, reading, settings, found)}", never=True)


UNSET = "unset CUDA_VISIBLE_DEVICES, or name GPUs that are there"


def hidden(reading: Reading, settings: Settings) -> str:
    """That all GPUs are hidden, and by what, as a clause."""
    count = sum(not g.parent for g in reading.gpus)
    slurm = ", as Slurm does for a job without GPUs" if (settings.allowed.entries or ("",))[0] == "NoDevFiles" else ""
    every = "them all" if count > 1 else "it"
    return f"this machine has {count} GPU{'s' * (count != 1)}, and {settings.allowed.said} hides {every}{slurm}"


def _what_counts(request: Request, reading: Reading, settings: Settings, found: int) -> str:
    """How many of the GPUs there are could be a job's, and which cannot. A process of CUDA sees one MIG instance at most
    (NVIDIA's MIG User Guide, "CUDA Device Enumeration"), so that a job of several GPUs gets none."""
    instances = sum(bool(g.parent) for g in reading.gpus)
    whole = sum(not g.mig and not g.parent for g in reading.gpus)
    count = whole + instances if request.gpus == 1 else whole
    kind = f" whole GPU{'s' * (whole != 1)}" if instances and request.gpus > 1 else ""
    known = settings.allowed.entries is None
    text = (
        f"this machine has {count}{kind}" if known else f"{settings.allowed.said} allows {found} of this machine's {count}{kind}"
    )
    if kind:
        text += f"; its MIG instances ({instances}) are for one job each, since CUDA shows a process only one of them"
    return text


def _fit(gpu: Gpu, request: Request, claims: tuple[ClaimRecord, ...], seen: Seen, now: float, settings: Settings) -> _Fit | _No:
    need = request.need(gpu.name, _room(gpu, 0 if gpu.total is None else _margin(gpu.total)))
    whole = need is None or gpu.compute_mode == "exclusive-process"
    at = use(gpu, claims, seen, settings)
    # Where the driver takes one process alone, a part of the GPU is the whole of it.
    part = request.share if gpu.compute_mode != "exclusive-process" else None
    no = _unusable(gpu, request, whole) or (_parted(at, part, settings) if part else _claimed(at, whole, settings))
    no = no or _foreign(gpu, at, seen, now, settings) or (None if whole else _too_full(gpu, at, seen, need or 0))
    if no:
        return no
    share = Share(gpu.uuid, gpu.visible, gpu.index, None if whole else need, gpu.total)
    return _Fit(share, whole, (len(at.claims), gpu.utilization or 0, gpu.index or 0), request.share)


def _unusable(gpu: Gpu, request: Request, whole: bool) -> _No | None:
    if gpu.problem:
        return _No(gpu.problem, lasting=gpu.lasting)
    if gpu.compute_mode == "prohibited":
        return _No("its compute mode is prohibited (nvidia-smi -c)", never=True)
    room = _room(gpu, 0 if whole or gpu.total is None else _margin(gpu.total))
    if request.memory is not None and room is not None and request.memory > room:
        return _No(f"{request.memory} MiB will never fit into its {room} MiB", never=True)
    return None


def _claimed(at: Use, whole: bool, settings: Settings) -> _No | None:
    """What the living claims leave of a GPU: nothing beside an exclusive one."""
    blocking = at.claims if whole else tuple(c for c in at.claims if c.exclusive or c.unreadable)
    if blocking:
        return _No(_held_by(blocking, at))
    return _crowded(at, settings)


def _crowded(at: Use, settings: Settings) -> _No | None:
    full = len(at.claims) >= settings.most_claims
    return _No(f"already shared by {len(at.claims)} jobs (limit: most_claims, {settings.most_claims})") if full else None


def _parted(at: Use, part: int, settings: Settings) -> _No | None:
    """What the living claims leave of a GPU for one more that takes 1/part of it: nothing beside one that takes no such part."""
    blocking = tuple(c for c in at.claims if not c.split or c.unreadable or c in at.astray)
    if blocking:
        return _No(_held_by(blocking, at))
    left = parts_left(at)
    if left * part < 1:
        rest = f"{left} of it is left" if left else "nothing is left"
        holders = ", ".join(dict.fromkeys(f"{c.holder}: 1/{c.split}" for c in at.claims))
        return _No(f"1/{part} of it is asked and {rest} beside {len(at.claims)} jobs with a share ({holders})")
    return _crowded(at, settings)


def parts_left(at: Use) -> Fraction:
    """How much of a GPU is left for jobs that take a part of it; 0 where somebody does not share it so."""
    from fractions import Fraction  # hardly any GPU is parted

    none, shared = Fraction(0), all(c.split and not c.unreadable and c not in at.astray for c in at.claims)
    return max(none, 1 - sum((Fraction(1, c.split) for c in at.claims if c.split), none)) if shared else none


def _held_by(claims: tuple[ClaimRecord, ...], at: Use) -> str:
    """Who was given the GPU, and who computes there all the same."""
    held, astray = ([c.holder for c in claims if (c in at.astray) is stray] for stray in (False, True))
    parts = [f"held by {', '.join(held)}"] if held else []
    return " and ".join(parts + ([f"used by {', '.join(astray)} without having been given it"] if astray else []))


def _foreign(gpu: Gpu, at: Use, seen: Seen, now: float, settings: Settings) -> _No | None:
    """What others do there: their processes, memory that nobody explains, and the quiet after they have left."""
    if at.foreign:
        return _No(f"used by {', '.join(p.described() for p in at.foreign)}")
    soon = len(at.claims) if _returning(seen, now, settings) else None
    if at.remains:
        return _No(f"an ended job's memory is not back yet: {', '.join(p.described() for p in at.remains)}", soon=soon)
    others = _others(gpu, at, seen)
    if others > settings.ignore_below:
        return _No(_unexplained(others, seen, now, settings), soon=soon)
    if seen.left_at is not None and now - seen.left_at < settings.quiet:
        return _No(f"a foreign process left {now - seen.left_at:.0f} s ago; quiet period is {settings.quiet:g} s")
    return None


def _others(gpu: Gpu, at: Use, seen: Seen) -> int:
    """MiB of others: what no claim explains now, or the largest figure of the remembered time."""
    return max([at.others(gpu.used or 0), *(figure for _, figure in seen.others)])


def _returning(seen: Seen, now: float, settings: Settings) -> bool:
    """Whether a claim there has ended so lately that its memory may still be on its way back."""
    return seen.ended_at is not None and now - seen.ended_at < settings.returning


def _unexplained(others: int, seen: Seen, now: float, settings: Settings) -> str:
    if _returning(seen, now, settings):
        return f"waiting for {others} MiB of an ended job to return"
    limit = f"limit: ignore_below, {settings.ignore_below} MiB"
    return f"{others} MiB used by programs that are not ours and not listed ({limit})"


def free_memory(gpu: Gpu, claims: Iterable[ClaimRecord], seen: Seen, settings: Settings) -> int:
    """MiB that one more job could claim on a shared GPU, as far as memory decides; 0 where it has no figure."""
    return max(0, _free(gpu, use(gpu, claims, seen, settings), seen)) if gpu.total is not None else 0


def _free(gpu: Gpu, at: Use, seen: Seen) -> int:
    assert gpu.capacity is not None
    assert gpu.total is not None
    return gpu.capacity - at.reserved - _others(gpu, at, seen) - _margin(gpu.total)


def _too_full(gpu: Gpu, at: Use, seen: Seen, need: int) -> _No | None:
    free = _free(gpu, at, seen)
    if need <= free:
        return None
    return _No(f"{need} MiB asked, {max(free, 0)} MiB left beside {at.reserved} MiB of {len(at.claims)} jobs")


def _room(gpu: Gpu, margin: int) -> int | None:
    """MiB that a job could have at the very best; None where the device has no memory figure."""
    return None if gpu.capacity is None else gpu.capacity - margin


def _margin(total: int) -> int:
    return max(LEAST_MARGIN, int(total * MARGIN))
