"""What an experiment asks for, and how its job is treated: what every job has, without all that makes experiments."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, Protocol

from scheduler.values import dataclass


@dataclass(frozen=True)
class Resources:
    """What an experiment asks for. None means: not said. `gpu_memory` is in MiB, on each GPU. `share`: so many such jobs at most
    on one GPU, whatever memory they need."""

    gpus: int | None = None
    gpu_memory: int | None = None
    cpus: int | None = None
    exclusive: bool = False
    share: int | None = None


@dataclass(frozen=True)
class Ranking:
    """Which experiments are better: those whose `metric` is small (`goal` minimize) or large (maximize)."""

    metric: str
    goal: str


@dataclass(frozen=True)
class Policy:
    """How its job is treated: further attempts after a failure, seconds for one attempt, whether it can resume.

    `max_failures`: after so many failures in a row, each just after its start, the rest of its program is not started; None:
    however many.
    `leftovers`: what becomes of processes that its script leaves behind: they may go on as long as they `work` (use a core, or
    read, or write), or to their end (`wait`), or are ended at once (`kill`). `grace`: seconds from the first signal of a stop to
    the next.
    `environment`: names of variables whose values it keeps, beside those that decide about its programs. `objective`: what ranks
    it among others. `priority`: the higher starts first. `after_any`: one of the jobs that it comes after is enough, not all;
    `after_failure`: where they do not succeed, `skip` it, or `run` it however they ended.
    `ports`: so many ports in a row that no other job of the machine has, and MASTER_PORT is the first; 0: it does not ask.
    `warm`: whether it may be forked from an interpreter that has its imports loaded, or these modules; None: where that pays.
    """

    retries: int = 0
    timeout: float | None = None
    resumable: bool = False
    leftovers: str = "work"
    grace: float = 10.0
    max_failures: int | None = 5
    environment: tuple[str, ...] = ()
    objective: Ranking | None = None
    priority: int = 0
    after_any: bool = False
    after_failure: str = "skip"
    ports: int = 0
    warm: bool | tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "environment", tuple(self.environment))  # JSON, in which it is kept, has lists only
        if isinstance(self.warm, list):
            object.__setattr__(self, "warm", tuple(self.warm))
        if isinstance(self.objective, dict):  # and no values of ours
            object.__setattr__(self, "objective", Ranking(self.objective["metric"], self.objective["goal"]))


@dataclass(frozen=True)
class SlurmWishes:
    """What Slurm is asked for beside the resources of an experiment. None: nothing is said. `memory`: MiB of the node's; `time`:
    seconds, where the policy has no time-out; `folder`: a directory that this machine and the nodes see under one name."""

    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    memory: int | None = None
    time: float | None = None
    folder: str | None = None

    @property
    def said(self) -> dict[str, Any]:
        """Those that are said, by their names."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def but(self, others: SlurmWishes) -> SlurmWishes:
        """These, where the others say nothing."""
        return replace(self, **others.said)


NO_WISHES = SlurmWishes()


class Asks(Protocol):
    """What asks for a place: a job, an experiment that is to become one, or what the trials of a sweep have in common."""

    @property
    def resources(self) -> Resources: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def slurm(self) -> SlurmWishes: ...
