"""`exp-queue tag`, `exp-queue note` and `exp-queue rename`: say something of jobs, at any time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from scheduler.cli.options import format_option, list_option, opened_store, say

if TYPE_CHECKING:
    from scheduler.actions.remark import Remarked


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB... TAG")
@click.option("--remove", is_flag=True, help="Take the tag away.")
@list_option
@format_option
def tag(jobs: tuple[str, ...], remove: bool, every: bool, style: str) -> int:
    """Give jobs a tag, whether they wait, run or are over: `exp-queue status tag:TAG` finds them, and so does every command that
    takes JOB. Several tags have commas between them.

    \b
    exp-queue tag last baseline
    exp-queue tag 3f2a eager-falcon-12 paper,figure-2
    exp-queue tag tag:baseline baseline --remove
    """
    from scheduler.actions import remark as action

    if len(jobs) == 1:
        raise click.UsageError("say which jobs, and which tag: `exp-queue tag JOB... TAG`")
    *words, tags = jobs
    with opened_store() as store:
        done = action.tag(store, words, [tags], remove=remove, every=every or style == "json")
    _tell(done, f"no longer tagged {tags}" if remove else f"tagged {tags}", style)
    return 0


@click.command()
@click.argument("job")
@click.argument("text", nargs=-1)
@click.option("--append", is_flag=True, help="A further line, behind the note that is there.")
@format_option
def note(job: str, text: tuple[str, ...], append: bool, style: str) -> int:
    """Write a note about JOB (or all jobs that it names), in the place of the one that is there; without TEXT, print it.

    An empty TEXT ('') takes the note away.

    \b
    exp-queue note last the learning rate was too high
    exp-queue note last
    """
    from scheduler.actions import remark as action

    with opened_store() as store:
        if text:
            done = action.annotate(store, [job], " ".join(text), append=append, every=style == "json")
            _tell(done, "noted" if any(text) else "without a note now", style)
            return 0
        if append:
            raise click.UsageError("say what to append: `exp-queue note JOB --append TEXT`")
        from scheduler.queue.selection import select
        from scheduler.report import remarks, tables

        found = select(store, [job])
    if style == "json":
        tables.print_json(remarks.objects(found), sys.stdout)
    else:
        remarks.print_notes(found, sys.stdout)
    return 0


@click.command()
@click.argument("job")
@click.argument("name")
@format_option
def rename(job: str, name: str, style: str) -> int:
    """Call JOB by another NAME, which no other job has; it can be typed wherever JOB stands. The name that the queue gave it goes
    on to name it, and takes its place again where NAME is that.

    \b
    exp-queue rename eager-falcon-12 baseline
    """
    from scheduler.actions import remark as action
    from scheduler.report import remarks, tables

    with opened_store() as store:
        found = action.rename(store, job, name)
    if style == "json":
        tables.print_json(remarks.objects([found]), sys.stdout)
    say(f"{found.short_id} is called {found.name}")
    return 0


def _tell(done: Remarked, what: str, style: str) -> None:
    from scheduler.report import remarks, tables
    from scheduler.report.text import plural

    if style == "json":
        tables.print_json(remarks.objects(done.jobs or ()), sys.stdout)
    elif done.jobs:
        tables.print_table(remarks.rows(done.jobs), sys.stdout)
    rest = "" if done.changed == done.named else f"; {plural(done.named - done.changed, 'job')} stayed as before"
    say(f"{plural(done.changed, 'job')} {what}{rest}")
