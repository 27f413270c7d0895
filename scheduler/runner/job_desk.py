"""The desk for GPUs as a runner stands at it: asked for jobs, with what their attempts have taught."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from scheduler.errors import StateError
from scheduler.experiments import Resources
from scheduler.gpus.admission import UNSET, hidden
from scheduler.gpus.astray import Astray
from scheduler.gpus.claims import Claim, live_claims
from scheduler.gpus.desk import Desk
from scheduler.gpus.observation import Observation
from scheduler.gpus.packing import GpuUse, request_of, set_aside, streaks_after
from scheduler.gpus.placement import Placement, Refusal
from scheduler.gpus.reading import Gpu, Reading
from scheduler.gpus.sampler import TICK, Sampler
from scheduler.gpus.sampler_process import INTERVAL
from scheduler.gpus.usage import Shares, begun, measured
from scheduler.gpus.view import View
from scheduler.linux.inotify import FolderWatch
from scheduler.queue.job import Job
from scheduler.runner.gpu_rows import GpuRows
from scheduler.runner.gpu_view import SET_ASIDE, GpuView, History, wants_gpu
from scheduler.runner.news import Watchman
from scheduler.runner.plan import Start

STALE = 1.5  # seconds; nothing starts by an older reading
LEISURE = 2.0  # seconds between readings while nobody waits for what only a reading shows
NOTHING: History = {}
LABEL = "exp-queue job "


class JobDesk:
    """Sees, judges and takes GPUs for jobs; measures what they use, and sets aside a GPU on which job after job fails."""

    def __init__(self, desk: Desk) -> None:
        self.rows = GpuRows()  # what the attempts' own logs say of their GPUs
        self._desk = desk
        self._known = desk.refresh()  # the last reading that told of any GPU
        self._view = GpuView(desk.reading, (), Observation(), desk.settings)
        self._somebody_waits = self._only_claims_block = False
        self._uses: dict[str, Shares] = {}
        self._measured_at = float("-inf")
        self._streaks: Mapping[str, frozenset[str]] = {}
        self._watchman = Watchman()

    # What there is.

    @property
    def count(self) -> int:
        """How many GPUs the last reading which told of any showed as usable; 1 as long as nobody knows."""
        return 1 if self._known.problem else len(self._usable())

    @property
    def slots(self) -> int:
        """One for each of them; where there is none, for what needs none."""
        return max(1, self.count)

    @property
    def note(self) -> str:
        """How many GPUs of which kinds."""
        if self._known.problem:
            return f"the GPUs are unknown: {self._known.problem}"
        usable = self._usable()
        names = ", ".join(sorted({gpu.name for gpu in usable}))
        return f"{len(usable)} GPU{'s' * (len(usable) != 1)} ({names})" if usable else self._none_usable()

    def _none_usable(self) -> str:
        hides = self._desk.settings.allowed.hides_all_of(self._known.gpus)
        return hidden(self._known, self._desk.settings) if hides else "a driver and no GPU that can be used"

    @property
    def driver(self) -> str:
        """The version of the NVIDIA driver."""
        return self._known.driver

    @property
    def cure(self) -> str:
        """What a person can do where CUDA_VISIBLE_DEVICES hides all GPUs; else empty."""
        return UNSET if self._desk.settings.allowed.hides_all_of(self._known.gpus) else ""

    def _usable(self) -> list[Gpu]:
        """Those that can ever take a job; one that only stumbles is among them."""
        return [gpu for gpu in self._desk.settings.allowed.of(self._known.gpus) if not gpu.mig and not gpu.lasting]

    @property
    def memory(self) -> int:
        """MiB of the largest of them; 0 where there is none, or none tells."""
        return max((gpu.total or 0 for gpu in self._usable()), default=0)

    def never(self, resources: Resources) -> str:
        """Why such a job can never have its GPUs, even if nobody else used any; empty if it can."""
        reading = self._desk.reading
        if not wants_gpu(resources) or reading.problem:
            return ""
        answer = View(reading, (), Observation(), self._desk.settings).place(request_of(resources))
        return answer.sentence if isinstance(answer, Refusal) and answer.never else ""

    def room(self, resources: Resources) -> bool:
        """Whether such a job would get its GPUs now."""
        return not wants_gpu(resources) or isinstance(self.view().place(request_of(resources)), Placement)

    # See and take.

    def view(self, history: History = NOTHING) -> GpuView:
        """The GPUs now. Where the last reading is old, the view says so and a new one is asked for."""
        self.refresh()
        seen = self._desk.look()
        self._measure(seen)
        fresh = bool(seen.reading.problem) or time.monotonic() - seen.reading.at < STALE
        if not fresh:
            self._desk.sampler.ask()
        self._view = GpuView(self._trusted(seen.reading), seen.claims, seen.observation, seen.settings, history, fresh)
        return self._view

    @property
    def seen(self) -> GpuView:
        """The last view; of any thread."""
        return self._view

    def _trusted(self, reading: Reading) -> Reading:
        """The reading, with the GPUs marked that we have stopped using."""
        allowed = self._desk.settings.allowed.of(reading.gpus)
        aside = set_aside(self._streaks, [gpu.uuid for gpu in allowed if not gpu.problem])
        gpus = tuple(replace(gpu, problem=SET_ASIDE, lasting=True) if gpu.uuid in aside else gpu for gpu in reading.gpus)
        return replace(reading, gpus=gpus)

    def take(self, start: Start) -> Claim | Refusal:
        """Claim what the plan meant, by the same rule under the machine's mutex; somebody who keeps the mutex is waited for,
        without standing still."""
        try:
            answer = self._desk.take(self._view, lambda view: view.admit(start.job, start.head), label_of(start.job))
        except StateError as error:  # no room for a claim's file: what runs is not left alone for that
            return Refusal(str(error))
        if isinstance(answer, Claim):
            self._uses[answer.id] = begun(answer.record, self._view.reading)
        return answer

    # What is used, and what that teaches.

    def adopt(self, job: Job) -> str:
        """The id of the claim of a job that somebody else started, so that it is measured from now on; "" if none lives."""
        ours = [c for c in live_claims(self._desk.directory) if c.label == label_of(job) and c.uid == os.getuid()]
        for claim in ours:
            self._uses.setdefault(claim.id, begun(claim, self._desk.reading))
        return ours[0].id if ours else ""

    def used(self, claim: str) -> Shares:
        """What this claim was seen to use, by UUID; nothing for one that is not ours."""
        return self._uses.get(claim, {})

    def ended(self, uses: Sequence[GpuUse]) -> None:
        """Take note of how an attempt ended: a GPU on which job after job runs out of memory is not used any more."""
        self._streaks = streaks_after(self._streaks, uses)

    def _measure(self, seen: View) -> None:
        if seen.reading.at > self._measured_at:  # the same reading must not count twice
            self._uses = measured(self._uses, seen)
            self.rows.take(seen, time.monotonic())
            self._measured_at = seen.reading.at

    # What people should know.

    def warnings(self, running: Collection[str]) -> list[str]:
        """What a person should know and has not been told yet. `running`: the claims of our attempts that are not over."""
        for ended in self._uses.keys() - set(running):
            del self._uses[ended]
            self.rows.end(ended)
        return self._watchman.news(self._view, running, self._desk.directory, self._desk.lying)

    @property
    def astray(self) -> tuple[Astray, ...]:
        """Who computes on a GPU that he was not given, by the present view."""
        return self._view.astray

    # When to look again.

    @property
    def sources(self) -> tuple[Sampler, FolderWatch]:
        """What is readable when there is something to refresh."""
        return self._desk.sources

    def refresh(self) -> None:
        """Take in the latest reading."""
        reading = self._desk.refresh(somebody_waits=self._somebody_waits)
        if not reading.problem:
            self._known = reading

    def pace(self, somebody_waits: bool) -> None:
        """Read the GPUs every second only while somebody waits for a stranger to leave or for memory to return; otherwise
        less often, for what our jobs use."""
        self._somebody_waits = somebody_waits
        self._only_claims_block = self._view.only_claims_block
        self._desk.sampler.every(INTERVAL if somebody_waits and not self._only_claims_block else LEISURE)

    def patience(self) -> float:
        """Seconds after which to look again while a job waits for a GPU. The end of a claim wakes us by itself."""
        return self._desk.tick(LEISURE if self._only_claims_block and self._desk.hears_of_ends else TICK)

    def close(self) -> None:
        self.rows.close()
        self._desk.close()


def label_of(job: Job) -> str:
    """What others read in the claim of a job."""
    return f"{LABEL}{job.short_id}"
