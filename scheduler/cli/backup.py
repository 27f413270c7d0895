"""`exp-queue backup` and `exp-queue restore`: a copy of the queue, and the way back to it."""

from __future__ import annotations

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
@click.argument("file", type=click.Path(path_type=Path))
@format_option
def restore(file: Path, style: str) -> int:
    """Put the backup FILE in the place of the queue. The present queue is kept beside it.

    Refused while jobs run. A job that has run since the backup was made is `lost`: its outcome is not in it.
    """
    from scheduler.actions.restore import restore as put_back
    from scheduler.home import open_home
    from scheduler.report import tables
    from scheduler.report.text import plural

    home = open_home()
    found = put_back(home, file.absolute())
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


def _jobs(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in counts.items()) or "none"
