"""The desk at which GPUs are given out. Every runner, `exec` and lone process stands at one; they agree by the claims alone.

It observes (readings, living claims, what lies among them, what was seen before), has the `View` decide, and takes what was
decided once it is decided again under the machine's mutex. It knows requests and placements, and no jobs.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from scheduler.gpus.claims import Claim, Claimant, watch_claims
from scheduler.gpus.holders import Holders
from scheduler.gpus.observation import Observation, Settings, observe
from scheduler.gpus.placement import Placement, Refusal
from scheduler.gpus.reading import Reading, unknown
from scheduler.gpus.sampler import TICK, Sampler
from scheduler.gpus.survey import survey, with_holders
from scheduler.gpus.view import V, View
from scheduler.linux.inotify import FolderWatch

# After a claim ends, the driver takes tens of milliseconds, at times seconds, to free its memory: look often for a
# while.
EAGER_TICK = 0.05
EAGER_FOR = 3.0


class Desk:
    """One process's place at it. As a context, it starts the sampler, and closes it.

    `reading` is the latest; `lying`: what is among the claims and is none, as `Survey.warnings` has it.
    """

    def __init__(self, sampler: Sampler, settings: Settings, directory: Path, patience: float) -> None:
        """`directory` holds the claims; somebody who keeps its mutex is waited for during `patience` seconds."""
        self.sampler, self.settings, self.directory = sampler, settings, directory
        self.reading: Reading = unknown("the NVIDIA driver has not answered yet", time.monotonic())
        self.lying: Mapping[tuple[str, int], str] = {}
        self._claimant, self._watch = Claimant(directory, patience), watch_claims(directory)
        self._observation, self._holders = Observation(), Holders()
        self._claim_ended = float("-inf")

    # Observe.

    def refresh(self, *, somebody_waits: bool = True) -> Reading:
        """Take in the latest reading. Just after a claim has ended, ask for more if somebody waits: its memory may come back
        any moment."""
        if self._watch.drain():
            self._claim_ended = time.monotonic()
        if somebody_waits and self._is_eager():
            self.sampler.ask()
        self.reading = self.sampler.read() or self.reading
        return self.reading

    def look(self) -> View:
        """The GPUs by the latest reading, under the claims that live now."""
        found = survey(self.directory)
        claims = self._holders.named(self.directory, with_holders(self.directory, found.claims))
        self.lying = found.warnings(self.directory)
        self._observation = observe(self._observation, self.reading, claims, self.settings)
        return View(self.reading, claims, self._observation, self.settings)

    # Take.

    def take(self, view: V, decide: Callable[[V], Placement | Refusal], label: str) -> Claim | Refusal:
        """A claim on what `decide` grants by `view` under the claims that live once we hold the mutex: others may have been
        quicker. Ask the view first: whoever would be refused stays away from the mutex. `decide` must be quick and pure.

        StateError if the folder does not take the claim's file, OSError if the machine has no room for a descriptor.
        """
        return self._claimant.take(lambda living: decide(view.among(living)), label)

    # Wait.

    @property
    def sources(self) -> tuple[Sampler, FolderWatch]:
        """What is readable when there is something to take in."""
        return self.sampler, self._watch

    @property
    def hears_of_ends(self) -> bool:
        """Whether the end of a claim wakes us by itself."""
        return self._watch.precise

    def tick(self, leisure: float = TICK) -> float:
        """Seconds after which to look again in any case: `leisure`, or few just after a claim has ended."""
        return EAGER_TICK if self._is_eager() else leisure

    def rest(self, seconds: float) -> None:
        """Sleep until there is something to take in, at most `seconds`."""
        events = select.poll()  # not select(2): a process may have more than 1024 descriptors
        for source in self.sources:
            events.register(source.fileno(), select.POLLIN)
        events.poll(seconds * 1000)

    def close(self) -> None:
        self.sampler.close()
        self._watch.close()

    def __enter__(self) -> Desk:
        self.sampler.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _is_eager(self) -> bool:
        return time.monotonic() - self._claim_ended < EAGER_FOR
