"""Wait for a claim: look, ask, and sleep until a claim ends or a second has passed."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from scheduler.errors import CannotEverRun, UserError
from scheduler.gpus.admission import admit
from scheduler.gpus.claims import Claim, Claimant, watch_claims
from scheduler.gpus.directory import lock_directory
from scheduler.gpus.observation import Observation, Settings, observe
from scheduler.gpus.placement import ClaimRecord, Placement, Refusal, Request
from scheduler.gpus.reading import Reading
from scheduler.gpus.sampler import TICK, Sampler
from scheduler.gpus.silence import Silence, unanswered
from scheduler.gpus.survey import survey, with_holders
from scheduler.linux.inotify import FolderWatch
from scheduler.shortage import is_short, words
from scheduler.terminal import say

# After a claim ends, the driver takes tens of milliseconds, at times seconds, to free its memory: look often for a
# while.
EAGER_TICK = 0.05
EAGER_FOR = 3.0
SAY_EVERY = 10.0
# `--wait 0` is one look, which needs the driver's answer: so long it may take. Without its persistence daemon it takes seconds.
ONE_LOOK = 10.0
MUTEX_PATIENCE = 0.5  # seconds; as long as many processes that decide at once may keep one another waiting


class GpusUnknown(UserError):
    """The NVIDIA driver is there but does not answer as it should. Never a reason to take the CPU or GPU 0 instead."""

    exit_status = 3


class WaitRanOut(CannotEverRun):
    """No GPU came free within the time that somebody was willing to wait."""


def on_stderr(sentence: str) -> None:
    """Say why we wait to whoever reads standard error."""
    say(f"waiting for a GPU: {sentence}")


def wait_for_claim(
    request: Request,
    settings: Settings,
    *,
    wait: float | None = None,
    label: str = "",
    environment: Mapping[str, str] = os.environ,
    say: Callable[[str], None] = on_stderr,
) -> Claim | None:
    """The claim, once admission grants it; None on a machine without any GPU.

    `say` hears, at most every ten seconds, why we wait. GpusUnknown if the driver fails from the start; a failure
    while we wait is waited out. CannotEverRun if this machine can never grant the request, WaitRanOut if it has not
    within `wait` seconds after the driver was asked (None: no limit; 0: one look, for which the driver has ONE_LOOK).
    """
    directory = lock_directory(environment)
    look, patience = _Look(request, settings, directory, label), _Patience(wait, say)
    with Sampler() as sampler, watch_claims(directory) as watch:
        while True:
            reading = sampler.read()
            if reading and not reading.problem and not reading.gpus:
                return None
            if sampler.hindrance:
                patience.refused(Refusal(sampler.hindrance))
            elif sampler.starting:
                patience.unanswered(sampler.silent_for)
            elif reading:
                answer = _unless_short(look, reading)
                if isinstance(answer, Claim):
                    return answer
                patience.refused(answer)
            _sleep(sampler, watch, patience)


def _unless_short(look: _Look, reading: Reading) -> Claim | Refusal:
    """What a look gives; a machine without room for one more file refuses for now."""
    try:
        return look.once(reading)
    except OSError as error:
        if not is_short(error):
            raise
        return Refusal(words(error))


def _sleep(sampler: Sampler, watch: FolderWatch, patience: _Patience) -> None:
    """Until there is something new, or it is time to look again."""
    events = select.poll()  # not select(2): a process may have more than 1024 descriptors
    for source in (sampler, watch):
        events.register(source.fileno(), select.POLLIN)
    events.poll(patience.tick() * 1000)
    if watch.drain():
        patience.claim_ended()
    if patience.eager():
        sampler.ask()


class _Look:
    """Looks whether the request can be granted, and remembers what it has seen."""

    def __init__(self, request: Request, settings: Settings, directory: Path, label: str) -> None:
        self._request, self._settings, self._directory, self._label = request, settings, directory, label
        self._claimant = Claimant(directory, MUTEX_PATIENCE)
        self._observation = Observation()
        self._driver_works = False
        self._told: set[tuple[str, int]] = set()

    def once(self, reading: Reading) -> Claim | Refusal:
        """A claim if this reading allows one. Whoever would be refused stays away from the mutex."""
        if reading.problem and not self._driver_works:
            raise GpusUnknown(reading.problem, next_step="mend the driver, or set CUDA_VISIBLE_DEVICES=-1 to use the CPU")
        self._driver_works = True
        claims = self._living()
        self._observation = observe(self._observation, reading, claims, self._settings)
        decide = partial(self._decide, reading)
        answer = decide(claims)
        return answer if isinstance(answer, Refusal) else self._claimant.take(decide, self._label)

    def _living(self) -> tuple[ClaimRecord, ...]:
        """The claims; what lies among them and is none is told once."""
        found = survey(self._directory)
        warnings = found.warnings(self._directory)
        say([f"warning: {text}" for key, text in warnings.items() if key not in self._told])
        self._told |= warnings.keys()
        return with_holders(self._directory, found.claims)

    def _decide(self, reading: Reading, claims: tuple[ClaimRecord, ...]) -> Placement | Refusal:
        return admit(self._request, reading, claims, self._observation, self._settings)


class _Patience:
    """How long to wait, how often to look, and how often to say why. The wait begins when the driver is asked."""

    def __init__(self, wait: float | None, say: Callable[[str], None]) -> None:
        self._wait, self._say, self._silence = wait, say, Silence(say)
        self._deadline: float | None = None
        self._said_at = self._ended_at = float("-inf")

    def unanswered(self, seconds: float) -> None:
        """The driver has not said its first word for so long, which counts as waiting. WaitRanOut if that is long enough."""
        self._silence.lasts(seconds)
        if self._wait and seconds and self._deadline is None:
            self._deadline = time.monotonic() - seconds + self._wait
        if self._wait is not None and seconds >= (self._wait or ONE_LOOK):
            raise WaitRanOut(f"no GPU within {self._wait:g} s: {unanswered(seconds)}", next_step="see `exp-queue doctor`")

    def refused(self, refusal: Refusal) -> None:
        """Say why we wait. CannotEverRun if waiting is in vain or has lasted long enough."""
        now = time.monotonic()
        if refusal.never:
            raise CannotEverRun(refusal.sentence, next_step="ask for less")
        if self._deadline is None:
            self._deadline = float("inf") if self._wait is None else now + self._wait
        if now >= self._deadline:
            raise WaitRanOut(f"no GPU within {self._wait:g} s: {refusal.sentence}", next_step="wait longer, or ask for less")
        if now - self._said_at >= SAY_EVERY:
            self._said_at = now
            self._say(refusal.sentence)

    def claim_ended(self) -> None:
        self._ended_at = time.monotonic()

    def eager(self) -> bool:
        """Whether a claim ended so recently that its memory may come back any moment."""
        return time.monotonic() - self._ended_at < EAGER_FOR

    def tick(self) -> float:
        """Seconds until the next look."""
        tick = EAGER_TICK if self.eager() else TICK
        return tick if self._deadline is None else min(tick, max(0.0, self._deadline - time.monotonic()))
