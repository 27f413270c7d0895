"""Cancelling jobs that another machine has: those that wait there never start, and their launchers stop the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import Any, Protocol

from scheduler.linux.readable import readable
from scheduler.queue.evidence import is_on_host
from scheduler.queue.job import Attempt
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.runner.endings import write_down
from scheduler.runner.recovery import NeverRan, ending_of

CANCELLED = "cancelled by a person"
ENDS, AWAY = ("ended", "dropped"), "away"
Say = Callable[[str], None]


class Clerk(Protocol):
    """Who speaks with the machines: that of Slurm, or that of hosts."""

    def fileno(self) -> int: ...
    def watch(self, attempt: Attempt) -> object: ...
    def stop(self, attempt: str, state: str, grace: float | None) -> None: ...
    def forget(self, launcher: str) -> None: ...
    def reports(self) -> Iterable[dict[str, Any]]: ...
    def close(self) -> None: ...


def cancel_elsewhere(store: Store, attempts: Sequence[Attempt], say: Say, grace: float | None) -> None:
    """Stop these attempts; returns once their ends are written down, but for those on a host that does not answer: they are
    stopped when it does. `say` hears what is said of them meanwhile."""
    with store.change() as change:
        for attempt in attempts:
            change.stopping(attempt, CANCELLED)
    for on_hosts in (False, True):
        if some := [attempt for attempt in attempts if is_on_host(attempt) is on_hosts]:
            say(f"stopping {len(some)} {'on other hosts' if on_hosts else 'in Slurm'}")
            with closing(_clerk(store, on_hosts=on_hosts)) as clerk:
                _stop(store, clerk, some, say, grace)


def _clerk(store: Store, *, on_hosts: bool) -> Clerk:
    if on_hosts:
        from scheduler.runner.hosts import clerk_of  # most machines have neither

        return clerk_of(store.home)
    from scheduler.slurm.clerk import Clerk as OfSlurm

    return OfSlurm()


def _stop(store: Store, clerk: Clerk, attempts: Sequence[Attempt], say: Say, grace: float | None) -> None:
    for attempt in attempts:
        clerk.watch(attempt)
        clerk.stop(attempt.name, State.CANCELLED.value, grace)
    open_ones = {attempt.name: attempt for attempt in attempts}
    while open_ones:
        readable([clerk])
        for message in clerk.reports():
            if one := open_ones.get(message["attempt"]):
                _hear(store, one, message, say)
                if message["is"] in (*ENDS, AWAY):
                    del open_ones[one.name]
                if message["is"] in ENDS:
                    clerk.forget(one.launcher)


def _hear(store: Store, attempt: Attempt, message: dict[str, Any], say: Say) -> None:
    if message["is"] == "note" and message["text"]:
        say(f"{attempt.job[:8]}: {message['text']}")
    if message["is"] == AWAY:
        say(f"{attempt.job[:8]} is stopped when a runner with --on reaches its host, which does not answer: {message['why']}")
    if message["is"] in ENDS:
        end = message.get("end")
        if end:
            write_down(store, attempt, ending_of(end), end["duration"], end)
        else:
            write_down(store, attempt, NeverRan(), None)
