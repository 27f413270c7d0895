"""The launchers of a runner whose jobs run on other machines: one for each order. To the runner they are like those of its own
machine: it chooses one, hands an order over and hears how that ends."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scheduler.gpus.packing import GpuUse, as_objects
from scheduler.launcher.spawning import Order
from scheduler.linux.wakeups import Wakeups
from scheduler.queue.asks import as_json
from scheduler.queue.job import Attempt, Job
from scheduler.queue.surroundings import KEPT, KEPT_IF_SET, Surroundings
from scheduler.shortage import NotThis
from scheduler.ssh.clerk import Clerk
from scheduler.ssh.hosts import launcher_of, new_order
from scheduler.ssh.kinds import kind_of
from scheduler.ssh.mirror import Mirror
from scheduler.ssh.orders import Host, Sent
from scheduler.ssh.places import NO_ROOM, NOWHERE

TOLD = ("running", "note", "ended", "dropped")  # what a runner hears of; the rest only wakes it


@dataclass
class Place:
    """The launcher of one attempt, on a host. It has what a launcher of this machine has."""

    id: str
    host: Host
    clerk: Clerk
    job: Job | None = None
    uses: Sequence[GpuUse] = ()
    attempts: list[str] = field(default_factory=list)
    number: int = 0
    port: int | None = None

    def start(self, order: Order, descriptors: list[int], *, more: bool = False) -> bool:
        """Send it to the host; where the line has broken, over the next one."""
        assert self.job
        self.attempts.append(order.attempt)
        mirror = Mirror(order.directory, order.log_cap)
        told = (guest_of(self.job, order, self.id), kind_of(self.job.resources, self.uses), as_objects(self.uses))
        self.clerk.send(Sent(self.id.rpartition("/")[2], self.host.name, order.attempt, mirror, *told))
        return True

    def release(self) -> None:
        """The attempt that it was chosen for did not begin."""
        self.host.busy.pop(self.id, None)

    def stop(self, attempt: str, state: str, grace: float | None = None) -> None:
        self.clerk.stop(attempt, state, grace)


class SshFleet:
    """As `scheduler.runner.launchers.Fleet`."""

    depth = 1

    def __init__(
        self,
        clerk: Clerk,
        names: Collection[str],
        wakeups: Wakeups,
        heard: Callable[[dict[str, Any]], None],
        uses: Callable[[Job], Sequence[GpuUse]] = lambda job: (),
    ) -> None:
        """`names`: the hosts that get orders; others are only watched. `uses`: what attempts at the experiment of a job have used
        of GPUs."""
        self._clerk, self._names, self._report, self._uses = clerk, names, heard, uses
        self._limit = math.inf
        wakeups.watch(clerk, self._hear)

    @property
    def capacity(self) -> int:
        """How many attempts all hosts together may have, with those of hosts that do not answer."""
        room = sum(host.room if host.name in self._names else len(host.busy) for host in self._clerk.hosts)
        return int(min(room, self._limit))

    def resize(self, limit: int) -> None:
        """So many in all; how much each takes of them, the hosts say themselves."""
        self._limit = limit

    def learn(self, duration: float) -> None:
        """Nothing is handed ahead of time."""

    def recall(self, now: float) -> None:
        """Nothing waits behind a job."""

    def patience(self, now: float) -> float | None:
        return None

    def well_fed(self) -> bool:
        return False

    def choose(self, job: Job, warm: object, launch: object, host: str) -> Place:
        """A place on that host. NotThis where it has none any more."""
        there = self._clerk.host(host)
        if not there.takes:
            raise NotThis(NOWHERE)
        uses = self._uses(job)
        kind = kind_of(job.resources, uses)
        if (why := there.seen().why_not(job.resources, kind)) is not None:
            raise NotThis(f"{host}: {why}" if why else NO_ROOM)
        place = Place(launcher_of(host, new_order(job.id)), there, self._clerk, job, uses)
        there.busy[place.id] = kind
        return place

    def flush(self) -> None:
        """They are sent one by one."""

    def attend(self, attempt: Attempt) -> Place | None:
        """Watch an attempt that an earlier runner has sent to a host; None where it has not."""
        host = self._clerk.watch(attempt)
        if host is None:
            return None
        host.busy[attempt.launcher] = None
        return Place(attempt.launcher, host, self._clerk, attempts=[attempt.name])

    def call_back(self) -> None:
        """Take back everything that has not started; `dropped` is reported for each."""
        self._clerk.call_back()

    def over(self, attempt: Attempt) -> None:
        """Its end is written down: its host need not keep anything of it."""
        self._clerk.forget(attempt.launcher)

    def leave(self) -> None:
        """What runs on hosts goes on; whoever has opened the lines closes them."""

    def tidy(self, still_needed: Collection[str]) -> None:
        """Nothing of it lies here."""

    def _hear(self) -> None:
        for message in self._clerk.reports():
            if message["is"] == "running":
                self._begun(message["launcher"])
            if message["is"] in ("ended", "dropped"):
                self._over(message["launcher"])
            if message["is"] in TOLD:
                self._report(message)
            elif host := message.get("keeps"):
                text = f"{host} does not answer, and so it is stopped when a run reaches {host}"
                self._report({"is": "note", "attempt": message["attempt"], "about": "", "text": text})

    def _begun(self, launcher: str) -> None:
        for host in self._clerk.hosts:
            if launcher in host.busy:
                host.busy[launcher] = None

    def _over(self, launcher: str) -> None:
        for host in self._clerk.hosts:
            host.busy.pop(launcher, None)


def guest_of(job: Job, order: Order, launcher: str) -> dict[str, Any]:
    """What a host is sent of a job. Whether it is tried again is for this queue to say."""
    attempt = Attempt(job.id, int(order.attempt.rpartition("/")[2]), launcher, order.directory, 0.0)
    policy = replace(job.policy, retries=0, resumable=False, max_failures=None, priority=0)
    return {
        "experiment": job.experiment,
        "group": job.group,
        "argv": list(job.argv),
        "arguments": job.arguments,
        "cwd": job.cwd,
        "resources": as_json(job.resources),
        "policy": as_json(policy),
        "environment": job.told(attempt),
        "surroundings": _surroundings(job, order).as_object(),
    }


def _surroundings(job: Job, order: Order) -> Surroundings:
    """What the job would keep of an environment here."""
    found = {**os.environ, **order.environment}
    names = (*KEPT, *(name for name in KEPT_IF_SET if found.get(name)), *job.policy.environment)
    return Surroundings(tuple((name, found.get(name)) for name in names), order.program)
