"""`exp-queue run` and `exp-queue submit`: the experiments of a file, run now or only queued."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scheduler.cli.options import (
    format_option,
    leftovers_option,
    opened_store,
    order_options,
    print_lines,
    remark_options,
    say,
    share_option,
    sort_option,
    trackers_option,
)
from scheduler.cli.reading import reads_a_file, warn_of_what_is_missing
from scheduler.cli.start_options import how_options_of_jobs
from scheduler.errors import UserError
from scheduler.experiments import Experiment, ExperimentFile

SHOWN = 50  # jobs that `submit` lists, for people; programs get all

LATER = 1 << 61  # the number of a job that is never there

if TYPE_CHECKING:
    from scheduler.actions.order import Order
    from scheduler.actions.results import Sort
    from scheduler.cli.start_options import How
    from scheduler.home import Home
    from scheduler.queue.foresight import Foreseen
    from scheduler.runner.devices import Devices
    from scheduler.runner.limit import Slots


@click.command()
@reads_a_file
@how_options_of_jobs
@leftovers_option
@share_option
@order_options
@remark_options
@click.option("--dry-run", is_flag=True, help="Say what would run, where and how many, and start nothing.")
@click.option("--detach", is_flag=True, help="Run in the background, also after a logout; progress goes to a file.")
@click.option("--again", is_flag=True, help="Run everything, also what has succeeded before.")
@click.option("--lost", is_flag=True, help="Also run jobs again whose outcome is unknown.")
@sort_option("policy.objective of the file, a sweep file's metric, what the script declares")
@format_option
def run(
    plan: ExperimentFile,
    how: How,
    leftovers: str | None,
    share: int | None,
    order: Order,
    dry_run: bool,
    detach: bool,
    again: bool,
    lost: bool,
    sort: Sort | None,
    style: str,
) -> int:
    """Run the experiments of FILE and print what came out, best first.

    A second run of the same file repeats only what did not succeed. Ctrl-C once: start nothing more; twice: stop what runs.

    \b
    exp-queue run experiments/sample.yaml -j2
    exp-queue run grid.yaml train_args.lr=1e-3 --dry-run
    exp-queue run grid.yaml "train_args.lr=choice(1e-3,1e-4)" "+seed=range(3)"
    exp-queue run --commands jobs.txt
    exp-queue run grid.yaml --on slurm -j20
    exp-queue run grid.yaml --on ssh:ada,babbage
    """
    from scheduler.actions.opening import begun_early, opened_if_there, working_directory

    begins_here = how.elsewhere is None and not dry_run and not detach
    early = click.get_current_context().with_resource(begun_early()) if begins_here else None
    from scheduler.actions import run as action  # behind the launcher, which needs as long
    from scheduler.actions.results import sort_of
    from scheduler.cli.driving import concluded, sitting
    from scheduler.report.long_work import counted

    plan = order.on(plan.with_policy(leftovers=leftovers).with_share(share))
    directory, where = working_directory(), how.where(early)
    if how.elsewhere is None:
        warn_of_what_is_missing(plan)
    with where.opened(directory) as devices:
        if dry_run:
            from scheduler.queue.foresight import foresee

            experiments = list(action.possible(plan, devices))
            devices.expect(experiments)
            with opened_if_there(say) as store:
                found = foresee(store, experiments, directory, again=again, lost=lost)
            return _dry_run(plan, experiments, found, _at_once(where.slots, devices), style)
        if detach:
            return _detached(action.possible(plan, devices))
        count = partial(counted, what="experiments", plain=how.plain)
        asked = partial(action.run, again=again, lost=lost, begin=order.begin, through=count)
        with sitting(how, plan.path) as here:
            driven = here.drive(lambda store, terms, tell: asked(store, plan, devices, directory, terms, tell))
            return concluded(driven, here, style, by_file=True, sort=sort or sort_of(plan.policy))


def _dry_run(plan: ExperimentFile, experiments: Sequence[Experiment], found: Foreseen, where: str, style: str) -> int:
    from scheduler.report import submission, tables
    from scheduler.report.hydra_outputs import announcement

    if style == "json":
        tables.print_json(submission.planned_objects(experiments, found.verbs), sys.stdout)
        return 0
    say(announcement(plan.launch))
    say(f"{submission.foreseen(found, plan.path)}, {where}. Nothing was started.")
    tables.print_table(submission.planned_rows(experiments, found.verbs), sys.stdout)
    return 0


def _at_once(slots: Slots, devices: Devices) -> str:
    """How many, and on what."""
    from scheduler.report.pace import at_once
    from scheduler.runner.limit import most_of, why_most

    return f"{at_once(most_of(slots, devices), why_most(slots, devices))}; {devices.note}"


def _detached(experiments: Iterator[Experiment]) -> int:
    """The same command in a session of its own, with its output in a file."""
    from scheduler.cli.detaching import detach

    if any(map(_can_be_read_once, sys.argv[1:])):
        what = "--detach reads the file once more, which standard input and pipes do not allow"
        raise UserError(what, next_step="write it to a file of its own")
    for _ in experiments:  # what can never run is said here, not in a file that nobody looks into
        pass
    arguments = [word for word in sys.argv[1:] if word != "--detach"]
    process, log = detach(arguments)
    say(f"running in the background (pid {process}); progress: tail -f {log}")
    say("exp-queue status shows how it stands; exp-queue cancel queued running stops it")
    return 0


def _can_be_read_once(word: str) -> bool:
    """Whether a word of the command line names standard input, or a pipe such as a shell makes of `<(...)`."""
    name = word.removeprefix("--commands=")
    with suppress(OSError):  # a text that is too long for a name
        return name == "-" or Path(name).is_fifo()
    return False


def _who_runs(home: Home) -> str:
    """Who takes what was just queued: the runner of `work --forever`, which has all jobs, now and later, or nobody yet."""
    from scheduler.runner.presence import bounds

    runner = next((each for each in bounds(home) if each.has(LATER)), None)
    by = f"the runner with pid {runner.pid}" if runner and runner.pid else "a runner"
    return f"{by} takes what is queued" if runner else "`exp-queue work` runs what is queued"


@click.command()
@reads_a_file
@leftovers_option
@share_option
@order_options
@trackers_option
@remark_options
@click.option("--again", is_flag=True, help="Queue everything, also what has succeeded before.")
@click.option("--lost", is_flag=True, help="Also queue jobs again whose outcome is unknown.")
@format_option
def submit(
    plan: ExperimentFile, leftovers: str | None, share: int | None, order: Order, again: bool, lost: bool, style: str
) -> int:
    """Queue the experiments of FILE and start nothing: `exp-queue work` runs what is queued.

    \b
    exp-queue submit grid.yaml; exp-queue submit other.yaml; exp-queue work -j2
    """
    from scheduler.actions import submit as action
    from scheduler.actions.opening import working_directory
    from scheduler.actions.results import lines
    from scheduler.report.jobs import impossible
    from scheduler.report.long_work import counted
    from scheduler.report.progress import Progress
    from scheduler.report.submission import submitted_objects
    from scheduler.report.tables import print_json

    plan = order.on(plan.with_policy(leftovers=leftovers).with_share(share))
    warn_of_what_is_missing(plan)
    with opened_store() as store:
        tell = Progress(sys.stderr).tell
        every = counted(plan.experiments(), "experiments")
        submission = action.submit(store, plan, working_directory(), tell, every, again=again, lost=lost, begin=order.begin)
        say(f"nothing was started; {_who_runs(store.home)}")
        never = action.never(store, submission)
        for sentence in impossible(never):
            say(sentence)
        if style == "json":
            print_json(submitted_objects(submission, lines(store, submission.jobs, never)), sys.stdout)
            return 0
        shown = submission.jobs[:SHOWN]
        print_lines(lines(store, shown, never), style)
        if len(shown) < len(submission.jobs):
            say(f"... and {len(submission.jobs) - len(shown):,} more; `exp-queue status --limit 0` lists all jobs")
    return 0
