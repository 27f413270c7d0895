"""How each GPU stands: who is on it, and whether a job could start there now. Pure; what `exp-queue gpus` shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scheduler.gpus.admission import alone, free_memory
from scheduler.gpus.astray import Astray
from scheduler.gpus.observation import Observation, Settings, astray, use
from scheduler.gpus.placement import ClaimRecord, Refusal, Request
from scheduler.gpus.reading import Gpu, Process, Reading

HIDDEN = "CUDA_VISIBLE_DEVICES hides it"


@dataclass(frozen=True)
class Standing:
    """One GPU now. `claims` were given it; `astray` compute there and were not. `ours` are its processes that belong to a
    living claim or to a job of ours, `foreign` all others.

    `obstacle` says why a job that wants the whole GPU cannot start there now, "" if it can. `room` is the MiB that a
    job which names its memory could claim there now; 0 if none.
    """

    gpu: Gpu
    claims: tuple[ClaimRecord, ...]
    ours: tuple[Process, ...]
    foreign: tuple[Process, ...]
    obstacle: str
    room: int
    astray: tuple[Astray, ...] = ()


def standings(
    reading: Reading, claims: Iterable[ClaimRecord], observation: Observation, settings: Settings
) -> tuple[Standing, ...]:
    """All GPUs of a reading, in its order. Nothing if the reading knows none."""
    living = tuple(claims)
    whole = alone(Request(), reading, living, observation, settings)
    least = alone(Request(memory=1), reading, living, observation, settings)
    found, strays = [], astray(reading, living, settings)
    for gpu in reading.gpus:
        seen = observation.of(gpu.uuid)
        at, answer = use(gpu, living, seen, settings), whole.get(gpu.uuid, Refusal(gpu.problem or HIDDEN))
        shared = gpu.uuid in least and not isinstance(least[gpu.uuid], Refusal)
        found.append(
            Standing(
                gpu,
                tuple(claim for claim in at.claims if claim not in at.astray),
                tuple(p for p in gpu.processes if p.pid in at.ours),
                tuple(p for p in gpu.processes if p.pid not in at.ours),
                answer.sentence if isinstance(answer, Refusal) else "",
                free_memory(gpu, living, seen, settings) if shared else 0,
                tuple(each for each in strays if each.gpu == gpu),
            )
        )
    return tuple(found)
