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
from scheduler.api.arguments import Changes, Commands, File, Words, listed, path_of, words
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


def driving(
    terms: Terms,
    act: Callable[[Store, Terms, Tell, Notifications], Found],
    notify: Notify,
    about: str,
    *,
    quiet: bool,
    trackers: Words,
) -> Found:
    """What `act` makes of the queue; a Ctrl-C is for the jobs that it runs. `trackers`: see `asked_of_jobs`."""
    whom = [notify] if isinstance(notify, str) else list(notify)

    def braked(brake: Brake) -> Found:
        with notifying(whom, about, say_of(quiet=quiet)) as told, opened_queue(say_of(quiet=quiet)) as store:
            watched = told.terms(replace(terms, brake=brake, every=_every(quiet=quiet)))
            return act(store, watched, told.also(tell_of(quiet=quiet)), told)

    with asked_of_jobs(trackers, "trackers"), kept_if_asked():
        return interruptible(braked)


def over(store: Store, driven: Driven, told: Notifications, sort: Sort | None = None, *, by_file: bool = True) -> Jobs:
    """The best first. Those that stay queued since they can never run where they were to run say so. `by_file`: the same call
    names its jobs, and finds them again."""
    out = {number: each for each in driven.left_out if isinstance(each.why, str) for number in each.numbers}
    found = [_left_out(line, out.get(line.job.number)) for line in lines(store, driven.jobs)]
    results = best_first(found, sort)
    told.over(driven, farewell(results, store.home, driven.left_out, interrupted=driven.interrupted, by_file=by_file))
    return jobs_of(store, results)


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
