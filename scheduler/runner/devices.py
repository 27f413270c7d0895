"""The door between the runner and what jobs compute on: GPUs under claims, or CPU slots on a machine without."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from scheduler.errors import StateError
from scheduler.experiments import Resources
from scheduler.gpus.admission import admit, observe
from scheduler.gpus.astray import Astray
from scheduler.gpus.claims import Claim, Claimant, live_claims, watch_claims
from scheduler.gpus.directory import lock_directory
from scheduler.gpus.observation import Observation, Settings, astray
from scheduler.gpus.packing import GpuUse, request_of, set_aside, streaks_after
from scheduler.gpus.placement import Refusal
from scheduler.gpus.reading import Gpu, Reading, unknown
from scheduler.gpus.sampler import TICK, Sampler
from scheduler.gpus.sampler_process import INTERVAL
from scheduler.gpus.survey import survey, with_holders
from scheduler.gpus.usage import Shares, begun, measured
from scheduler.gpus.waiting import EAGER_FOR, EAGER_TICK
from scheduler.queue.job import Job
from scheduler.runner.gpu_view import GpuView, History, wants_gpu
from scheduler.runner.news import Watchman
from scheduler.runner.plan import Start

STALE = 1.5  # seconds; nothing starts by an older reading
MUTEX_PATIENCE = 0.1  # seconds; longer, the ends of running jobs would have to wait
LEISURE = 2.0  # seconds between readings while nobody waits for what only a reading shows
NOTHING: History = {}
SET_ASIDE = "set aside: job after job ran out of memory there, and on no other GPU"


class Devices(Protocol):
    """What a machine offers to one runner."""

    cores: int
    with_gpus: bool

    @property
    def default_slots(self) -> int: ...
    @property
    def note(self) -> str: ...  # what there is, for people

    def view(self, history: History = NOTHING) -> GpuView | None: ...
    def take(self, start: Start) -> Claim | Refusal: ...
    def never(self, resources: Resources) -> str: ...
    def sources(self) -> Sequence[Any]: ...
    def refresh(self) -> None: ...
    def patience(self) -> float: ...
    def pace(self, somebody_waits: bool) -> None: ...
    def adopt(self, job: Job) -> str: ...
    def used(self, claim: str) -> Shares: ...
    def ended(self, uses: Sequence[GpuUse]) -> None: ...
    def warnings(self, running: Collection[str]) -> list[str]: ...
    def astray(self) -> tuple[Astray, ...]: ...
    def close(self) -> None: ...


class CpuDevices:
    """A machine without a GPU (or with all of them hidden): as many slots as half its cores."""

    with_gpus = False

    def __init__(self, note: str) -> None:
        self.cores = usable_cores()
        self.default_slots = max(1, self.cores // 2)
        self.note = note

    def view(self, history: History = NOTHING) -> None:
        return None

    def take(self, start: Start) -> Refusal:
        return Refusal("there is no GPU", never=True)

    def never(self, resources: Resources) -> str:
        """Why such a job can never run here; empty if it can."""
        if resources.gpus:
            return f"it asks for {resources.gpus} GPU{'s' * (resources.gpus > 1)} and there is none; {self.note}"
        return _too_many_cores(resources, self.cores)

    def sources(self) -> Sequence[Any]:
        return ()

    def refresh(self) -> None:
        return None

    def patience(self) -> float:
        return TICK

    def pace(self, somebody_waits: bool) -> None:
        return None

    def adopt(self, job: Job) -> str:
        return ""

    def used(self, claim: str) -> Shares:
        return {}

    def ended(self, uses: Sequence[GpuUse]) -> None:
        return None

    def warnings(self, running: Collection[str]) -> list[str]:
        return []

    def astray(self) -> tuple[Astray, ...]:
        return ()

    def close(self) -> None:
        return None


class GpuDevices:
    """A machine with GPUs: readings from the sampler, claims in the machine's lock directory."""

    with_gpus = True

    def __init__(self, sampler: Sampler, first: Reading, settings: Settings) -> None:
        self._settings, self._reading, self._observation = settings, first, Observation()
        self._directory = lock_directory()
        self._claimant = Claimant(self._directory, MUTEX_PATIENCE)
        self._sampler, self._watch = sampler, watch_claims(self._directory)
        self._claim_ended = float("-inf")
        self._measured_at = float("-inf")
        self._somebody_waits = self._only_claims_block = False
        self._uses: dict[str, Shares] = {}
        self._streaks: Mapping[str, frozenset[str]] = {}
        self._watchman = Watchman()
        self._lying: Mapping[tuple[str, int], str] = {}
        self._view = GpuView(first, (), self._observation, settings)
        self.cores = usable_cores()
        self._known = first

    @property
    def default_slots(self) -> int:
        """One for each GPU that the last reading which told of any showed as usable."""
        return max(1, len(self._usable()))

    @property
    def note(self) -> str:
        """How many GPUs of which kinds."""
        if self._known.problem:
            return f"the GPUs are unknown: {self._known.problem}"
        usable = self._usable()
        names = ", ".join(sorted({gpu.name for gpu in usable}))
        return f"{len(usable)} GPU{'s' * (len(usable) != 1)} ({names})" if usable else "a driver and no GPU that can be used"

    def _usable(self) -> list[Gpu]:
        """Those that can ever take a job; one that only stumbles is among them."""
        return [gpu for gpu in self._settings.allowed.of(self._known.gpus) if not gpu.mig and not gpu.lasting]

    def view(self, history: History = NOTHING) -> GpuView:
        """The GPUs now. Where the last reading is old, the view says so and a new one is asked for."""
        self.refresh()
        found, reading = survey(self._directory), self._reading
        living, self._lying = with_holders(self._directory, found.claims), found.warnings(self._directory)
        self._observation = observe(self._observation, reading, living, self._settings)
        if reading.at > self._measured_at:  # the same reading must not count twice
            self._uses = measured(self._uses, reading, living, self._observation, self._settings)
            self._measured_at = reading.at
        fresh = bool(reading.problem) or time.monotonic() - reading.at < STALE
        if not fresh:
            self._sampler.ask()
        self._view = GpuView(self._trusted(reading), living, self._observation, self._settings, history, fresh)
        return self._view

    def _trusted(self, reading: Reading) -> Reading:
        """The reading, with the GPUs marked that we have stopped using."""
        aside = set_aside(self._streaks, [gpu.uuid for gpu in self._settings.allowed.of(reading.gpus) if not gpu.problem])
        gpus = tuple(replace(gpu, problem=SET_ASIDE, lasting=True) if gpu.uuid in aside else gpu for gpu in reading.gpus)
        return replace(reading, gpus=gpus)

    def take(self, start: Start) -> Claim | Refusal:
        """Claim what the plan meant, by the same rule under the machine's mutex: others may have been quicker, and somebody who
        keeps the mutex is waited for, without standing still."""
        view = self._view
        try:
            answer = self._claimant.take(
                lambda living: replace(view, claims=living).admit(start.job, start.head), label_of(start.job)
            )
        except StateError as error:  # no room for a claim's file: what runs is not left alone for that
            return Refusal(str(error))
        if isinstance(answer, Claim):
            self._uses[answer.id] = begun(answer.record, view.reading)
        return answer

    def adopt(self, job: Job) -> str:
        """The id of the claim of a job that somebody else started, so that it is measured from now on; "" if none lives."""
        ours = [c for c in live_claims(self._directory) if c.label == label_of(job) and c.uid == os.getuid()]
        for claim in ours:
            self._uses.setdefault(claim.id, begun(claim, self._reading))
        return ours[0].id if ours else ""

    def used(self, claim: str) -> Shares:
        """What this claim was seen to use, by UUID; nothing for one that is not ours."""
        return self._uses.get(claim, {})

    def ended(self, uses: Sequence[GpuUse]) -> None:
        """Take note of how an attempt ended: a GPU on which job after job runs out of memory is not used any more."""
        self._streaks = streaks_after(self._streaks, uses)

    def warnings(self, running: Collection[str]) -> list[str]:
        """What a person should know and has not been told yet. `running`: the claims of our attempts that are not over."""
        for ended in self._uses.keys() - set(running):
            del self._uses[ended]
        return self._watchman.news(self._view, running, self._directory, self._lying)

    def astray(self) -> tuple[Astray, ...]:
        """Who computes on a GPU that he was not given, by the present view."""
        return astray(self._view.reading, self._view.claims, self._settings)

    def pace(self, somebody_waits: bool) -> None:
        """Read the GPUs every second only while somebody waits for a stranger to leave or for memory to return; otherwise
        less often, for what our jobs use."""
        self._somebody_waits = somebody_waits
        self._only_claims_block = self._view.only_claims_block
        self._sampler.every(INTERVAL if somebody_waits and not self._only_claims_block else LEISURE)

    def never(self, resources: Resources) -> str:
        """Why such a job can never run here, even if nobody else used the GPUs; empty if it can."""
        if wants_gpu(resources) and not self._reading.problem:
            answer = admit(request_of(resources), self._reading, (), Observation(), self._settings)
            if isinstance(answer, Refusal) and answer.never:
                return answer.sentence
        return _too_many_cores(resources, self.cores)

    def sources(self) -> Sequence[Any]:
        return (self._sampler, self._watch)

    def refresh(self) -> None:
        """Take in the latest reading. Just after a claim has ended, ask for more if somebody waits: its memory may come back
        any moment."""
        now = time.monotonic()
        if self._watch.drain():
            self._claim_ended = now
        if self._somebody_waits and now - self._claim_ended < EAGER_FOR:
            self._sampler.ask()
        self._reading = self._sampler.read() or unknown("the NVIDIA driver has not answered yet", now)
        if not self._reading.problem:
            self._known = self._reading

    def patience(self) -> float:
        """Seconds after which to look again while a job waits for a GPU. The end of a claim wakes us by itself."""
        if time.monotonic() - self._claim_ended < EAGER_FOR:
            return EAGER_TICK
        return LEISURE if self._only_claims_block and self._watch.precise else TICK

    def close(self) -> None:
        self._sampler.close()
        self._watch.close()


def label_of(job: Job) -> str:
    """What others read in the claim of a job."""
    return f"exp-queue job {job.short_id}"


def usable_cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0))


def _too_many_cores(resources: Resources, cores: int) -> str:
    wanted = resources.cpus or 0
    return f"it asks for {wanted} CPU cores and there are {cores}" if wanted > cores else ""
