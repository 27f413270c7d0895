"""The jobs of a multirun as jobs of the queue, and what they returned."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from signal import SIGINT
from typing import Any

from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn
from hydra.errors import CompactHydraException
from omegaconf import DictConfig, OmegaConf, open_dict

from scheduler.actions.drive import Driven, Tell, drive
from scheduler.actions.opening import opened_devices, working_directory
from scheduler.actions.results import lines
from scheduler.actions.run import possible
from scheduler.actions.submit import submit
from scheduler.actions.where import Where
from scheduler.api.arguments import terms_of
from scheduler.api.driving import How, Sitting, tell_of
from scheduler.api.job import Job, jobs_of
from scheduler.errors import CannotEverRun, UserError, about
from scheduler.experiments import Experiment, ExperimentFile
from scheduler.experiments.asks import Policy, Resources
from scheduler.experiments.document import values
from scheduler.experiments.layout import POLICY, RESOURCES
from scheduler.hydra_launcher import command
from scheduler.hydra_launcher.returned import returned
from scheduler.pacing import AUTO
from scheduler.queue.job import Job as QueuedJob
from scheduler.queue.states import WAITING
from scheduler.queue.store import Store
from scheduler.report.text import plural
from scheduler.runner.devices import Devices
from scheduler.terminal import say
from scheduler.values import dataclass


def launch(
    loader: Any, config: DictConfig, settings: Mapping[str, Any], job_overrides: Sequence[Sequence[str]], first: int
) -> Sequence[JobReturn]:
    """Run these jobs to their ends; what they return, in this order. One that fails is no error here: Hydra raises what it raised
    when somebody asks for its value. `loader`: Hydra's, of configurations; `config`: that of the multirun; `first`: the number of
    the first job. After a Ctrl-C the application ends, with the status that shells give such an end."""
    own = [list(overrides) for overrides in job_overrides]
    multirun = _Multirun(loader, config, settings)
    try:
        jobs = multirun.run([multirun.experiment(first + place, overrides) for place, overrides in enumerate(own)])
    except KeyboardInterrupt:  # all is said; Hydra would show where in our calls it was
        raise SystemExit(128 + SIGINT) from None
    except UserError as error:  # of its own errors Hydra shows the words alone, unless HYDRA_FULL_ERROR says otherwise
        raise CompactHydraException(str(error)) from error
    return [returned(job, overrides, config.hydra.job.name) for job, overrides in zip(jobs, own, strict=True)]


@dataclass(frozen=True)
class _Multirun:
    """A multirun: where its configurations come from, and on what terms its jobs run."""

    loader: Any
    config: DictConfig
    settings: Mapping[str, Any]

    def experiment(self, number: int, overrides: list[str]) -> Experiment:
        """One job. Equal ones of two multiruns differ in their directories, and so are two jobs."""
        config = self.loader.load_sweep_config(self.config, overrides)
        with open_dict(config):
            config.hydra.job.num, config.hydra.job.id = number, str(number)
        with _composed(config):
            place = command.Place(number, str(config.hydra.sweep.dir), str(config.hydra.sweep.subdir))
        of_hydra = OmegaConf.to_container(self.config.hydra.overrides.hydra)
        assert isinstance(of_hydra, list)
        start = command.beginning(sys.orig_argv, sys.argv[1:])
        argv = (*start, *command.words(_flags(sys.argv[1:]), of_hydra, overrides, place))
        said = json.dumps(command.configuration(_values(overrides)), default=str)
        return Experiment(argv, said, self._group, self._resources, self._policy, argv, passes_group=False)

    @property
    def _group(self) -> str:
        return self.settings["group"] or self.config.hydra.job.name

    @property
    def _resources(self) -> Resources:
        return replace(Resources(), **self._said(RESOURCES))

    @property
    def _policy(self) -> Policy:
        return replace(Policy(), **self._said(POLICY))

    def _said(self, readers: dict[str, Callable[[Any], Any]]) -> dict[str, Any]:
        return {
            name: self._asked(name, readers[name])
            for name, value in self.settings.items()
            if value is not None and name in readers
        }

    def _asked(self, name: str, reader: Callable[[Any], Any]) -> Any:
        """What is said under this name; None is nobody's wish. UserError with the key for what it cannot mean."""
        value = self.settings[name]
        with about(f"hydra.launcher.{name}"):
            return None if value is None else reader(value)

    def run(self, experiments: Sequence[Experiment]) -> Sequence[Job]:
        """The jobs of these experiments when they are over, in the same order."""
        path = next((word for word in experiments[0].argv if word.endswith(".py")), self.config.hydra.job.name)
        plan = ExperimentFile(path, None, (), (), self._resources, self._policy, (), listed=tuple(experiments))
        stagger, terms = self._asked("stagger", values.pause) or 0.0, terms_of(self._asked("jobs", _slots))

        def act(here: Sitting) -> Sequence[Job]:
            store = here.store
            with opened_devices() as devices:
                asked = _possible(plan, devices)
                jobs = _submitted(store, replace(plan, listed=tuple(asked)), stagger, here.tell)
                driven = drive(store, jobs, devices, here.terms, here.tell)
            here.over(Driven(driven.jobs, driven.left_out, driven.interrupted))
            found = list(store.by_numbers([job.number for job in jobs]))
            if driven.interrupted:
                say(_left(found))
            return list(jobs_of(store, lines(store, found)))

        return How(Where(), terms, self.settings["notify"] or ()).drive(path, act)


def _possible(plan: ExperimentFile, devices: Devices) -> list[Experiment]:
    """Its experiments. CannotEverRun, in the words of this face, if one of them can never run here."""
    try:
        return list(possible(plan, devices))
    except CannotEverRun as error:
        raise CannotEverRun(error.what, next_step=devices.cure or "ask for less under `hydra.launcher`") from None


def _submitted(store: Store, plan: ExperimentFile, stagger: float, tell: Tell) -> list[Any]:
    """Its experiments in the queue, all together or, with a `stagger`, each not before its time."""
    if not stagger:
        return list(submit(store, plan, working_directory(), tell, again=True).jobs)
    now, quiet = time.time(), tell_of(quiet=True)
    found: list[Any] = []
    for place, each in enumerate(plan.listed):
        one, begin = replace(plan, listed=(each,)), now + place * stagger
        found += submit(store, one, working_directory(), quiet, again=True, begin=begin if place else None).jobs
    return found


def _left(jobs: Sequence[QueuedJob]) -> str:
    """What an interrupted multirun leaves, and how to go on: Hydra, asked for the same again, begins another."""
    states = ", ".join(f"{count} {state}" for state, count in Counter(str(job.state) for job in jobs).items())
    said = f"{plural(len(jobs), 'job')} of this multirun: {states}"
    if any(job.state in WAITING for job in jobs):
        said += "; `exp-queue resume` runs what is queued, `exp-queue cancel queued` drops it"
    return said


@contextmanager
def _composed(config: DictConfig) -> Iterator[None]:
    """While what a configuration says of Hydra is looked up, `${hydra:...}` means this one."""
    before = HydraConfig.instance().cfg
    HydraConfig.instance().set_config(config)
    try:
        yield
    finally:
        HydraConfig.instance().cfg = before


def _flags(arguments: Sequence[str]) -> list[str]:
    """Where Hydra was told to look for the configuration."""
    given = get_args_parser().parse_args(list(arguments))
    names = ("config_path", "config_name", "config_dir")
    return [f"--{name.replace('_', '-')}={getattr(given, name)}" for name in names if getattr(given, name)]


def _values(overrides: Sequence[str]) -> Iterator[tuple[str, Any]]:
    for each in OverridesParser.create().parse_overrides(list(overrides)):
        if not each.key_or_group.startswith("hydra"):
            yield each.key_or_group, None if each.is_delete() else each.value()


def _slots(value: object) -> int | str:
    """So many jobs at once, or AUTO."""
    return AUTO if value == AUTO else RESOURCES["cpus"](value)
