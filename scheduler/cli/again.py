"""`exp-queue retry`, `resume` and `work`: run jobs that are in the queue already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scheduler.cli.options import format_option, print_lines, say
from scheduler.cli.start_options import how_options_of_jobs

if TYPE_CHECKING:
    from scheduler.cli.start_options import How


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@how_options_of_jobs
@click.option("--lost", is_flag=True, help="Also jobs whose outcome is unknown.")
@format_option
def retry(jobs: tuple[str, ...], how: How, lost: bool, style: str) -> int:
    """Run jobs again that failed, timed out or were cancelled, and those still queued.

    Trials that W&B's agents ran are offered to the next agent, and not waited for.

    JOB as for `status`.

    \b
    exp-queue retry failed -j2
    exp-queue retry 'failed and lr<0.01'
    exp-queue retry failed --on slurm -j20
    """
    from scheduler.actions.retry import retry as run_again
    from scheduler.cli.driving import concluded, sitting
    from scheduler.queue.selection import none_of

    with sitting(how, "retry") as here:
        driven = here.drive(lambda store, terms, tell: run_again(store, jobs, how.where(), terms, tell, lost=lost))
        if driven is None:
            say(f"{none_of(jobs)}: nothing to run again")
        if driven is None or not driven.jobs:  # or trials that agents are to run: what becomes of them is said
            print_lines((), style)
            return 0
        return concluded(driven, here, style, by_file=True)


@click.command()
@how_options_of_jobs
@click.option("--forever", is_flag=True, help="Do not end when the queue is empty: run what is submitted later, until a Ctrl-C.")
@format_option
def work(how: How, forever: bool, style: str) -> int:
    """Run everything that is queued, whoever queued it and from wherever.

    \b
    exp-queue work --forever -j2
    exp-queue work --on ssh:ada,babbage
    """
    from scheduler.actions.work import work as run_all
    from scheduler.cli.driving import concluded, sitting

    with sitting(how, "work") as here:
        driven = here.drive(lambda store, terms, tell: run_all(store, how.where(), terms, tell, forever=forever))
        return concluded(driven, here, style, by_file=False)


@click.command()
@how_options_of_jobs
@format_option
def resume(how: How, style: str) -> int:
    """Go on after an interruption, a crash or a reboot.

    Runs what is queued, what was cancelled, and what was lost but can resume.

    \b
    exp-queue resume -j2
    exp-queue resume --on slurm
    """
    from scheduler.actions.resume import resume as go_on
    from scheduler.cli.driving import concluded, sitting

    with sitting(how, "resume") as here:
        driven = here.drive(lambda store, terms, tell: go_on(store, how.where(), terms, tell))
        return concluded(driven, here, style, by_file=False)
