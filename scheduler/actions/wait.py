"""Wait until jobs are over, whoever runs them."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress

from scheduler.launcher.channel import Channel
from scheduler.launcher.client import connect
from scheduler.linux.holders import holders
from scheduler.linux.inotify import IN_CLOSE_WRITE, IN_MODIFY, IN_MOVED_TO, FolderWatch
from scheduler.linux.readable import readable
from scheduler.queue.evidence import look, paused
from scheduler.queue.job import Attempt, Job
from scheduler.queue.mine import Mine
from scheduler.queue.states import ENDED
from scheduler.queue.store import Store
from scheduler.runner import presence
from scheduler.runner.recovery import StillThere, verdict
from scheduler.runner.settling import settle
from scheduler.shortage import passing

RUNNERS_TIME = 1.0  # seconds in which a runner writes an end down that it has heard
BLIND = 1.0  # between two looks where the kernel gives no watch
ADVICE = 1.0  # between two looks for what a person should know
GATHER = 0.02  # for what comes together


def wait_for(
    store: Store, jobs: Sequence[Job], timeout: float | None, *, first: bool = False, say: Callable[[str], None] = lambda _: None
) -> list[int]:
    """Return when these jobs are over, or with `first` when one of those that were not is; the numbers of those that have ended
    meanwhile. TimeoutError after `timeout` seconds (None: however long it takes).

    Who writes to the queue wakes us, and what has run and ends. A runner writes down the ends that it hears; those that none has
    written after a moment are written here. `say` hears what the jobs wait for that nobody but a person changes.
    """
    mine, begun = Mine(store, jobs), store.last_event()
    with Ears(store) as ears:
        advice = Advice(store, mine, say)
        for rest in _rests(timeout):
            ears.drain()
            if mine.are_over() or (first and mine.ended_since(begun)):
                return mine.ended_since(begun)
            if rest <= 0:
                advice.conclude(mine.open_attempts())
                raise TimeoutError(_sentence(mine, timeout))
            active = mine.open_attempts()
            ears.follow(active)
            ears.wait(min(rest, advice.give(active, time.monotonic())))
    raise AssertionError  # the time has no end


class Advice:
    """What the jobs wait for that nobody but a person changes: said when it is another, looked for at most once a second."""

    def __init__(self, store: Store, mine: Mine, say: Callable[[str], None]) -> None:
        self._store, self._mine, self._say = store, mine, say
        self._told, self._due = "", -math.inf

    def give(self, active: Sequence[Attempt], now: float) -> float:
        """Say what there is to say now; returns the seconds until there may be more although nothing happens."""
        if now < self._due:
            return self._due - now
        self._due = now + ADVICE
        lasting = [attempt for attempt in active if attempt.started <= time.time() - ADVICE]  # a journal of short ones is long
        self._tell(self._text(active, lasting))
        return math.inf if len(lasting) == len(active) else ADVICE

    def conclude(self, active: Sequence[Attempt]) -> None:
        """Say what there is to say in the end, of short attempts too."""
        self._tell(self._text(active, active))

    def _tell(self, text: str) -> None:
        if text and text != self._told:
            self._say(text)
        self._told = text

    def _text(self, active: Sequence[Attempt], lasting: Sequence[Attempt]) -> str:
        found = []
        if lonely := self._mine.queued_outside(presence.driven(self._store.home)):
            found.append(f"{lonely:,} queued, and nobody runs them: `exp-queue work` does")
        elif not active and not self._mine.are_queued():
            found.append("what is left is held: `exp-queue release held` lets it start")
        if lasting and (count := len(paused(self._store.home, lasting))):
            found.append(f"{count} paused: `exp-queue continue paused` lets them go on")
        return "; ".join(found)


class Ears:
    """All that tells of an end: writes to the queue, runners that come and go, the launchers of what runs, and the processes of
    what has no launcher any more."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._watch = FolderWatch(IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO, store.home.root, store.home.launchers)
        self._launchers: dict[str, Channel] = {}
        self._orphans: dict[str, list[int]] = {}  # descriptors of processes, by the attempt's name
        self._active: Sequence[Attempt] = ()
        self._over: dict[str, float] = {}  # until when an end that was heard of may be written down by others, by attempt
        self._blind = False  # one of those that are followed cannot be heard

    def __enter__(self) -> Ears:
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as closing:
            closing.callback(self._watch.close)
            for channel in self._launchers.values():
                closing.callback(channel.close)
            for descriptors in self._orphans.values():
                _close(descriptors)

    def drain(self) -> None:
        """What was written until now is seen by the look that follows."""
        self._watch.drain()

    def follow(self, active: Sequence[Attempt]) -> None:
        """Listen to these attempts. While one of them cannot be heard, it is looked for again and again."""
        names = {attempt.name for attempt in active}
        self._over = {name: until for name, until in self._over.items() if name in names}
        self._active = active
        deaf = [attempt for attempt in active if not (self._is_heard(attempt) or self._listen_to(attempt))]
        self._blind = bool(deaf)

    def _is_heard(self, attempt: Attempt) -> bool:
        return attempt.launcher in self._launchers or attempt.name in self._orphans

    def _listen_to(self, attempt: Attempt) -> bool:
        """Whether its end will be heard."""
        with passing(), ExitStack() as unheard:
            line = connect(self._store.home, attempt.launcher)
            if line:
                unheard.callback(line.close)
            handles = [] if line else _handles(attempt)
            unheard.callback(_close, handles)
            # It may have ended before we were listening.
            if not isinstance(verdict(attempt.name, look(self._store.home, attempt)), StillThere):
                self._has_ended(attempt.name)
            if line:
                self._launchers[attempt.launcher] = line
            elif handles:
                self._orphans[attempt.name] = handles
            unheard.pop_all()
        return self._is_heard(attempt)

    def _has_ended(self, name: str) -> None:
        self._over.setdefault(name, time.monotonic() + RUNNERS_TIME)

    def patience(self, rest: float) -> float:
        """Seconds until the next look, of `rest`, if nothing is heard."""
        blind = BLIND if self._blind or not self._watch.precise else math.inf
        return max(0.0, min(rest, blind, min(self._over.values(), default=math.inf) - time.monotonic()))

    def wait(self, rest: float, *others: int) -> None:
        """Return when there is something to look for, or after `rest` seconds, or when one of the `others`, descriptors, is
        readable."""
        patience = self.patience(rest)
        handles = [handle for handles in self._orphans.values() for handle in handles]
        ready = readable((self._watch, *self._launchers.values(), *handles, *others), patience)
        self._hear(ready)
        if min(self._over.values(), default=math.inf) <= time.monotonic():
            self._over.clear()
            settle(self._store)
        elif ready.difference(others):
            time.sleep(min(GATHER, rest))

    def _hear(self, ready: set[int]) -> None:
        for launcher, line in list(self._launchers.items()):
            if line.fileno() in ready:
                messages, there = line.receive()
                if not there:
                    line.close()
                    del self._launchers[launcher]
                gone = [] if there else [attempt.name for attempt in self._active if attempt.launcher == launcher]
                for name in (*gone, *(message["attempt"] for message, _ in messages if message["is"] == "ended")):
                    self._has_ended(name)
        for name, handles in list(self._orphans.items()):
            if ready.intersection(handles):
                _close(self._orphans.pop(name))  # others of it may live on: they are looked for afresh
                self._has_ended(name)


def _handles(attempt: Attempt) -> list[int]:
    """Descriptors that become readable when a process of the attempt ends."""
    with ExitStack() as undone:
        found: list[int] = []
        undone.callback(_close, found)
        for process in holders(attempt.directory):
            with suppress(ProcessLookupError):
                found.append(os.pidfd_open(process.pid))
        undone.pop_all()
    return found


def _close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _rests(timeout: float | None) -> Iterator[float]:
    """Seconds until the time is up, again and again."""
    begun = time.monotonic()
    while True:
        yield math.inf if timeout is None else begun + timeout - time.monotonic()


def _sentence(mine: Mine, timeout: float | None) -> str:
    """What is not over, after the time-out."""
    first = mine.first_open()
    if first is None:
        return f"after {timeout:g} s the last of them has just ended"
    more = sum(count for state, count in mine.counts().items() if state not in ENDED) - 1
    others = f", and {more:,} more are not over" if more > 0 else ""
    return f"after {timeout:g} s job {first.short_id} is still {first.state}{others}"
