"""What a person is told who does not look: which notice of a runner is worth it, and in what words."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from scheduler.actions.drive import Driven, Tell, Terms
from scheduler.actions.notices import Driving, Told
from scheduler.actions.notify import outbox, settings
from scheduler.notify.event import END, FAILURE, STILL, Event
from scheduler.notify.settings import chosen
from scheduler.queue.here import directory
from scheduler.queue.job import Job
from scheduler.queue.states import State
from scheduler.report.log_view import last_lines
from scheduler.report.text import duration, plural
from scheduler.runner.notices import Ended, Halted, Impossible, StandsStill

FAILURES = (State.FAILED, State.TIMEOUT, State.LOST)
TAIL = 5


class Notifications:
    """Of one run of `about`: its first failure and its end, each once; and whatever it stands still for, each time. `send`: None:
    to nobody."""

    def __init__(self, about: str, send: Callable[[Event], None] | None, still: float | None = None) -> None:
        self._about, self._send, self._still = about, send, still
        self._since = time.monotonic()
        self._has_failed, self._is_over, self._has_begun = False, False, False
        self._directory = directory()  # it may be gone when something is told

    def terms(self, terms: Terms) -> Terms:
        """The same, and a standstill is looked for."""
        return replace(terms, still=self._still if self._send else None)

    def also(self, tell: Tell) -> Tell:
        """Tells whoever `tell` tells, and us."""

        def both(told: Told) -> None:
            tell(told)
            self.hear(told)

        return both if self._send else tell

    def hear(self, told: Told) -> None:
        """Send what of it is worth a notification."""
        if isinstance(told, Driving):
            self._has_begun = True
        elif isinstance(told, Ended):
            self._ended(told)
        elif isinstance(told, StandsStill):
            reason = f"nothing has run for {duration(told.seconds)}, and nothing can start: {told.reason}"
            self._tell(STILL, "the queue stands still", reason, reason=told.reason, seconds=told.seconds)
        elif isinstance(told, Halted):
            what = f"{told.program} has failed {plural(told.failures, 'time')} in a row and is started no more"
            waiting = f"{plural(told.waiting, 'job')} of it stay queued. The last log ends with\n"
            self._tell(STILL, what, waiting + "\n".join(last_lines(told.attempt.log, TAIL)), reason=what, waiting=told.waiting)
        elif isinstance(told, Impossible):
            what = f"{plural(told.jobs, 'job')} can never run {told.there}"
            self._tell(STILL, what, f"{told.reason}; what can run goes on", reason=told.reason, waiting=told.jobs)

    def over(self, driven: Driven, sentences: Sequence[str], title: str = "") -> None:
        """The run is over; its last words are `sentences`, and their first is the title unless that is given."""
        if driven.left:
            return self._end(f"{driven.left}: the runner has left", ["what runs goes on; the same command again joins it"])
        counts = Counter(str(job.state) for job in driven.jobs) if self._send else {}
        head = title or (sentences[0] if sentences else "nothing was run")
        return self._end(("interrupted: " if driven.interrupted else "") + head, sentences, jobs=dict(counts))

    def broken(self, error: BaseException) -> None:
        """The run ended with an error. What is wrong before anything runs is for whoever has just typed it."""
        if self._has_begun:
            self._end("the runner has ended with an error", [f"{type(error).__name__}: {error}", "what runs goes on"])

    def _ended(self, told: Ended) -> None:
        if told.again or told.ending.state not in FAILURES or self._has_failed:
            return
        self._has_failed = True
        took = f" after {duration(told.duration)}" if told.duration is not None else ""
        reason = f": {told.ending.reason}" if told.ending.reason else ""
        log = last_lines(told.attempt.log, TAIL)
        text = [f"{told.job.short_id} {told.ending.state}{took}{reason}", *log, f"exp-queue show {told.job.short_id}"]
        self._tell(FAILURE, f"the first job has {_past(told.ending.state)}", "\n".join(text), job=_facts(told.job, told))

    def _end(self, title: str, sentences: Sequence[str], **facts: Any) -> None:
        if not self._is_over:
            self._is_over = True
            seconds = round(time.monotonic() - self._since, 3)
            self._tell(END, title, "\n".join([*sentences, f"it took {duration(seconds)}"]), seconds=seconds, **facts)

    def _tell(self, kind: str, title: str, text: str, **facts: Any) -> None:
        if self._send:
            where = {"run": self._about, "directory": self._directory}
            self._send(Event(kind, f"{self._about}: {title}", text, {**where, **facts}))


@contextmanager
def notifying(words: Sequence[str], about: str, say: Callable[[str], None]) -> Iterator[Notifications]:
    """Notifications of one run to the channels that `words` name; without words to those that the configuration file says.
    UserError for a word that names none, and for what is wrong in the file."""
    found = settings()
    channels = chosen(words, found)
    box = outbox(channels, say) if channels else None
    told = Notifications(about, box.send if box else None, found.still_after)
    try:
        yield told
    except BaseException as error:
        told.broken(error)
        raise
    finally:
        if box:
            box.close()


def _past(state: State) -> str:
    return {State.FAILED: "failed", State.TIMEOUT: "run out of time"}.get(state, "been lost")


def _facts(job: Job, told: Ended) -> dict[str, Any]:
    return {
        "id": job.id,
        "state": str(told.ending.state),
        "exit_status": told.ending.exit_status,
        "reason": told.ending.reason,
        "config": job.config,
        "log": str(told.attempt.log),
    }
