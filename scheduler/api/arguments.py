"""What people write in a call, as the words and values that actions take. UserError names the argument that is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from os import PathLike, fspath
from typing import Any, TypeVar

from scheduler.actions.drive import Terms
from scheduler.actions.order import Order
from scheduler.actions.where import Elsewhere, Where
from scheduler.api.job import Job
from scheduler.errors import UserError, about
from scheduler.experiments.command.launch import STYLE_NAMES, TEMPLATE, Asked
from scheduler.experiments.configurations.overrides import spelled
from scheduler.experiments.document import values
from scheduler.experiments.experiment_file import ExperimentFile
from scheduler.experiments.layout import AFTER_FAILURE, LEFTOVERS, RESOURCES, shared
from scheduler.experiments.slurm import read_wishes
from scheduler.home import default_root
from scheduler.pacing import AUTO
from scheduler.queue.moments import LATEST, moment
from scheduler.ssh.hosts import hosts_in
from scheduler.sweeps.sweep import SweepPlan

Changes = Mapping[str, Any] | Sequence[str] | None
Which = str | int | Job | Iterable[Job]
After = Which | Iterable[str] | None
Moment = str | float | datetime | None
File = str | PathLike[str]
Commands = File | Sequence[str] | None
Words = str | Sequence[str] | None
Slurm = Mapping[str, Any] | None
Read = TypeVar("Read")
Plan = TypeVar("Plan", ExperimentFile, SweepPlan)
CLUSTER, HOSTS = "slurm", "ssh:"  # as `on` says it


def words(changes: Changes) -> list[str]:
    """As the command line has them."""
    if isinstance(changes, str):
        raise UserError(f'the changes are a text, "{changes}"', next_step='write {"lr": 1e-3} or ["lr=1e-3"]')
    return spelled(changes) if isinstance(changes, Mapping) else list(changes or ())


def path_of(file: object) -> str:
    """The path of a file that is named."""
    if not isinstance(file, (str, PathLike)):
        kind = values.kind(file) if isinstance(file, (dict, list)) else repr(file)
        raise UserError(f"expected the path of a file, found {kind}", next_step="write it to a file, and give its path")
    return fspath(file)


def listed(commands: Commands) -> str | list[str]:
    """The path of a file that lists commands, or the commands."""
    if isinstance(commands, (str, PathLike)):
        return fspath(commands)
    found = list(commands or ())
    for number, each in enumerate(found):
        if not isinstance(each, str):
            next_step = "write each as one text, as for a shell; shlex.join makes one of a list of words"
            raise UserError(f"commands[{number}] is a {type(each).__name__}", next_step=next_step)
    return found


def named(which: Iterable[Which | Iterable[str]]) -> list[str]:
    """Words that name jobs; an int is a number as tables show it."""
    several = ([each] if isinstance(each, (str, int, Job)) else each for each in which)
    return [each.id if isinstance(each, Job) else _word(each) for some in several for each in some]


def _word(named: str | int) -> str:
    return named if isinstance(named, str) else f"#{named}"


def asked(program: str | None = None, style: str | None = None) -> Asked:
    """How to start the program, where it is not as the file says; argument files lie in the state directory."""
    styled = read("style", style, lambda value: values.choice(value, STYLE_NAMES))
    return Asked(program, styled or TEMPLATE, str(default_root() / "arguments"))


def with_leftovers(plan: ExperimentFile, leftovers: str | None) -> ExperimentFile:
    """What becomes of processes that a command leaves behind, where it is not as the file says."""
    wanted = read("leftovers", leftovers, lambda value: values.choice(value, LEFTOVERS))
    return plan.with_policy(leftovers=wanted)


def terms_of(jobs: int | str | None, grace: float | str | None = None, max_failures: float | None = None) -> Terms:
    """At most so many jobs at once, or "auto"; seconds from SIGINT to SIGTERM, failures in a row; None is nobody's wish."""
    if isinstance(jobs, str) and jobs != AUTO:
        raise UserError(f"jobs is {jobs!r}", next_step=f'give a whole number of 1 or more, "{AUTO}", or None')
    slots = jobs if isinstance(jobs, str) else count_of("jobs", jobs)
    return Terms(slots, read("grace", grace, values.pause), count_of("max_failures", max_failures))


def where_of(on: str | None, slurm: Slurm, sync: Any, terms: Terms) -> tuple[Where, Terms]:
    """Where the jobs run, and the terms for their runner there; None is this machine."""
    elsewhere = _elsewhere(on, slurm, sync=bool(read("sync", sync, values.truth)))
    if elsewhere and terms.slots == AUTO:
        what = f'jobs="{AUTO}" is for jobs of this machine: elsewhere others run beside them'
        raise UserError(what, next_step="give a number, or None")
    where = Where(elsewhere, None, terms.slots)
    return where, replace(terms, slots=where.slots)


def _elsewhere(on: str | None, slurm: Slurm, *, sync: bool) -> Elsewhere | None:
    hosts = () if on is None or on == CLUSTER else _hosts(on)
    if slurm is not None and on != CLUSTER:
        raise UserError("slurm says something of a cluster", next_step='write on="slurm" as well')
    if sync and not hosts:
        raise UserError("sync brings the code to hosts", next_step='write on="ssh:HOST,HOST" as well')
    if hosts:
        return Elsewhere(hosts=hosts, sync=sync)
    if not isinstance(slurm, (Mapping, type(None))):
        raise UserError(f"slurm is {slurm!r}", next_step='write slurm={"partition": "gpu", "time": "4h"}')
    return None if on is None else Elsewhere(read_wishes(slurm or {}, "slurm"))


def _hosts(on: object) -> tuple[str, ...]:
    if not isinstance(on, str) or not on.removeprefix(HOSTS) or not on.startswith(HOSTS):
        raise UserError(f"on is {on!r}", next_step='give "slurm", "ssh:" and hosts, such as "ssh:ada,babbage", or None')
    try:
        return hosts_in(on)
    except UserError as error:  # in the words of the command line
        raise UserError(error.what.removeprefix("--"), next_step=error.next_step) from None


def order_of(priority: int | None, begin: Moment, after: After, after_any: bool | None, after_failure: str | None) -> Order:
    """When the jobs have their turn; None is nobody's wish."""
    return Order(
        read("priority", priority, values.priority),
        read("begin", begin, _moment),
        None if after is None else tuple(named([after])),
        read("after_any", after_any, values.truth),
        read("after_failure", after_failure, lambda value: values.choice(value, AFTER_FAILURE)),
    )


def _moment(value: object) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < LATEST:
        return float(value)
    return moment(str(value), time.time())


def count_of(name: str, value: Any, least: int = 1) -> Any:
    """A whole number of `least` or more, or infinity, or None."""
    if value is None or (
        not isinstance(value, bool) and isinstance(value, (int, float)) and value >= least and value // 1 == value
    ):
        return value
    raise UserError(f"{name} is {value!r}", next_step=f"give a whole number of {least} or more, or None")


def read(name: str, value: Any, reader: Callable[[object], Read]) -> Read | None:
    """By the reader that files use for the same thing."""
    with about(name):
        return None if value is None else reader(value)


def share_of(value: Any) -> int | None:
    """So many jobs share a GPU; None is nobody's wish."""
    return read("share", value, RESOURCES["share"])


def remarked(plan: Plan, tags: Sequence[str], note: str | None) -> Plan:
    """With what is said of all its jobs; no tags, and None, are nobody's wish."""
    given = [tags] if isinstance(tags, str) else tags
    return replace(plan, remarks=plan.remarks.and_also(given, note))


def for_each_trial(plan: SweepPlan, gpus: Any, gpu_memory: Any, share: Any, timeout: Any, grace: Any) -> SweepPlan:
    """What a trial gets, which W&B's files have no words for."""
    memory = read("gpu_memory", gpu_memory, values.memory)
    wanted: dict[str, Any] = {"timeout": read("timeout", timeout, values.duration), "grace": read("grace", grace, values.pause)}
    policy = replace(plan.policy, **{name: value for name, value in wanted.items() if value is not None})
    resources = replace(plan.resources, gpus=count_of("gpus", gpus, least=0), gpu_memory=memory)
    resources = shared(resources, share_of(share))
    return replace(plan, resources=resources, policy=policy)
