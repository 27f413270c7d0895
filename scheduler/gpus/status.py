"""How each GPU stands: who is on it, and whether a job could start there now. Pure; what `exp-queue gpus` shows."""

from __future__ import annotations

from fractions import Fraction

from scheduler.gpus.admission import free_memory, parts_left
from scheduler.gpus.astray import Astray
from scheduler.gpus.observation import use
from scheduler.gpus.placement import ClaimRecord, Placement, Refusal, Request
from scheduler.gpus.reading import Gpu, Process
from scheduler.gpus.records import MOST_PARTS
from scheduler.gpus.view import View
from scheduler.values import dataclass


@dataclass(frozen=True)
class Standing:
    """One GPU now. `claims` were given it; `astray` compute there and were not. `ours` are its processes that belong to a
    living claim or to a job of ours, `foreign` all others.

    `obstacle` says why a job that wants the whole GPU cannot start there now, "" if it can. `room` is the MiB that a
    job which names its memory could claim there now; 0 if none. `part` is how much of it jobs that name a share could have now.
    """

    gpu: Gpu
    claims: tuple[ClaimRecord, ...]
    ours: tuple[Process, ...]
    foreign: tuple[Process, ...]
    obstacle: str
    room: int
    astray: tuple[Astray, ...] = ()
    part: Fraction = Fraction(0)


def standings(view: View) -> tuple[Standing, ...]:
    """All GPUs of its reading, in their order. Nothing if it knows none."""
    whole, least = view.alone(Request()), view.alone(Request(memory=1))
    parted = view.alone(Request(share=MOST_PARTS))
    found, hidden = [], f"{view.settings.allowed.said} hides it"
    for gpu in view.reading.gpus:
        seen = view.observation.of(gpu.uuid)
        at, answer = use(gpu, view.claims, seen, view.settings), whole.get(gpu.uuid, Refusal(gpu.problem or hidden))
        shared = gpu.uuid in least and not isinstance(least[gpu.uuid], Refusal)
        found.append(
            Standing(
                gpu,
                tuple(claim for claim in at.claims if claim not in at.astray),
                tuple(p for p in gpu.processes if p.pid in at.ours),
                tuple(p for p in gpu.processes if p.pid not in at.ours),
                answer.sentence if isinstance(answer, Refusal) else "",
                free_memory(gpu, view.claims, seen, view.settings) if shared else 0,
                tuple(each for each in view.astray if each.gpu == gpu),
                parts_left(at) if isinstance(parted.get(gpu.uuid), Placement) else Fraction(0),
            )
        )
    return tuple(found)
