"""What one observer remembers from reading to reading, and what a reading means given the living claims: pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from scheduler.gpus.astray import (
    Astray,
    asked,
    attempt_of,
    given,
    strayed,
)
from scheduler.gpus.placement import ClaimRecord
from scheduler.gpus.reading import Allowed, Gpu, Process, Reading
from scheduler.values import dataclass

# As the kernel shortens names, to 15 characters. They serve others' work and do none of their own.
SERVANTS = frozenset({"nvidia-cuda-mps", "nvidia-persiste", "Xorg", "nv-hostengine", "dcgm-exporter", "dcgmi"})


@dataclass(frozen=True)
class Settings:
    """How much respect for others. Memory in MiB, times in seconds.

    `ignore_below`: memory of others, by process and in all, that does not block a GPU. `quiet`: how long a GPU must
    be free after a foreign process was seen leaving. `remembered`: how long the largest use by others counts.
    `returning`: how long the memory of an ended job may take to come back. `most_claims`: claims on one GPU.
    """

    ignore_below: int = 300
    quiet: float = 20.0
    remembered: float = 60.0
    returning: float = 30.0
    most_claims: int = 8
    allowed: Allowed = field(default_factory=Allowed)


@dataclass(frozen=True)
class Seen:
    """The memory of one GPU's past: others' use as (time, MiB), falling; foreign processes; living claims; and the
    times when a foreign process was last seen leaving and a claim last seen ended."""

    others: tuple[tuple[float, int], ...] = ()
    foreign: frozenset[int] = frozenset()
    claims: frozenset[str] = frozenset()
    ours: frozenset[int] = frozenset()
    left_at: float | None = None
    ended_at: float | None = None


@dataclass(frozen=True)
class Observation:
    """What an observer has seen so far, by UUID. Empty for one who has just come, such as a lone process."""

    gpus: Mapping[str, Seen] = field(default_factory=dict)

    def of(self, uuid: str) -> Seen:
        """The past of this GPU; an empty one if it was never seen."""
        return self.gpus.get(uuid, Seen())


@dataclass(frozen=True)
class Use:
    """Who uses one GPU now.

    `claims` are those on this GPU, the `astray` among them: they were given others, and compute here all the same.
    `measured` has the MiB by claim id, None where the driver does not tell. `foreign` are the processes of others
    that block, `remains` those of claims that have ended, `ours` the ids of processes that belong to living claims
    or to jobs of ours.
    """

    uuid: str
    claims: tuple[ClaimRecord, ...]
    measured: Mapping[str, int | None]
    foreign: tuple[Process, ...]
    remains: tuple[Process, ...]
    ours: frozenset[int]
    astray: tuple[ClaimRecord, ...] = ()

    @property
    def reserved(self) -> int:
        """MiB that the living claims may use: for each the larger of what it asked for and what it was measured to
        use."""
        return sum(max(asked(c, self.uuid) or 0, self.measured.get(c.id) or 0) for c in self.claims)

    def others(self, used: int) -> int:
        """MiB of `used` that no living claim explains. Where a claim's use is not told, its request stands in."""
        explained = 0
        for claim in self.claims:
            part = self.measured.get(claim.id)
            part = asked(claim, self.uuid) if part is None else part
            explained += used if part is None else part  # a whole GPU whose use is not told explains it all
        return max(0, used - explained)


def use(gpu: Gpu, claims: Iterable[ClaimRecord], seen: Seen, settings: Settings) -> Use:
    """Sort the GPU's processes into those of living claims, of ended claims, and of others."""
    claims = tuple(claims)
    held, living = tuple(c for c in claims if c.holds(gpu.uuid)), {c.id for c in claims}
    elsewhere = strayed(gpu.processes, claims, {c.id for c in held})
    astray = {elsewhere[p.pid].id: elsewhere[p.pid] for p in gpu.processes if p.pid in elsewhere and _blocks(p, settings)}
    here = (*held, *astray.values())
    owners = {p.pid: elsewhere[p.pid].id if p.pid in elsewhere else _claim_of(p, held) for p in gpu.processes}
    strangers = [p for p in gpu.processes if owners[p.pid] is None]
    remains = tuple(p for p in strangers if (p.claim or p.pid in seen.ours) and p.claim not in living)
    return Use(
        uuid=gpu.uuid,
        claims=here,
        measured={c.id: _measured([p for p in gpu.processes if owners[p.pid] == c.id]) for c in here},
        foreign=tuple(p for p in strangers if p not in remains and _blocks(p, settings)),
        remains=tuple(p for p in remains if _blocks(p, settings)),
        ours=frozenset(pid for pid, owner in owners.items() if owner is not None),
        astray=tuple(astray.values()),
    )


def _claim_of(process: Process, here: tuple[ClaimRecord, ...]) -> str | None:
    """The claim on this GPU that the process belongs to, or None.

    A process that we may not look into is counted to its user's claim here; one that has no meaning here (the
    driver told a pid of the host to a container) to any claim. Its memory then counts as that claim's, so nothing
    is overbooked.
    """
    if process.claim is not None:
        return process.claim if any(c.id == process.claim for c in here) else None
    return next((c.id for c in here if process.uid is None or c.uid == process.uid), None)


def _measured(processes: list[Process]) -> int | None:
    """Their memory in MiB; None if there is no process yet or one whose memory is not told."""
    figures = [p.memory for p in processes]
    return None if not figures or None in figures else sum(m for m in figures if m is not None)


def _blocks(process: Process, settings: Settings) -> bool:
    if not process.compute or process.name[:15] in SERVANTS:
        return False
    return process.memory is None or process.memory > settings.ignore_below


def observe(previous: Observation, reading: Reading, claims: Iterable[ClaimRecord], settings: Settings) -> Observation:
    """The observation after this reading. An unknown reading teaches nothing; a GPU that is missing keeps its past."""
    claims = tuple(claims)
    seen = {g.uuid: _seen(previous.of(g.uuid), g, reading.at, claims, settings) for g in reading.gpus if not g.problem}
    return Observation({**previous.gpus, **seen})


def _seen(past: Seen, gpu: Gpu, at: float, claims: tuple[ClaimRecord, ...], settings: Settings) -> Seen:
    now = use(gpu, claims, past, settings)
    ids, foreign = frozenset(c.id for c in now.claims), frozenset(p.pid for p in now.foreign)
    left_at = at if past.foreign - foreign else past.left_at
    ended_at = at if past.claims - ids else past.ended_at
    remains = frozenset(p.pid for p in now.remains)
    # Memory that is on its way back must not count as another's for a minute.
    settling = any(then is not None and at - then < settings.returning for then in (left_at, ended_at)) or bool(remains)
    others = () if settling or gpu.used is None else _remembered(past.others, at, now.others(gpu.used), settings)
    return Seen(others, foreign, ids, now.ours | remains, left_at, ended_at)


def _remembered(past: tuple[tuple[float, int], ...], at: float, others: int, settings: Settings) -> tuple[tuple[float, int], ...]:
    """The figures that can still be the largest of the remembered time: those larger than every later one."""
    kept = tuple((then, figure) for then, figure in past if at - then < settings.remembered and figure > others)
    return (*kept, (at, others))


def contended(
    reading: Reading, claims: Iterable[ClaimRecord], observation: Observation, settings: Settings
) -> dict[str, tuple[Process, ...]]:
    """The GPUs, by UUID, where a foreign process has joined a living claim, with those processes. Nothing may be
    killed for it."""
    claims = tuple(claims)
    uses = [use(g, claims, observation.of(g.uuid), settings) for g in reading.gpus]
    return {u.uuid: u.foreign for u in uses if u.claims and u.foreign}


def astray(reading: Reading, claims: Iterable[ClaimRecord], settings: Settings) -> tuple[Astray, ...]:
    """Everybody who computes on a GPU that he was not given, as far as we can see whose processes they are."""
    claims = tuple(claims)
    return tuple(found for gpu in reading.gpus for found in _astray_on(gpu, reading, claims, settings))


def _astray_on(gpu: Gpu, reading: Reading, claims: tuple[ClaimRecord, ...], settings: Settings) -> Iterator[Astray]:
    processes = {p.pid: p for p in gpu.processes}
    owners = strayed(gpu.processes, claims, {c.id for c in claims if c.holds(gpu.uuid)})
    for claim in use(gpu, claims, Seen(), settings).astray:
        yield Astray(claim, attempt_of(claim.id, processes, owners), gpu, given(claim, reading))
