"""What a cluster offers to a runner: Slurm gives jobs their places, so there are no cores to count here and no GPUs to claim."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scheduler.errors import StateError, UserError
from scheduler.experiments import Policy, Resources
from scheduler.experiments.slurm import SlurmWishes
from scheduler.home import Home, default_root
from scheduler.linux.wakeups import Wakeups
from scheduler.queue.job import Job
from scheduler.runner.devices import Devices
from scheduler.slurm import commands
from scheduler.slurm.fleet import Cluster, SlurmFleet
from scheduler.slurm.request import wanted

ROOM = 2000  # attempts that wait or run in Slurm at most: clusters limit what one user may have there
TRIALS = 10  # of a sweep, unless a person says another number: whoever asks for all at once learns nothing from the first
REFILL = 4  # more is submitted when a fourth of the room is free
SHARED = "EXP_QUEUE_SHARED"


class AnyNode:
    """As `scheduler.runner.plan.Places`: which node a job gets, and when, Slurm says later."""

    def place(self, job: Job) -> str:
        return ""

    def with_start(self, job: Job, place: str) -> AnyNode:
        return self

    def behind(self, job: Job) -> AnyNode:
        return self


class OnCluster(Devices):
    """The nodes of a cluster. `never` asks Slurm itself."""

    def __init__(self, cluster: Cluster, wishes: SlurmWishes, policy: Policy, *, has_gpus: bool) -> None:
        where = f"partition {wishes.partition}" if wishes.partition else "its default partition"
        most = f", {cluster.at_once} of an array at once" if cluster.at_once else ""
        super().__init__(f"Slurm starts them, {where}{most}")
        self._cluster, self._wishes, self._policy, self._has_gpus = cluster, wishes, policy, has_gpus
        self.home = Home(cluster.root)
        self._answers: dict[Resources, str] = {}

    @property
    def default_slots(self) -> int:
        return self._cluster.room

    def places(self) -> AnyNode:
        return AnyNode()

    def fleet(self, wakeups: Wakeups, heard: Callable[[dict[str, Any]], None]) -> SlurmFleet:
        return SlurmFleet(self._cluster, wakeups, heard)

    def room(self, resources: Resources) -> bool:
        return True

    def never(self, resources: Resources) -> str:
        """Slurm's reason. While it does not answer, or does not know its own nodes yet, nothing is said to be impossible."""
        if resources not in self._answers:
            try:
                commands.test(wanted(resources, self._policy, self._wishes, has_gpus=self._has_gpus))
            except commands.NoAnswer as error:
                is_sure = commands.knows_its_nodes(self._wishes.partition)
                self._answers[resources] = f"Slurm says: {error}" if is_sure else ""
            else:
                self._answers[resources] = ""
        return self._answers[resources]


def open_cluster(wishes: SlurmWishes, policy: Policy, at_once: int | None, room: int) -> OnCluster:
    """The cluster that this machine's commands speak to, for jobs of such a policy: `at_once` of an array run at once, and `room`
    are in Slurm at most. UserError where that is not to be had; StateError where there is no Slurm, or it does not answer."""
    if policy.ports:
        raise UserError(
            "policy.ports: a port that is free here says nothing about a node",
            next_step="leave it out, and have the script take a port that is free where it runs",
        )
    try:
        has_gpus, longest = commands.has_gpus(wishes.partition), commands.most_in_array()
    except commands.NoAnswer as error:
        raise StateError(f"Slurm does not answer: {error}", next_step="`sinfo` shows when it does again") from None

    def options(job: Job) -> tuple[str, ...]:
        return wanted(job.resources, job.policy, wishes, has_gpus=has_gpus)

    cluster = Cluster(_root(wishes), options, at_once, room, longest, max(1, room // REFILL) if room >= ROOM else 1)
    return OnCluster(cluster, wishes, policy, has_gpus=has_gpus)


def _root(wishes: SlurmWishes) -> Path:
    """The folder that the nodes see too: by the file, else $EXP_QUEUE_SHARED, else the state directory."""
    given = wishes.folder or os.environ.get(SHARED)
    return Path(os.path.expandvars(given)).expanduser().absolute().resolve() if given else default_root().resolve()
