"""What a notebook or a program calls: each opens the queue, does one thing that the command line does too, returns values."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike, fspath
from typing import TypeVar

from scheduler.actions import retry as retrying
from scheduler.actions import run as running
from scheduler.actions import submit as submitting
from scheduler.actions import sweep as sweeping
from scheduler.actions.brake import Brake
from scheduler.actions.drive import Driven, Tell, Terms, drive_everything
from scheduler.actions.opening import opened_devices, opened_queue, working_directory
from scheduler.actions.results import Sort, best_first, lines, sort_of
from scheduler.actions.status import status
from scheduler.actions.trials import remembered
from scheduler.api.arguments import (
    Changes,
    Commands,
    File,
    Which,
    asked,
    count_of,
    for_each_trial,
    named,
    read,
    terms_of,
    with_leftovers,
    words,
)
from scheduler.api.job import Job, Jobs, jobs_of, stop
from scheduler.api.keyboard import interruptible
from scheduler.api.trial import Trials, trials_of
from scheduler.errors import Note, UserError
from scheduler.experiments import ExperimentFile
from scheduler.experiments.command.launch import Asked
from scheduler.experiments.command_list import read_commands
from scheduler.experiments.document import values
from scheduler.queue import selection
from scheduler.queue.store import Store
from scheduler.queue.trials import latest_sweep, sweep_called
from scheduler.report.notifications import Notifications, notifying
from scheduler.report.progress import Progress
from scheduler.report.submission import farewell, remarks
from scheduler.report.sweeps import farewell as sweep_farewell
from scheduler.runner.pulse import EVERY
from scheduler.sweeps import read_file
from scheduler.sweeps.sweep import read_plan, standard_file
from scheduler.sweeps.wishes import Wishes
from scheduler.terminal import say

Found = TypeVar("Found")
Notify = str | Sequence[str]


def run(
    file: File | None = None,
    changes: Changes = None,
    *,
    commands: Commands = None,
    jobs: int | None = None,
    again: bool = False,
    lost: bool = False,
    grace: float | str | None = None,
    max_failures: float | None = None,
    program: str | None = None,
    style: str | None = None,
    leftovers: str | None = None,
    notify: Notify = (),
    sort: str | None = None,
    quiet: bool = False,
) -> Jobs:
    """Run the experiments of a file until all are over; returns their jobs, the best first. What has succeeded before is not
    repeated. A job that fails is no error: look at `all_succeeded` and at each job's state.

    `changes`: values to set in every experiment, `{"lr": 1e-3, "network_args.width": 64}`, or words as on the command line,
    `["~dropout"]`. `commands`: in place of a file, command lines, one job each, or the path of a file that lists them; each is
    run by `sh -c`, and `[gpus=2 memory=10G]` may stand before it. `jobs`: at most so many at once; None: one for each GPU, and
    without GPUs half the cores. `again`: run also what has succeeded; `lost`: also what ended nobody knows how. `grace`: seconds
    from SIGINT to SIGTERM of a stop, instead of the jobs' own. `max_failures`: after so many failures in a row just after their
    start no more of that program (None: what the file says, else 5; math.inf: never). `program`: a text such as
    "python train.py" to run instead of the file's own, `style`: how it takes its arguments, "json", "flags" or "hydra".
    `leftovers`: processes that a command leaves behind go on while they "work", or until they end, "wait", or "kill" ends them.
    `notify`: who is told of the end, the first failure and a standstill, as `exp-queue run --help` has it, one word or several.
    `sort`: by which metric the best come first, such as "accuracy:max" (None: the objective of the file, or of the script).
    `quiet`: say nothing on standard error.

    Ctrl-C once: nothing more is started, and the call waits for what runs; twice: what runs is stopped; a third time: it leaves.
    Then KeyboardInterrupt is raised. What was not started stays queued, and the same call again goes on.

    UserError for what is wrong with the file or an argument; CannotEverRun, before anything is queued, for an experiment that
    this machine can never run.
    """
    plan = with_leftovers(_plan(file, changes, commands, asked(program, style)), leftovers)
    order = Sort.read(sort) if sort is not None else sort_of(plan.policy)
    _warn(plan.path, plan.notes, quiet=quiet)

    def act(store: Store, terms: Terms, tell: Tell, told: Notifications) -> Jobs:
        with opened_devices() as devices:
            driven = running.run(store, plan, devices, working_directory(), terms, tell, again=again, lost=lost)
        return _over(store, driven, told, order)

    return _driving(terms_of(jobs, grace, max_failures), act, notify, plan.path, quiet=quiet)


def submit(
    file: File | None = None,
    changes: Changes = None,
    *,
    commands: Commands = None,
    again: bool = False,
    lost: bool = False,
    program: str | None = None,
    style: str | None = None,
    leftovers: str | None = None,
    quiet: bool = False,
) -> Jobs:
    """Queue the experiments of a file and start nothing; returns their jobs in the order of the file. `work` runs them, here or
    in another program. The arguments and errors are those of `run`."""
    plan = with_leftovers(_plan(file, changes, commands, asked(program, style)), leftovers)
    _warn(plan.path, plan.notes, quiet=quiet)
    with opened_queue(_say(quiet=quiet)) as store:
        submission = submitting.submit(store, plan, working_directory(), _tell(quiet=quiet), again=again, lost=lost)
        return jobs_of(store, lines(store, submission.jobs, submitting.never(store, submission)))


def retry(
    *which: Which,
    jobs: int | None = None,
    lost: bool = False,
    grace: float | str | None = None,
    max_failures: float | None = None,
    notify: Notify = (),
    quiet: bool = False,
) -> Jobs:
    """Run jobs again that failed, timed out or were cancelled, and those of them that are queued; returns them, the best first.

    `which` as for `jobs`, and at least one. UserError for one that succeeded, and for a lost one unless `lost` says so; the other
    arguments, errors and Ctrl-C are those of `run`.
    """
    chosen = named(which)

    def act(store: Store, terms: Terms, tell: Tell, told: Notifications) -> Jobs:
        return _over(store, retrying.retry(store, chosen, None, terms, tell, lost=lost) or Driven(), told)

    return _driving(terms_of(jobs, grace, max_failures), act, notify, "retry", quiet=quiet)


def work(
    *,
    jobs: int | None = None,
    forever: bool = False,
    grace: float | str | None = None,
    max_failures: float | None = None,
    notify: Notify = (),
    quiet: bool = False,
) -> Jobs:
    """Run everything that is queued, whoever queued it; returns the jobs that ended, the best first.

    `forever`: also what is queued later, until a Ctrl-C. The other arguments and Ctrl-C are those of `run`.
    """

    def act(store: Store, terms: Terms, tell: Tell, told: Notifications) -> Jobs:
        with opened_devices() as devices:
            return _over(store, drive_everything(store, devices, terms, tell, forever=forever), told)

    return _driving(terms_of(jobs, grace, max_failures), act, notify, "work", quiet=quiet)


def sweep(
    file: File | None = None,
    changes: Changes = None,
    *,
    jobs: int | None = None,
    method: str | None = None,
    count: int | None = None,
    time: float | str | None = None,
    sampler: str | None = None,
    pruner: str = "wandb",
    seed: int | None = None,
    again: bool = False,
    gpus: int | None = None,
    gpu_memory: str | None = None,
    share: int | None = None,
    timeout: float | str | None = None,
    grace: float | str | None = None,
    program: str | None = None,
    style: str | None = None,
    notify: Notify = (),
    quiet: bool = False,
) -> Trials:
    """Run a W&B sweep file (None: sweep.yaml, else sweeps/sample.yaml) and return its trials. The same call again goes on where
    the last one stopped, and returns the trials of before too.

    `changes` fix parameters. `method`: instead of the file's. `count`: at most so many new trials; `time`: none after so long
    (seconds, or a text such as "2h"). `sampler`, `pruner`: as `exp-queue sweep --help` has them. `seed`: of a new sweep. `again`:
    begin a new one. Of each trial: `gpus`, `gpu_memory` (a text such as "6GiB"), `share`, `timeout`, `grace` (seconds, or texts).
    `jobs`, `program`, `style`, `notify`, `quiet`, Ctrl-C and errors as for `run`.
    """
    path = standard_file() if file is None else fspath(file)
    plan = read_plan(path, words(changes), asked(program, style), method=method)
    plan = for_each_trial(plan, gpus, gpu_memory, share, timeout, grace)
    _warn(plan.path, plan.notes, quiet=quiet)
    wishes = Wishes(count_of("count", count), read("time", time, values.duration), sampler, pruner, seed, again)

    def act(store: Store, terms: Terms, tell: Tell, told: Notifications) -> Trials:
        with opened_devices() as devices:
            sweeping.refuse_impossible(plan, devices)
            swept = sweeping.sweep(store, plan, devices, working_directory(), terms, wishes, tell)
        last_words = sweep_farewell(swept.results, store.home, interrupted=swept.driven.interrupted) if swept.results else ()
        told.over(swept.driven, last_words)
        record = sweep_called(store, swept.results.sweep) if swept.results else latest_sweep(store, plan.key(working_directory()))
        assert record  # it has just been opened
        return trials_of(store, remembered(store, record))

    return _driving(terms_of(jobs), act, notify, plan.path, quiet=quiet)


def trials(file: File | None = None, changes: Changes = None) -> Trials:
    """The trials of the newest sweep, or with `file` of the newest of that file which was begun in this directory, with what
    those that still run have logged so far. UserError where there is none.

    `changes` as they were for the sweep, if they set its metric or command.
    """
    key = None if file is None else read_plan(fspath(file), words(changes), asked()).key(working_directory())
    with opened_queue(say) as store:
        record = latest_sweep(store, key)
        if record is None:
            what = "there is no sweep yet" if file is None else f"no sweep of {fspath(file)} was begun in this directory"
            raise UserError(what, next_step="sweep(FILE) begins one")
        return trials_of(store, remembered(store, record))


def jobs(*which: Which, limit: int = 0, sort: str | None = None) -> Jobs:
    """The jobs that `which` names, oldest first; without any, all. With `limit` only the newest so many. With `sort`, such as
    "accuracy:max", the best first, and `limit` takes the best.

    Each is the beginning of an id, a state such as "failed", "last", "all", "group:NAME", "trial:N" of the newest sweep, a Job,
    or several. UserError for a word that names nothing; a state may name none.
    """
    chosen = named(which)
    with opened_queue(say) as store:
        if which and not chosen:  # of no jobs
            return Jobs((), ())
        return jobs_of(store, status(store, chosen, limit, Sort.read(sort) if sort is not None else None).lines)


def job(which: str | Job) -> Job:
    """The one job that `which` names, as `jobs` has it; of several in a state, the newest. UserError if there is none."""
    with opened_queue(say) as store:
        return jobs_of(store, lines(store, [selection.select_single(store, *named([which]))]))[0]


def cancel(*which: Which, grace: float | str | None = None) -> Jobs:
    """Take jobs out of the queue and stop those that run; returns them when all are over. Those that are over stay as they are.

    `which` as for `jobs`, and at least one. `grace`: seconds from SIGINT to SIGTERM, in which they can save their work; None:
    what their policy says. SIGKILL follows after half of that again.
    """
    return stop(jobs(*which), read("grace", grace, values.pause)) if which else Jobs((), ())


def _plan(file: File | None, changes: Changes, commands: Commands, wanted: Asked) -> ExperimentFile:
    """What is to run: a file with changes, or commands. UserError for both, or neither."""
    if commands is None and file is not None:
        return read_file(fspath(file), words(changes), wanted)
    if commands is None or file is not None or changes:
        what = "a file and commands are both given, or changes to commands" if commands is not None else "nothing is given to run"
        raise UserError(what, next_step='write run("grid.yaml", {"lr": 1e-3}) or run(commands=["python train.py --lr 1e-3"])')
    return read_commands(fspath(commands) if isinstance(commands, (str, PathLike)) else list(commands))


def _driving(
    terms: Terms, act: Callable[[Store, Terms, Tell, Notifications], Found], notify: Notify, about: str, *, quiet: bool
) -> Found:
    """What `act` makes of the queue; a Ctrl-C is for the jobs that it runs."""

    whom = [notify] if isinstance(notify, str) else list(notify)

    def braked(brake: Brake) -> Found:
        with notifying(whom, about, _say(quiet=quiet)) as told, opened_queue(_say(quiet=quiet)) as store:
            watched = told.terms(replace(terms, brake=brake, every=_every(quiet=quiet)))
            return act(store, watched, told.also(_tell(quiet=quiet)), told)

    return interruptible(braked)


def _over(store: Store, driven: Driven, told: Notifications, sort: Sort | None = None) -> Jobs:
    """The best first. Those that stay queued since this machine can never run them say so."""
    why = {number: each.why for each in driven.left_out if isinstance(each.why, str) for number in each.numbers}
    never = {job.id: why[job.number] for job in driven.jobs if job.number in why}
    results = best_first(lines(store, driven.jobs, never), sort)
    told.over(driven, farewell(results, store.home, driven.left_out, interrupted=driven.interrupted, by_file=True))
    return jobs_of(store, results)


def _nobody(told: object) -> None:
    """Hears nothing."""


def _tell(*, quiet: bool) -> Tell:
    return _nobody if quiet else Progress(sys.stderr).tell


def _every(*, quiet: bool) -> float | None:
    """A notebook, or the log of a program, shows nothing else of a job that runs."""
    return None if quiet or (sys.stderr and sys.stderr.isatty()) else EVERY


def _say(*, quiet: bool) -> Callable[[str], None]:
    return _nobody if quiet else say


def _warn(path: str, notes: Sequence[Note], *, quiet: bool) -> None:
    if not quiet:
        say(remarks(path, notes))
