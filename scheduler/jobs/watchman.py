"""What goes wrong around our claims, told once each: strangers on our GPUs, programs on GPUs that they were not given, deleted
claim files, GPUs given up."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from scheduler.gpus.admission import contended
from scheduler.gpus.observation import astray
from scheduler.gpus.ownership import SUFFIX
from scheduler.gpus.reading import Process
from scheduler.jobs.gpu_view import GpuView


class Watchman:
    """Remembers what it has told already."""

    def __init__(self) -> None:
        self._told: set[tuple] = set()
        self._missing: set[str] = set()

    def news(self, view: GpuView, running: Collection[str], directory: Path, lying: Mapping[tuple[str, int], str]) -> list[str]:
        """New warnings, given the present view, the ids of the claims that our attempts hold, and what lies among the claims
        and is none."""
        found = [*self._strangers(view, running), *_astray(view), *self._deleted(running, directory)]
        found += [*_given_up(view), *lying.items()]
        new = [(key, text) for key, text in found if key not in self._told]
        self._told.update(key for key, _ in new)
        return [text for _, text in new]

    def _strangers(self, view: GpuView, running: Collection[str]) -> Iterator[tuple[tuple, str]]:
        ours = {uuid for claim in view.claims if claim.id in running for uuid in claim.memory}
        joined = contended(view.reading, view.claims, view.observation, view.settings)
        for uuid, processes in joined.items():
            gpu = view.reading.gpu(uuid)
            if gpu and uuid in ours:
                who = ", ".join(map(_who, processes))
                key = ("stranger", uuid, *sorted(p.pid for p in processes))
                yield key, f"{who} came onto {gpu.label}, where a job of ours runs: it goes on, and nothing more starts there"

    def _deleted(self, running: Collection[str], directory: Path) -> Iterator[tuple[tuple, str]]:
        """A claim's file that is missing at two looks in a row: at one look, its job may just have ended."""
        missing = {claim for claim in running if not (directory / f"{claim}{SUFFIX}").exists()}
        for claim in missing & self._missing:
            path = directory / f"{claim}{SUFFIX}"
            text = f"{path} was deleted while its job runs: others cannot see this claim any more, only the memory that it uses"
            yield ("deleted", claim), text
        self._missing = missing


def _astray(view: GpuView) -> Iterator[tuple[tuple, str]]:
    for each in astray(view.reading, view.claims, view.settings):
        yield ("astray", each.claim.id, each.gpu.uuid), each.sentence


def _given_up(view: GpuView) -> Iterator[tuple[tuple, str]]:
    for gpu in view.reading.gpus:
        if gpu.problem and gpu.problem.startswith("set aside"):
            yield ("aside", gpu.uuid), f"{gpu.label} is {gpu.problem}"


def _who(process: Process) -> str:
    memory = "unknown memory" if process.memory is None else f"{process.memory} MiB"
    return f"{process.name or 'a process'} ({process.user or 'a user we cannot see'}, pid {process.pid}, {memory})"
