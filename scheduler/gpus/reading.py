"""The GPUs of this machine at a moment, as plain values. Memory is in MiB, temperature in degrees Celsius, power in
watts, energy in joules, a clock in MHz."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from scheduler.values import dataclass

NO_DRIVER_NOTE = "no GPUs, jobs run on the CPU (there is no NVIDIA driver library, libnvidia-ml.so.1)"


@dataclass(frozen=True)
class Process:
    """A process that has memory on a GPU.

    `memory` is None where the driver does not tell (containers, WSL, MIG). `claim` is the id of the claim that the
    process or one of its ancestors carries, "" when we looked and there is none, None when we may not look (another
    user's process). `attempt` names the job's attempt (`JOB/N`) that it descends from, "" if it tells none. `uid` is
    None when this process id means nothing here (a container's driver tells the host's ids).
    """

    pid: int
    memory: int | None
    compute: bool = True
    name: str = ""
    uid: int | None = None
    user: str = ""
    claim: str | None = ""
    attempt: str = ""

    def described(self, *more: str) -> str:
        """For messages: `train.py (anna, pid 4711, 6000 MiB)`, with `more` behind the memory."""
        memory = "unknown memory" if self.memory is None else f"{self.memory} MiB"
        told = (self.user or "a user we cannot see", f"pid {self.pid}", memory, *more)
        return f"{self.name or 'a process'} ({', '.join(told)})"


@dataclass(frozen=True)
class Gpu:
    """One GPU, or one MIG instance.

    `index` counts GPUs by PCI bus id, as CUDA does under CUDA_DEVICE_ORDER=PCI_BUS_ID; None for a MIG instance and
    for a GPU whose place cannot be known. `by_uuid`: CUDA's own count is not certain (MIG is in use, a GPU is
    lost), so only the UUID names the device. `total` and `used` are None where the device has no memory figure;
    `used` excludes `reserved`. `problem` says why this one cannot be used; `lasting`: not before somebody has
    mended it. `parent` is the UUID of a MIG instance's GPU. `clock` is that of its multiprocessors, `throttled` why it is not
    higher, in words, and `energy` what the GPU has used since its driver was loaded; None where it does not tell."""

    uuid: str
    index: int | None = None
    bus: str = ""
    name: str = ""
    total: int | None = None
    reserved: int = 0
    used: int | None = None
    processes: tuple[Process, ...] = ()
    utilization: int | None = None
    temperature: int | None = None
    power: float | None = None
    compute_mode: str = "default"
    mig: bool = False
    parent: str = ""
    by_uuid: bool = False
    problem: str | None = None
    lasting: bool = False
    clock: int | None = None
    throttled: tuple[str, ...] | None = None
    energy: float | None = None

    @property
    def label(self) -> str:
        """How messages call it: `GPU 2`, or the UUID where it has no certain number."""
        return f"GPU {self.index}" if self.index is not None else (self.uuid or "GPU of unknown identity")

    @property
    def visible(self) -> str:
        """How CUDA_VISIBLE_DEVICES names it (under CUDA_DEVICE_ORDER=PCI_BUS_ID)."""
        return self.uuid if self.by_uuid or self.index is None else str(self.index)

    @property
    def capacity(self) -> int | None:
        """Memory that programs can have, MiB: total - reserved."""
        return None if self.total is None else self.total - self.reserved


@dataclass(frozen=True)
class Reading:
    """All GPUs at the moment `at` (monotonic seconds, comparable between the processes of one machine).

    `available` False: there is no NVIDIA driver here, so `gpus` is empty and that is certain. `problem` not None:
    the driver did not answer as it should, so the GPUs are unknown and nothing may be admitted.
    """

    gpus: tuple[Gpu, ...] = ()
    at: float = 0.0
    problem: str | None = None
    available: bool = True
    driver: str = ""

    def to_json(self) -> str:
        """One line of JSON, without its newline; `from_json` gives an equal value back."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str | bytes) -> Reading:
        """The reading in a line that `to_json` wrote. ValueError for anything else."""
        try:
            content = json.loads(line)
            return cls(**{**content, "gpus": tuple(_gpu(g) for g in content["gpus"])})
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a reading: {line!r:.80}") from error

    def gpu(self, uuid: str) -> Gpu | None:
        """The GPU with this UUID, or None."""
        return next((g for g in self.gpus if g.uuid == uuid), None)


def _gpu(content: dict[str, Any]) -> Gpu:
    throttled = content.get("throttled")
    processes = tuple(Process(**p) for p in content["processes"])
    return Gpu(**{**content, "processes": processes, "throttled": None if throttled is None else tuple(throttled)})


def unknown(problem: str, at: float) -> Reading:
    """A reading that says only that the GPUs cannot be known now, and why."""
    return Reading(problem=problem, at=at)


def no_driver(at: float) -> Reading:
    """The reading of a machine without an NVIDIA driver."""
    return Reading(available=False, at=at)


def numbered(gpus: Iterable[Gpu]) -> tuple[Gpu, ...]:
    """The GPUs in the order of their PCI bus ids, each numbered by its place; MIG instances follow their GPU
    unnumbered.

    A GPU that is lost, and MIG, make CUDA's own count uncertain: then every device goes by its UUID. One that does not tell its
    bus has the place that the driver gives it, `gpus` being in the driver's order, where that is the order of the buses.
    """
    gpus = tuple(gpus)
    whole = [g for g in gpus if not g.parent]
    by_bus = sorted((g for g in whole if g.bus), key=lambda g: g.bus.lower())
    placed = whole if by_bus == [g for g in whole if g.bus] else by_bus
    places = {id(g): place for place, g in enumerate(placed)}
    parents = {g.uuid: places[id(g)] for g in placed if g.uuid}
    uncertain = any(g.mig or g.parent or g.problem for g in gpus)
    found = [(parents.get(g.parent) if g.parent else places.get(id(g)), g) for g in gpus]
    ordered = sorted(found, key=lambda each: (each[0] is None, each[0] or 0, each[1].parent != "", each[1].uuid))
    return tuple(replace(g, index=None if g.parent else place, by_uuid=uncertain) for place, g in ordered)


@dataclass(frozen=True)
class Allowed:
    """The GPUs that an inherited CUDA_VISIBLE_DEVICES leaves us: all of them (`entries` None), or a list."""

    entries: tuple[str, ...] | None = None

    def of(self, gpus: Iterable[Gpu]) -> tuple[Gpu, ...]:
        """The allowed ones among `gpus`, in the order of `gpus`.

        Read as CUDA reads it: numbers (in PCI bus order) or unique prefixes of UUIDs; the first entry that names no
        device ends the list.
        """
        gpus = tuple(gpus)
        if self.entries is None:
            return gpus
        chosen: list[str] = []
        for entry in self.entries:
            match = _named(entry, gpus)
            if match is None:
                break
            chosen.append(match.uuid)
        return tuple(g for g in gpus if g.uuid in chosen)

    @property
    def said(self) -> str:
        """The variable with its value, for messages."""
        return f"CUDA_VISIBLE_DEVICES={','.join(self.entries) if self.entries else chr(34) * 2}"

    def hides_all_of(self, gpus: Iterable[Gpu]) -> bool:
        """Whether there are GPUs, and the variable leaves none of them."""
        gpus = tuple(gpus)
        return self.entries is not None and bool(gpus) and not self.of(gpus)

    @property
    def nothing(self) -> bool:
        """Whether the variable hides every GPU (it is empty or starts with a negative number)."""
        return self.entries is not None and (not self.entries or self.entries[0].startswith("-"))


def _named(entry: str, gpus: tuple[Gpu, ...]) -> Gpu | None:
    if entry.isdecimal():
        ordered = [g for g in gpus if not g.parent]
        return ordered[int(entry)] if int(entry) < len(ordered) else None
    matches = [g for g in gpus if entry.startswith(("GPU-", "MIG-")) and g.uuid.startswith(entry)]
    return matches[0] if len(matches) == 1 else None


def allowed(environment: Mapping[str, str]) -> Allowed:
    """What CUDA_VISIBLE_DEVICES in `environment` allows. NVML itself does not look at that variable."""
    value = environment.get("CUDA_VISIBLE_DEVICES")
    if value is None:
        return Allowed()
    return Allowed(tuple(entry.strip() for entry in value.split(",")) if value.strip() else ())
