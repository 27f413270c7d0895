"""Wait until jobs are over, whoever runs them."""

from __future__ import annotations

import math
import os
import select
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress

from scheduler.launcher.channel import Channel
from scheduler.launcher.client import connect
from scheduler.linux.inotify import IN_CLOSE_WRITE, IN_MODIFY, IN_MOVED_TO, FolderWatch
from scheduler.queue.job import Attempt, Job
from scheduler.queue.mine import Mine
from scheduler.queue.states import ENDED
from scheduler.queue.store import Store
from scheduler.runner import forsaken, presence
from scheduler.runner.endings import settle
from scheduler.runner.recovery import StillThere, look, pause_of, verdict
from scheduler.shortage import passing

RUNNERS_TIME = 1.0  # seconds in which a runner writes an end down that it has heard
BLIND = 1.0  # between two looks where the kernel gives no watch
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
        told = ""
        for rest in _rests(timeout):
            ears.drain()
            if not _is_open(mine) or (first and mine.ended_since(begun)):
                return mine.ended_since(begun)
            if rest <= 0:
                raise TimeoutError(_sentence(mine, timeout))
            ears.follow(set(mine.active_names()))
            if (text := _for_a_person(store, mine)) != told and (told := text):
                say(text)
            ears.wait(rest)
    raise AssertionError  # the time has no end


def _is_open(mine: Mine) -> bool:
    """Whether any is not over; what costs most to find is looked for last."""
    return mine.are_queued() or bool(mine.active_names()) or mine.are_held()


def _for_a_person(store: Store, mine: Mine) -> str:
    """What the jobs wait for, if nothing will go on by itself."""
    active, found = set(mine.active_names()), []
    if mine.are_queued():
        runners = presence.driven(store.home)
        numbers = [n for n in mine.queued().numbers if not any(begin <= n <= end for begin, end in runners)]
        found += [f"{len(numbers):,} queued, and nobody runs them: `exp-queue work` does"] if numbers else []
    elif not active:
        found.append("what is left is held: `exp-queue release held` lets it start")
    paused = [each for each in store.open_attempts() if each.name in active and pause_of(store.home, each).since]
    found += [f"{len(paused)} paused: `exp-queue continue paused` lets them go on"] if paused else []
    return "; ".join(found)


class Ears:
    """All that tells of an end: writes to the queue, runners that come and go, the launchers of what runs, and the processes of
    what has no launcher any more."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._watch = FolderWatch(IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO, store.home.root, store.home.launchers)
        self._launchers: dict[str, Channel] = {}
        self._orphans: dict[str, list[int]] = {}  # descriptors of processes, by the attempt's name
        self._settle_at = math.inf

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

    def follow(self, active: set[str]) -> None:
        """Listen to the attempts of these names."""
        for attempt in self._store.open_attempts():
            if attempt.name not in active or attempt.launcher in self._launchers or attempt.name in self._orphans:
                continue
            with passing():
                self._listen_to(attempt)

    def _listen_to(self, attempt: Attempt) -> None:
        line = connect(self._store.home, attempt.launcher)
        if line:
            self._launchers[attempt.launcher] = line
        else:
            self._orphans[attempt.name] = list(_handles(attempt))
        # It may have ended before we were listening.
        if not isinstance(verdict(attempt.name, look(self._store.home, attempt)), StillThere):
            self._has_ended()

    def _has_ended(self) -> None:
        self._settle_at = min(self._settle_at, time.monotonic() + RUNNERS_TIME)

    def wait(self, rest: float) -> None:
        """Return when there is something to look for, or after `rest` seconds."""
        blind = math.inf if self._watch.precise else BLIND
        patience = max(0.0, min(rest, blind, self._settle_at - time.monotonic()))
        poll = select.poll()  # not select(2): a process may have more than 1024 descriptors
        handles = [handle for handles in self._orphans.values() for handle in handles]
        for source in (self._watch.fileno(), *(line.fileno() for line in self._launchers.values()), *handles):
            poll.register(source, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(None if patience == math.inf else math.ceil(1000 * patience))}
        self._hear(ready)
        if self._settle_at <= time.monotonic():
            self._settle_at = math.inf
            settle(self._store)
        elif ready:
            time.sleep(min(GATHER, rest))

    def _hear(self, ready: set[int]) -> None:
        for launcher, line in list(self._launchers.items()):
            if line.fileno() in ready:
                messages, there = line.receive()
                if not there:
                    line.close()
                    del self._launchers[launcher]
                if not there or any(message["is"] == "ended" for message, _ in messages):
                    self._has_ended()
        for name, handles in list(self._orphans.items()):
            if ready.intersection(handles):
                _close(self._orphans.pop(name))  # others of it may live on: they are looked for afresh
                self._has_ended()


def _handles(attempt: Attempt) -> Iterator[int]:
    """Descriptors that become readable when a process of the attempt ends."""
    for process in forsaken.holders(attempt.directory):
        with suppress(ProcessLookupError):
            yield os.pidfd_open(process.pid)


def _close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _rests(timeout: float | None) -> Iterator[float]:
    """Seconds until the time is up, again and again."""
    begun = time.monotonic()
    while True:
        yield math.inf if timeout is None else begun + timeout - time.monotonic()


def _sentence(mine: Mine, timeout: float | None) -> str:
    first, *more = [job for job in mine.jobs() if job.state not in ENDED]
    others = f", and {len(more):,} more are not over" if more else ""
    return f"after {timeout:g} s job {first.short_id} is still {first.state}{others}"
