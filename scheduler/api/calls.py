"""What a notebook or a program calls: each opens the queue, does one thing that the command line does too, returns values."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from scheduler.actions import resume as resuming
from scheduler.actions import retry as retrying
from scheduler.actions import run as running
from scheduler.actions import submit as submitting
from scheduler.actions import work as working
from scheduler.actions.agents import send_home, split
from scheduler.actions.drive import Driven
from scheduler.actions.opening import opened_queue, working_directory
from scheduler.actions.results import Sort, lines, sort_of
from scheduler.actions.status import status
from scheduler.api.arguments import (
    After,
    Changes,
    Commands,
    File,
    Moment,
    Slurm,
    Which,
    Words,
    asked,
    named,
    order_of,
    read,
    remarked,
    share_of,
    with_leftovers,
)
from scheduler.api.driving import Notify, Sitting, how_of, planned, say_of, tell_of, warn
from scheduler.api.job import Job, Jobs, jobs_of, stop
from scheduler.experiments.document import values
from scheduler.home import default_root
from scheduler.queue import selection
from scheduler.report.agents import sent_home
from scheduler.terminal import say
from scheduler.tracking.trackers.names import asked_of_jobs


def run(
    file: File | None = None,
    changes: Changes = None,
    *,
    commands: Commands = None,
    jobs: int | str | None = None,
    again: bool = False,
    lost: bool = False,
    grace: float | str | None = None,
    max_failures: float | None = None,
    program: str | None = None,
    style: str | None = None,
    leftovers: str | None = None,
    share: int | None = None,
    notify: Notify = (),
    sort: str | None = None,
    priority: int | None = None,
    begin: Moment = None,
    after: After = None,
    after_any: bool | None = None,
    after_failure: str | None = None,
    tags: Sequence[str] = (),
    note: str | None = None,
    trackers: Words = None,
    on: str | None = None,
    slurm: Slurm = None,
    sync: bool = False,
    quiet: bool = False,
) -> Jobs:
    """Run the experiments of a file until all are over; returns their jobs, the best first. What has succeeded before is not
    repeated. A job that fails is no error: look at `all_succeeded` and at each job's state.

    `changes`: values to set in every experiment, `{"lr": 1e-3, "network_args.width": 64}`, or words as on the command line,
    `["~dropout"]`. `commands`: in place of a file, command lines, one job each, or the path of a file that lists them; each is
    run by `sh -c`, and `[gpus=2 memory=10G]` may stand before it. `jobs`: at most so many at once; "auto": as many as are fastest
    together, found out while they run; None: one for each GPU, and without GPUs half the cores. `again`: run also what has
    succeeded; `lost`: also what ended nobody knows how. `grace`: seconds from SIGINT to SIGTERM of a stop, instead of the jobs'
    own. `max_failures`: after so many failures in a row just after their start no more of that program (None: what the file says,
    else 5; math.inf: never). `program`: a text such as "python train.py" to run instead of the file's own, `style`: how it takes
    its arguments, "json", "flags" or "hydra". `leftovers`: processes that a command leaves behind go on while they "work", or
    until they end, "wait", or "kill" ends them. `share`: so many such jobs on one GPU, whatever memory they need. `notify`: who
    is told of the end, the first failure and a standstill, as `exp-queue run --help` has it, one word or several. `priority`: the
    higher starts first (None: what the file says, else 0). `begin`: they do not start before, as a text ("18:30", "2h",
    "2026-12-24T18:30"), a datetime, or seconds since 1970. `after`: jobs that they come after, named as for `jobs`, or the jobs
    themselves; all of these must succeed, with `after_any` one; else they are skipped, or with `after_failure` "run" they run
    nevertheless. `tags` and `note`: said of all of them, as by `Job.tag` and `Job.note`. `sort`: by which metric the best come
    first, such as "accuracy:max" (None: the objective of the file, or of the script). `trackers`: where goes, too, what the jobs
    log by our own calls: "tensorboard", "wandb", "swanlab", "trackio", one or several; "wandb-local": what they log by W&B's
    goes to the server of this machine, which is to be there; "none": nowhere (None: what EXP_QUEUE_TRACKERS says). `on`: on
    other machines, "slurm" or "ssh:ada,babbage" (None: on this one); there `jobs` counts as on the command line. `slurm`: what
    Slurm is asked for, instead of what the file says, such as `{"partition": "gpu", "time": "4h"}`. `sync`: the code is brought
    to the hosts first. `quiet`: say nothing on standard error.

    Ctrl-C once: nothing more is started, and the call waits for what runs; twice: what runs is stopped; a third time: it leaves.
    Then KeyboardInterrupt is raised. What was not started stays queued, and the same call again goes on.

    UserError for what is wrong with the file or an argument; CannotEverRun, before anything is queued, for an experiment that
    this machine, or those that `on` names, can never run; StateError where these do not answer, or have other code.
    """
    how = how_of(jobs, grace, max_failures, notify, trackers, on, slurm, sync, quiet=quiet)
    order = order_of(priority, begin, after, after_any, after_failure)
    plan = with_leftovers(planned(file, changes, commands, asked(program, style)), leftovers)
    plan = remarked(order.on(plan.with_share(share_of(share))), tags, note)
    ranking = Sort.read(sort) if sort is not None else sort_of(plan.policy)
    warn(plan, here=how.where.elsewhere is None, quiet=quiet)

    def act(here: Sitting) -> Jobs:
        directory, asked = working_directory(), partial(running.run, again=again, lost=lost, begin=order.begin)
        with how.where.opened(directory, say_of(quiet=quiet)) as devices:
            driven = asked(here.store, plan, devices, directory, here.terms, here.tell)
        return here.over(driven, ranking)

    return how.drive(plan.path, act)


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
    share: int | None = None,
    priority: int | None = None,
    begin: Moment = None,
    after: After = None,
    after_any: bool | None = None,
    after_failure: str | None = None,
    tags: Sequence[str] = (),
    note: str | None = None,
    trackers: Words = None,
    quiet: bool = False,
) -> Jobs:
    """Queue the experiments of a file and start nothing; returns their jobs in the order of the file. `work` runs them, here or
    in another program. The arguments and errors are those of `run`."""
    order = order_of(priority, begin, after, after_any, after_failure)
    plan = with_leftovers(planned(file, changes, commands, asked(program, style)), leftovers)
    plan = remarked(order.on(plan.with_share(share_of(share))), tags, note)
    warn(plan, here=True, quiet=quiet)
    with asked_of_jobs(trackers, "trackers"), opened_queue(say_of(quiet=quiet)) as store:
        here, tell = working_directory(), tell_of(quiet=quiet)
        submission = submitting.submit(store, plan, here, tell, again=again, lost=lost, begin=order.begin)
        return jobs_of(store, lines(store, submission.jobs, submitting.never(store, submission)))


def retry(
    *which: Which,
    jobs: int | str | None = None,
    lost: bool = False,
    grace: float | str | None = None,
    max_failures: float | None = None,
    notify: Notify = (),
    trackers: Words = None,
    on: str | None = None,
    slurm: Slurm = None,
    sync: bool = False,
    quiet: bool = False,
) -> Jobs:
    """Run jobs again that failed, timed out or were cancelled, and those of them that are queued; returns them, the best first.
    Trials that W&B's agents ran are offered to the next agent, and not waited for.

    `which` as for `jobs`, and at least one. UserError for one that succeeded, and for a lost one unless `lost` says so; the other
    arguments, errors and Ctrl-C are those of `run`.
    """
    chosen = named(which)
    how = how_of(jobs, grace, max_failures, notify, trackers, on, slurm, sync, quiet=quiet)

    def act(here: Sitting) -> Jobs:
        driven = retrying.retry(here.store, chosen, how.where, here.terms, here.tell, lost=lost)
        if driven and not driven.jobs:  # trials that agents are to run
            return jobs_of(here.store, ())
        return here.over(driven or Driven())

    return how.drive("retry", act)


def work(
    *,
    jobs: int | str | None = None,
    forever: bool = False,
    grace: float | str | None = None,
    max_failures: float | None = None,
    notify: Notify = (),
    trackers: Words = None,
    on: str | None = None,
    slurm: Slurm = None,
    sync: bool = False,
    quiet: bool = False,
) -> Jobs:
    """Run everything that is queued, whoever queued it; returns the jobs that ended, the best first.

    `forever`: also what is queued later, until a Ctrl-C. The other arguments and Ctrl-C are those of `run`.
    """
    how = how_of(jobs, grace, max_failures, notify, trackers, on, slurm, sync, quiet=quiet)

    def act(here: Sitting) -> Jobs:
        return here.over(working.work(here.store, how.where, here.terms, here.tell, forever=forever), by_file=False)

    return how.drive("work", act)


def resume(
    *,
    jobs: int | str | None = None,
    grace: float | str | None = None,
    max_failures: float | None = None,
    notify: Notify = (),
    trackers: Words = None,
    on: str | None = None,
    slurm: Slurm = None,
    sync: bool = False,
    quiet: bool = False,
) -> Jobs:
    """Go on after an interruption, a crash or a reboot: run what is queued, what was cancelled, and what was lost but can resume;
    returns the jobs that ended, the best first. (Jobs that are paused go on by `jobs("paused").resume()`.)

    The arguments and Ctrl-C are those of `run`.
    """
    how = how_of(jobs, grace, max_failures, notify, trackers, on, slurm, sync, quiet=quiet)

    def act(here: Sitting) -> Jobs:
        return here.over(resuming.resume(here.store, how.where, here.terms, here.tell), by_file=False)

    return how.drive("resume", act)


def jobs(*which: Which, limit: int = 0, sort: str | None = None) -> Jobs:
    """The jobs that `which` names, oldest first; without any, all. With `limit` only the newest so many. With `sort`, such as
    "accuracy:max", the best first, and `limit` takes the best.

    Each is the beginning of an id, a number (12, or "3-7"), a name, a state such as "failed", "last", "all", "group:NAME",
    "tag:NAME", "trial:N" of the newest sweep, a filter such as "lr<0.01 and best.val_cer<0.2", a Job, or several. UserError for a
    word that names nothing; a state and a filter may name none.
    """
    chosen = named(which)
    with opened_queue(say, only_looks=True) as store:
        if which and not chosen:  # of no jobs
            return Jobs((), ())
        return jobs_of(store, status(store, chosen, limit, Sort.read(sort) if sort is not None else None).lines)


def job(which: str | int | Job) -> Job:
    """The one job that `which` names, as `jobs` has it; of several in a state, the newest. UserError if there is none."""
    with opened_queue(say, only_looks=True) as store:
        return jobs_of(store, lines(store, [selection.select_single(store, *named([which]))]))[0]


def cancel(*which: Which, grace: float | str | None = None) -> Jobs:
    """Take jobs out of the queue and stop those that run; returns them when all are over. Those that are over stay as they are.

    `which` as for `jobs`, and at least one; "agent:NAME" sends an agent of `exp-queue serve` home after its run. `grace`: seconds
    from SIGINT to SIGTERM, in which they can save their work; None: what their policy says. SIGKILL follows after half of that
    again.
    """
    agents, words = split(named(which))
    if agents:
        say(sent_home(send_home(default_root(), agents)))
    return stop(jobs(*words), read("grace", grace, values.pause)) if words else Jobs((), ())
