"""What the calls that run jobs have in common: what is to run, who hears of it, and what is returned."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from scheduler.actions.brake import Brake
from scheduler.actions.drive import Driven, Tell, Terms
from scheduler.actions.opening import opened_queue
from scheduler.actions.results import Line, Sort, best_first, lines
from scheduler.actions.where import Where
from scheduler.api.arguments import Changes, Commands, File, Slurm, Words, listed, path_of, terms_of, where_of, words
from scheduler.api.job import Jobs, jobs_of
from scheduler.api.keyboard import interruptible
from scheduler.errors import UserError
from scheduler.experiments import ExperimentFile
from scheduler.experiments.command.launch import Asked
from scheduler.experiments.command.missing import missing
from scheduler.experiments.command_list import read_commands
from scheduler.queue.store import Store
from scheduler.report.notifications import Notifications, notifying
from scheduler.report.progress import Progress
from scheduler.report.submission import farewell, remarks
from scheduler.runner.left_out import LeftOut
from scheduler.runner.pulse import EVERY
from scheduler.sweeps import read_file
from scheduler.sweeps.sweep import SweepPlan
from scheduler.terminal import say
from scheduler.tracking.trackers.names import asked_of_jobs
from scheduler.values import dataclass
from scheduler.wandb_server.background import kept_if_asked

Found = TypeVar("Found")
Notify = str | Sequence[str]


def planned(file: File | None, changes: Changes, commands: Commands, wanted: Asked) -> ExperimentFile:
    """What is to run: a file with changes, or commands alone. UserError for both, or neither."""
    if commands is None and file is not None:
        return read_file(path_of(file), words(changes), wanted)
    if commands is None or file is not None:
        what = "a file and commands are both given" if commands is not None else "nothing is given to run"
        raise UserError(what, next_step='write run("grid.yaml", {"lr": 1e-3}) or run(commands=["python train.py --lr 1e-3"])')
    return read_commands(listed(commands), changes=words(changes), asked=wanted)


@dataclass(frozen=True)
class Sitting:
    """A call that runs jobs, as long as it lasts: its queue, on what terms they run, who hears of it."""

    store: Store
    terms: Terms
    tell: Tell
    told: Notifications

    def over(self, driven: Driven, sort: Sort | None = None, *, by_file: bool = True) -> Jobs:
        """The best first. Those that stay queued since they can never run where they were to run say so. `by_file`: the same call
        names its jobs, and finds them again."""
        out = {number: each for each in driven.left_out if isinstance(each.why, str) for number in each.numbers}
        found = [_left_out(line, out.get(line.job.number)) for line in lines(self.store, driven.jobs)]
        results = best_first(found, sort)
        home, interrupted = self.store.home, driven.interrupted
        self.told.over(driven, farewell(results, home, driven.left_out, interrupted=interrupted, by_file=by_file))
        return jobs_of(self.store, results)


@dataclass(frozen=True)
class How:
    """On what terms the jobs of a call run: what the arguments say that all such calls have. `trackers`: see `asked_of_jobs`."""

    where: Where
    terms: Terms
    notify: Notify = ()
    trackers: Words = None
    quiet: bool = False

    def drive(self, about: str, act: Callable[[Sitting], Found]) -> Found:
        """What `act` makes of the queue; a Ctrl-C is for the jobs that it runs. Notifications are `about` that."""
        whom = [self.notify] if isinstance(self.notify, str) else list(self.notify)
        say, tell = say_of(quiet=self.quiet), tell_of(quiet=self.quiet)

        def braked(brake: Brake) -> Found:
            with notifying(whom, about, say) as told, opened_queue(say) as store:
                terms = told.terms(replace(self.terms, brake=brake, every=_every(quiet=self.quiet)))
                return act(Sitting(store, terms, told.also(tell), told))

        with asked_of_jobs(self.trackers, "trackers"), kept_if_asked():
            return interruptible(braked)


def how_of(
    jobs: int | str | None,
    grace: float | str | None,
    max_failures: float | None,
    notify: Notify,
    trackers: Words,
    on: str | None,
    slurm: Slurm,
    sync: bool,
    *,
    quiet: bool,
) -> How:
    """As `exp_queue.run` has these. UserError for one that is wrong."""
    where, terms = where_of(on, slurm, sync, terms_of(jobs, grace, max_failures))
    return How(where, terms, notify, trackers, quiet)


def _left_out(line: Line, out: LeftOut | None) -> Line:
    return replace(line, obstacle=str(out.why), there=out.there) if out else line


def _nobody(told: object) -> None:
    """Hears nothing."""


def tell_of(*, quiet: bool) -> Tell:
    """Who hears of the course of a run."""
    return _nobody if quiet else Progress(sys.stderr).tell


def _every(*, quiet: bool) -> float | None:
    """A notebook, or the log of a program, shows nothing else of a job that runs."""
    return None if quiet or (sys.stderr and sys.stderr.isatty()) else EVERY


def say_of(*, quiet: bool) -> Callable[[str], None]:
    """Who hears sentences."""
    return _nobody if quiet else say


def warn(plan: ExperimentFile | SweepPlan, *, here: bool, quiet: bool) -> None:
    """Say what the writer of a file should know and, where its jobs are to run `here`, which programs are not there."""
    if not quiet:
        say(remarks(plan.path, [*plan.notes, *map(str, missing(plan.launches) if here else ())]))
