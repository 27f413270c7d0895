"""`exp-queue backup` and `exp-queue restore`: a copy of the queue, and the way back to it; and to a run."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from pathlib import Path

import click

from scheduler.cli.options import format_option, say


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@format_option
def backup(file: Path, style: str) -> int:
    """Copy the queue, as it is at this moment, to the new FILE, and check the copy. What runs is not disturbed.

    Logs and metrics are files below the state directory; any program for backups takes them.

    \b
    exp-queue backup queue-$(date +%F).db
    """
    from scheduler.home import open_home
    from scheduler.queue.backups import back_up
    from scheduler.report import tables

    copy = back_up(open_home(), file.absolute())
    if style == "json":
        tables.print_json([{"file": str(copy.file), "bytes": copy.size, "jobs": copy.jobs}], sys.stdout)
    else:
        tables.print_table(
            [{"file": str(copy.file), "size": f"{copy.size / 2**20:.1f} MiB", "jobs": _jobs(copy.jobs)}], sys.stdout
        )
    return 0


@click.command()
@click.argument("what", metavar="JOB|FILE")
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@format_option
def restore(what: str, directory: Path | None, style: str) -> int:
    """Bring a run back into the new folder DIR: its code at the commit that it ran, with what was not committed; a file that runs
    it again; what its latest attempt has left, with the best checkpoint. The checkout that it ran in stays as it is.

    With one word: put the backup FILE in the place of the queue. The present queue is kept beside it. Refused while jobs run. A
    job that has run since the backup was made is `lost`: its outcome is not in it.

    \b
    exp-queue restore eager-falcon-12 ../as-it-was
    exp-queue restore queue.db
    """
    return _restore_run(what, directory, style) if directory else _restore_queue(what, style)


def _restore_run(job: str, directory: Path, style: str) -> int:
    from scheduler.actions.bring_back import bring_back
    from scheduler.cli.options import opened_store
    from scheduler.queue.selection import select_single
    from scheduler.report import tables
    from scheduler.report.long_work import advancing
    from scheduler.terminal import show

    _refuse_a_backup(job)
    with opened_store() as store, advancing() as advance:
        found = bring_back(store, select_single(store, job), directory, advance)
    if style == "json":
        row = {"directory": str(found.directory), "file": str(found.file), "attempt": found.attempt}
        tables.print_json([{**row, "there": list(found.there), "missing": list(found.missing)}], sys.stdout)
    else:
        for each in found.there:
            show(f"{found.directory}: {each}")
        say(f"to run it again: cd {shlex.quote(str(found.file.parent))} && exp-queue run {found.file.name}")
    for each in found.missing:
        say(f"not there: {each}")
    return 1 if found.missing else 0


def _restore_queue(text: str, style: str) -> int:
    from scheduler.actions.restore import restore as put_back
    from scheduler.home import open_home
    from scheduler.report import tables
    from scheduler.report.long_work import advancing
    from scheduler.report.text import plural

    home, file = open_home(), Path(text)
    _refuse_a_job(text, file)
    with advancing() as advance:
        found = put_back(home, file.absolute(), advance)
    kept = str(found.kept) if found.kept else None
    if found.lost:
        many = plural(len(found.lost), "job")
        say(f"{many} had begun or were to begin, and the backup does not know how they ended: lost; see `exp-queue status lost`")
    if style == "json":
        row = {"queue": str(home.database), "jobs": found.jobs, "lost": list(found.lost), "kept": kept}
        tables.print_json([row], sys.stdout)
    else:
        tables.print_table([{"queue": str(home.database), "jobs": _jobs(found.jobs), "kept": kept or ""}], sys.stdout)
    return 0


def _refuse_a_backup(text: str) -> None:
    from scheduler.errors import UserError
    from scheduler.queue.backups import is_a_database

    with contextlib.suppress(OSError):
        if is_a_database(Path(text)):
            raise UserError(
                f"{text} is a backup of the queue, and no job", next_step=f"`exp-queue restore {text}` alone restores it"
            )


def _refuse_a_job(text: str, file: Path) -> None:
    """Whoever names a job wants it back, and has forgotten where."""
    from scheduler.actions.opening import opened_if_there
    from scheduler.errors import StateError, UserError
    from scheduler.queue.selection import count

    if os.path.lexists(file):
        return
    with contextlib.suppress(StateError), opened_if_there(say) as store:  # a damaged queue is what a backup is for
        try:
            jobs = count(store, [text]) if store else 0
        except UserError:
            return
        if jobs:
            raise UserError(f"{text} is a job, and there is no backup of that name", next_step=f"`exp-queue restore {text} DIR`")


def _jobs(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in counts.items()) or "none"
