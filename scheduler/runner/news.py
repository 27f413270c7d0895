"""What is worth a line of a runner, told once: waits that last, and what goes wrong around our claims: strangers on our GPUs,
programs on GPUs that they were not given, deleted claim files, GPUs given up. Pure, but for a look at which claim files exist."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from scheduler.gpus.ownership import SUFFIX
from scheduler.runner.gpu_view import SET_ASIDE, GpuView
from scheduler.runner.plan import Wait
from scheduler.values import dataclass

LASTING = 1.0
SAY_EVERY = 10.0


@dataclass(frozen=True)
class _Waiting:
    since: float
    said_at: float = float("-inf")
    said: str = ""


class Waits:
    """Remembers what has been told. A GPU changes hands within a second: such waits are nobody's concern."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}

    def news(self, waits: Sequence[Wait], now: float) -> list[list[Wait]]:
        """The waits to tell of at `now`, in monotonic seconds; together those that have the same reason. A job that joins others
        of whom it was told is no news."""
        self._waiting = {wait.job.id: self._waiting.get(wait.job.id, _Waiting(now)) for wait in waits}
        told = {wait.reason for wait in waits if self._waiting[wait.job.id].said == wait.reason}
        news: dict[str, list[Wait]] = {}
        for wait in waits:
            known = self._waiting[wait.job.id]
            if wait.reason in told:
                self._waiting[wait.job.id] = replace(known, said=wait.reason)
            elif self._is_news(wait, known, now):
                news.setdefault(wait.reason, []).append(wait)
                self._waiting[wait.job.id] = replace(known, said_at=now, said=wait.reason)
        return list(news.values())

    @staticmethod
    def _is_news(wait: Wait, known: _Waiting, now: float) -> bool:
        lasts, rested = now - known.since >= LASTING, now - known.said_at >= SAY_EVERY
        return not wait.passing and lasts and rested


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
        for uuid, processes in view.contended.items():
            gpu = view.reading.gpu(uuid)
            if gpu and uuid in ours:
                they = ", ".join(each.described() for each in processes)
                key = ("stranger", uuid, *sorted(p.pid for p in processes))
                yield (
                    key,
                    f"{they} came onto {gpu.label}, where a job of ours runs: it goes on, and nothing more starts there",
                )

    def _deleted(self, running: Collection[str], directory: Path) -> Iterator[tuple[tuple, str]]:
        """A claim's file that is missing at two looks in a row: at one look, its job may just have ended."""
        missing = {claim for claim in running if not (directory / f"{claim}{SUFFIX}").exists()}
        for claim in missing & self._missing:
            path = directory / f"{claim}{SUFFIX}"
            text = f"{path} was deleted while its job runs: others cannot see this claim any more, only the memory that it uses"
            yield ("deleted", claim), text
        self._missing = missing


def _astray(view: GpuView) -> Iterator[tuple[tuple, str]]:
    for each in view.astray:
        yield ("astray", each.claim.id, each.gpu.uuid), each.sentence


def _given_up(view: GpuView) -> Iterator[tuple[tuple, str]]:
    for gpu in view.reading.gpus:
        if gpu.problem == SET_ASIDE:
            yield ("aside", gpu.uuid), f"{gpu.label} is {gpu.problem}"
