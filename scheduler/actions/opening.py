"""What most actions begin with: the user's queue, brought up to date, what this machine offers, and where we are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler.errors import UserError
from scheduler.home import Home, default_root, open_home
from scheduler.queue.store import Store
from scheduler.runner.settling import settle
from scheduler.terminal import say
from scheduler.values import dataclass

if TYPE_CHECKING:
    from scheduler.experiments import ExperimentFile, Policy
    from scheduler.gpus.observation import Settings
    from scheduler.queue.job import Job
    from scheduler.runner.devices import Devices
    from scheduler.runner.early import Early
    from scheduler.runner.limit import Slots
    from scheduler.sweeps.sweep import SweepPlan
    from scheduler.tracking.logged import Logged


@contextmanager
def opened_queue(say: Callable[[str], None], root: Path | None = None) -> Iterator[Store]:
    """The user's queue, or that in the state directory `root`, up to date with what happened while nobody watched. `say` hears
    who keeps its lock, if somebody does."""
    with Store(open_home(root), say, _summaries) as store:
        settle(store)
        yield store


def _summaries(store: Store, jobs: Sequence[Job]) -> Mapping[str, Logged]:
    from scheduler.actions.logged import summaries  # only a filter asks for what was logged

    return summaries(store, jobs)


@contextmanager
def opened_if_there(say: Callable[[str], None]) -> Iterator[Store | None]:
    """The user's queue, as above; None where there is none yet: whoever only looks makes none."""
    if not Home(default_root()).database.exists():
        yield None
        return
    with opened_queue(say) as store:
        yield store


@contextmanager
def opened_devices(settings: Settings | None = None, early: Early | None = None) -> Iterator[Devices]:
    """What jobs can compute on here. `settings`: how much respect for others; None: what the environment says. `early`: what has
    a launcher for them."""
    from scheduler.runner.devices import open_devices  # most who look at the queue ask for no GPU

    devices = open_devices(settings)
    if early:
        devices.early = early.take
    try:
        yield devices
    finally:
        devices.close()


def begun_early() -> Early:
    """A launcher for the first job of this machine, which starts while what will use it is still being loaded. To be closed."""
    from scheduler.runner.early import Early

    return Early(open_home())


@dataclass(frozen=True)
class ClusterWish:
    """Other machines than this one: `hosts` over ssh, or without any, Slurm; `slurm`: wishes about that, each KEY=VALUE; `sync`:
    whether the code is to be brought to the hosts."""

    slurm: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    sync: bool = False


def opened_to_run(
    plan: ExperimentFile,
    settings: Settings | None,
    cluster: ClusterWish | None,
    at_once: Slots,
    early: Early | None = None,
) -> AbstractContextManager[Devices]:
    """What the experiments of a file compute on: this machine, or with `cluster` other hosts, or the nodes of Slurm, where
    `at_once` of an array run at once. `early` as above."""
    if cluster is None:
        return opened_devices(settings, early)
    number = _number(at_once)
    ports = max([plan.policy.ports, *(each.policy.ports for each in plan.listed)])
    policy = replace(plan.policy, ports=ports)
    if cluster.hosts:
        return _opened_hosts(cluster, policy)
    from scheduler.experiments.slurm import changed
    from scheduler.runner.cluster import ROOM, open_cluster

    return closing(open_cluster(changed(plan.slurm, cluster.slurm), policy, number, ROOM))


def _opened_hosts(cluster: ClusterWish, policy: Policy) -> AbstractContextManager[Devices]:
    from scheduler.runner.hosts import bring_code, open_hosts  # most who run something do so on one machine

    directory = working_directory()
    if cluster.sync:
        bring_code(cluster.hosts, directory, say)
    return closing(open_hosts(cluster.hosts, policy, directory))


def opened_to_sweep(
    plan: SweepPlan, settings: Settings | None, cluster: ClusterWish | None, slots: Slots
) -> AbstractContextManager[Devices]:
    """The same for the trials of a sweep, `slots` of which wait or run in Slurm."""
    if cluster is None:
        return opened_devices(settings)
    number = _number(slots)
    if cluster.hosts:
        return _opened_hosts(cluster, plan.policy)
    from scheduler.experiments.slurm import NO_WISHES, changed
    from scheduler.runner.cluster import TRIALS, open_cluster

    return closing(open_cluster(changed(NO_WISHES, cluster.slurm), plan.policy, None, number or TRIALS))


def _number(slots: Slots) -> int | None:
    """Jobs at once on other machines. UserError for a number that is to be found out."""
    if slots is None or isinstance(slots, int):
        return slots
    raise UserError("-j auto is for jobs of this machine: elsewhere others run beside them", next_step="give a number, or none")


def working_directory() -> str:
    """The directory in which jobs are to start. UserError if it is gone."""
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        raise UserError("the working directory was removed", next_step="cd to one that is there") from None


def all_cold() -> AbstractContextManager[None]:
    """Meanwhile no job is forked from an interpreter that has its imports loaded."""
    from scheduler.linux import variables
    from scheduler.runner.warmth import COLD

    return variables.said(COLD, "1")
