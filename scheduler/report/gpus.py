"""How the GPUs stand: rows for people, objects for programs."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from scheduler.gpus.astray import Astray
from scheduler.gpus.placement import ClaimRecord
from scheduler.gpus.reading import Process
from scheduler.gpus.status import Standing
from scheduler.queue.job import Job
from scheduler.report.labels import Labels
from scheduler.runner.job_desk import label_of

Names = Mapping[str, str]
NOBODY: Names = {}


def names_of(jobs: Sequence[Job]) -> dict[str, str]:
    """By the labels of their claims, what tells these jobs from one another."""
    told = Labels(jobs)
    return {label_of(job): told[job.id] for job in jobs}


def rows(standings: Iterable[Standing], paused: Collection[str] = (), names: Names = NOBODY) -> list[dict[str, str]]:
    """One row per GPU; more lines below it where it has more claims or processes than one. `paused`: labels of claims whose
    holders stand still; `names`: as `names_of` has them."""
    found = []
    for standing in standings:
        first, *more = _people(standing, paused, names) or [""]
        found.append({**_figures(standing), "claims and processes": first, "a job could start": _could_start(standing)})
        found += [{**dict.fromkeys(found[-1], ""), "claims and processes": each} for each in more]
    return found


def _figures(standing: Standing) -> dict[str, str]:
    gpu = standing.gpu
    memory = "" if gpu.total is None else f"{gpu.used} / {gpu.total} MiB"
    return {
        "GPU": gpu.label.removeprefix("GPU ") if gpu.index is not None else gpu.uuid,
        "name": gpu.name,
        "memory": memory,
        "use": _unit(gpu.utilization, " %"),
        "temp": _unit(gpu.temperature, " °C"),
        "power": _unit(None if gpu.power is None else round(gpu.power), " W"),
    }


def _unit(figure: int | None, unit: str) -> str:
    return "" if figure is None else f"{figure}{unit}"


def _people(standing: Standing, paused: Collection[str], names: Names) -> list[str]:
    """Who holds a claim there, and whose other processes compute there."""
    held = [
        f"{_named(claim, names)}{' (paused)' if claim.label in paused else ''}: {_share(claim, standing.gpu.uuid)}"
        for claim in standing.claims
    ]
    held += [_astray(each, standing) for each in standing.astray]
    return held + [f"not ours: {_process(process)}" for process in standing.foreign]


def _named(claim: ClaimRecord, names: Names) -> str:
    name = names.get(claim.label, "") if claim.uid == os.getuid() else ""
    return claim.holder.replace(claim.label, f"{claim.label} {name}", 1) if name else claim.holder


def _astray(found: Astray, standing: Standing) -> str:
    """It is there, whatever it was given; whoever waits for this GPU must know whose it is."""
    return f"{found.claim.holder}: was given {found.given}, computes here ({_computing(found, standing)})"


def _computing(found: Astray, standing: Standing) -> str:
    wanted = found.claim.id
    figures = [p.memory for p in standing.ours if p.claim == wanted or (not p.claim and p.attempt == wanted)]
    return "unknown memory" if None in figures else f"{sum(figure for figure in figures if figure)} MiB"


def _share(claim: ClaimRecord, uuid: str) -> str:
    if claim.split:
        return f"1/{claim.split} of it"
    memory = claim.memory.get(uuid)
    return "whole GPU" if memory is None else f"{memory} MiB"


def _process(process: Process) -> str:
    return process.described() if process.compute else process.described("graphics")


def _could_start(standing: Standing) -> str:
    if not standing.obstacle:
        return "yes"
    if standing.part:
        return f"with a share, up to {standing.part} of it"
    return f"up to {standing.room} MiB" if standing.room else f"no: {standing.obstacle}"


def objects(standings: Iterable[Standing], names: Names = NOBODY) -> list[dict[str, Any]]:
    """The same for programs. Memory in MiB, temperature in degrees Celsius, power in watts, `since` in seconds of the
    epoch; `astray` are claims that were given other GPUs and compute on this one; `could_start` is about a job that
    wants the whole GPU, `room` about one that names its memory, `part` (0 to 1) about those that name a share."""
    return [
        {
            "index": standing.gpu.index,
            "uuid": standing.gpu.uuid,
            "name": standing.gpu.name,
            "memory_total": standing.gpu.total,
            "memory_used": standing.gpu.used,
            "utilization": standing.gpu.utilization,
            "temperature": standing.gpu.temperature,
            "power": standing.gpu.power,
            "processes": [*_listed(standing.ours, True), *_listed(standing.foreign, False)],
            "claims": [_claim(claim, standing.gpu.uuid, names) for claim in standing.claims],
            "astray": [{**_claim(each.claim, ""), "given": each.given} for each in standing.astray],
            "could_start": not standing.obstacle,
            "obstacle": standing.obstacle,
            "room": standing.room,
            "part": float(standing.part),
        }
        for standing in standings
    ]


def _listed(processes: Sequence[Process], ours: bool) -> list[dict[str, Any]]:
    return [
        {"pid": p.pid, "name": p.name, "user": p.user, "memory": p.memory, "compute": p.compute, "ours": ours} for p in processes
    ]


def _claim(claim: ClaimRecord, uuid: str, names: Names = NOBODY) -> dict[str, Any]:
    own = names.get(claim.label, "") if claim.uid == os.getuid() else ""
    who = {"user": claim.user, "pid": claim.pid, "since": claim.since, "label": claim.label, "name": own}
    return {"id": claim.id, **who, "memory": claim.memory.get(uuid), "split": claim.split, "unreadable": claim.unreadable}
