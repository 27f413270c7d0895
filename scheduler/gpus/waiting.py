"""Wait for a claim at the desk: look, ask, and sleep until a claim ends or a second has passed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from scheduler.errors import CannotEverRun, UserError
from scheduler.gpus.claims import Claim
from scheduler.gpus.desk import Desk
from scheduler.gpus.directory import lock_directory
from scheduler.gpus.observation import Settings
from scheduler.gpus.placement import Placement, Refusal, Request
from scheduler.gpus.sampler import Sampler
from scheduler.gpus.silence import Silence, unanswered
from scheduler.gpus.view import View
from scheduler.shortage import is_short, words
from scheduler.terminal import say

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
    patience, directory = _Patience(wait, say), lock_directory(environment)
    with Desk(Sampler(), settings, directory, MUTEX_PATIENCE) as desk:
        asker, sampler = _Asker(desk, request, label), desk.sampler
        while True:
            reading = desk.refresh()
            if not reading.problem and not reading.gpus:
                return None
            if sampler.hindrance:
                patience.refused(Refusal(sampler.hindrance))
            elif sampler.starting:
                patience.unanswered(sampler.silent_for)
            else:
                answer = asker.once()
                if isinstance(answer, Claim):
                    return answer
                patience.refused(answer)
            desk.rest(patience.within(desk.tick()))


class _Asker:
    """Asks at the desk whether the request can be granted, and remembers what it has told."""

    def __init__(self, desk: Desk, request: Request, label: str) -> None:
        self._desk, self._request, self._label = desk, request, label
        self._driver_works = False
        self._told: set[tuple[str, int]] = set()

    def once(self) -> Claim | Refusal:
        """A claim if the latest reading allows one. A machine without room for one more file refuses for now."""
        problem = self._desk.reading.problem
        if problem and not self._driver_works:
            raise GpusUnknown(problem, next_step="mend the driver, or set CUDA_VISIBLE_DEVICES=-1 to use the CPU")
        self._driver_works = True
        try:
            view = self._look()
            answer = view.place(self._request)
            return answer if isinstance(answer, Refusal) else self._desk.take(view, self._place, self._label)
        except OSError as error:
            if not is_short(error):
                raise
            return Refusal(words(error))

    def _look(self) -> View:
        """The view; what lies among the claims and is none is told once."""
        view, lying = self._desk.look(), self._desk.lying
        say([f"warning: {text}" for key, text in lying.items() if key not in self._told])
        self._told |= lying.keys()
        return view

    def _place(self, view: View) -> Placement | Refusal:
        return view.place(self._request)


class _Patience:
    """How long to wait, how often to look, and how often to say why. The wait begins when the driver is asked."""

    def __init__(self, wait: float | None, say: Callable[[str], None]) -> None:
        self._wait, self._say, self._silence = wait, say, Silence(say)
        self._deadline: float | None = None
        self._said_at = float("-inf")

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
            raise CannotEverRun(refusal.sentence, next_step=refusal.cure or "ask for less")
        if self._deadline is None:
            self._deadline = float("inf") if self._wait is None else now + self._wait
        if now >= self._deadline:
            raise WaitRanOut(f"no GPU within {self._wait:g} s: {refusal.sentence}", next_step="wait longer, or ask for less")
        if now - self._said_at >= SAY_EVERY:
            self._said_at = now
            self._say(refusal.sentence)

    def within(self, tick: float) -> float:
        """Seconds until the next look: `tick`, or fewer where the wait is over before."""
        return tick if self._deadline is None else min(tick, max(0.0, self._deadline - time.monotonic()))
