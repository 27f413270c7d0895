"""What a cluster offers to a runner: Slurm gives jobs their places, so there are no cores to count here and no GPUs to claim."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import Any

from scheduler.errors import StateError
from scheduler.experiments import SlurmWishes
from scheduler.experiments.asks import Asks
from scheduler.home import Home, default_root
from scheduler.linux.wakeups import Wakeups
from scheduler.queue.job import Job
from scheduler.runner.gpu_view import History
from scheduler.runner.other_machines import NO_PORTS, OtherMachines
from scheduler.shortage import Shortage
from scheduler.slurm import commands
from scheduler.slurm.fleet import Cluster, SlurmFleet
from scheduler.slurm.request import wanted

ROOM = 2000  # attempts that wait or run in Slurm at most: clusters limit what one user may have there
TRIALS = 10  # of a sweep, unless a person says another number: whoever asks for all at once learns nothing from the first
REFILL = 4  # more is submitted when a fourth of the room is free
ASK_AGAIN = 60.0  # seconds after which a partition may have come, or have nodes, that it had not
SHARED = "EXP_QUEUE_SHARED"


class AnyNode:
    """As `scheduler.runner.plan.Places`: which node a job gets, and when, Slurm says later."""

    def place(self, job: Job) -> str:
        return ""

    def with_start(self, job: Job, place: str) -> AnyNode:
        return self

    def behind(self, job: Job) -> AnyNode:
        return self


class OnCluster(OtherMachines):
    """The nodes of a cluster. Each job goes where its own file says, but for what was said of all of them. `never` asks Slurm
    itself."""

    def __init__(self, wishes: SlurmWishes, at_once: int | None, room: int, longest: int) -> None:
        """`wishes`: what is said of all jobs; the rest as `Cluster` has it."""
        super().__init__("")
        enough = max(1, room // REFILL) if room >= ROOM else 1
        self._cluster = Cluster(self.root_of, self.options_of, at_once, room, longest, enough)
        self._said = wishes
        self._expected = {wishes.partition}
        self._have_gpus: dict[str | None, bool] = {}  # by partition
        self._known: dict[Hashable, tuple[str, ...]] = {}  # what Slurm is asked for, by the kinds of jobs
        self._answers: dict[tuple[str, ...], tuple[str, float]] = {}  # its reasons, by that, and when each was given
        self._merged: dict[SlurmWishes, SlurmWishes] = {}
        self._roots: dict[str | None, Path] = {}

    @property
    def on(self) -> str:
        return "slurm"

    @property
    def there(self) -> str:
        return "in Slurm"

    @property
    def default_slots(self) -> int:
        return self._cluster.room

    @property
    def note(self) -> str:
        """Where the jobs go that were expected."""
        named = sorted(each for each in self._expected if each)
        where = f"partition{'s' * (len(named) > 1)} {', '.join(named)}" if named else ""
        default = "its default partition" if None in self._expected else ""
        most = f", {self._cluster.at_once} of an array at once" if self._cluster.at_once else ""
        return f"Slurm starts them, {' and '.join(filter(None, (where, default)))}{most}"

    def home_of(self, job: Job) -> Home:
        return Home(self.root_of(job))

    def places(self, history: History) -> AnyNode:
        return AnyNode()

    def fleet(self, wakeups: Wakeups, heard: Callable[[dict[str, Any]], None]) -> SlurmFleet:
        return SlurmFleet(self._cluster, wakeups, heard)

    def expect(self, wanted: Iterable[Asks]) -> None:
        self._expected = {self._wishes(each).partition for each in wanted} or self._expected

    def root_of(self, asks: Asks) -> Path:
        """The folder that the nodes see too: by what was said or the file, else $EXP_QUEUE_SHARED, else the state directory."""
        folder = self._wishes(asks).folder
        if folder not in self._roots:
            self._roots[folder] = _root(folder)
        return self._roots[folder]

    def options_of(self, asks: Asks) -> tuple[str, ...]:
        """What Slurm is asked for. Shortage while it does not say what its partition is."""
        try:
            return self._options(asks)
        except commands.NoAnswer as error:
            raise Shortage(f"Slurm does not answer: {error}") from None

    def kind(self, asks: Asks) -> Hashable:
        return asks.resources, asks.policy, asks.slurm

    def never(self, asks: Asks) -> str:
        """Slurm's reason. While it does not answer, or does not know its own nodes yet, nothing is said to be impossible."""
        if asks.policy.ports:
            return NO_PORTS
        try:
            options = self._options(asks)
        except commands.NoAnswer:
            return ""
        why, at = self._answers.get(options, ("", -math.inf))
        if at == -math.inf or (why and time.monotonic() - at >= ASK_AGAIN):
            why = _refusal(options, self._wishes(asks).partition)
            self._answers[options] = (why, time.monotonic())
        return why

    def _wishes(self, asks: Asks) -> SlurmWishes:
        if asks.slurm not in self._merged:
            self._merged[asks.slurm] = asks.slurm.but(self._said)
        return self._merged[asks.slurm]

    def _options(self, asks: Asks) -> tuple[str, ...]:
        """NoAnswer while Slurm does not say what its partition has."""
        kind = self.kind(asks)
        if kind not in self._known:
            wishes = self._wishes(asks)
            if wishes.partition not in self._have_gpus:
                self._have_gpus[wishes.partition] = commands.has_gpus(wishes.partition)
            self._known[kind] = wanted(asks.resources, asks.policy, wishes, has_gpus=self._have_gpus[wishes.partition])
        return self._known[kind]


def open_cluster(wishes: SlurmWishes, at_once: int | None, room: int) -> OnCluster:
    """The cluster that this machine's commands speak to: `at_once` of an array run at once, and `room` jobs are in Slurm at most.
    StateError where there is no Slurm, or it does not answer."""
    try:
        return OnCluster(wishes, at_once, room, commands.most_in_array())
    except commands.NoAnswer as error:
        raise StateError(f"Slurm does not answer: {error}", next_step="`sinfo` shows when it does again") from None


def _refusal(options: tuple[str, ...], partition: str | None) -> str:
    try:
        commands.test(options)
    except commands.NoAnswer as error:
        return f"Slurm says: {error}" if commands.knows_its_nodes(partition) and not _is_kept(options) else ""
    return ""


def _is_kept(options: tuple[str, ...]) -> bool:
    """Whether Slurm takes such a job although it would not start it now or later, as far as it sees: a node may come back."""
    try:
        commands.offer(options)
    except commands.NoAnswer:
        return False
    return True


def _root(folder: str | None) -> Path:
    given = folder or os.environ.get(SHARED)
    return Path(os.path.expandvars(given)).expanduser().absolute().resolve() if given else default_root().resolve()
