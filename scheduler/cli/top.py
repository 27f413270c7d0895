"""`exp-queue top`: what runs, with keys."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from scheduler.cli.options import say, sharing_options

if TYPE_CHECKING:
    from scheduler.gpus.observation import Settings


@click.command()
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@sharing_options
def top(jobs: tuple[str, ...], settings: Settings) -> int:
    """The live view with keys, on the whole terminal: point at jobs, read their output while it grows, cancel, hold, pause, move,
    note and tag them. JOB: as for `status`, also a filter; without JOB, all that is not over. ? lists the keys.

    Leaving it (q, or Ctrl-C) ends nothing else. Needs the extra `ui`; `watch` shows the same without keys.

    \b
    exp-queue top
    exp-queue top 'lr<0.01 and not tag:old'
    """
    _needs_a_terminal()
    from scheduler.errors import UserError

    try:
        from scheduler.top.app import run
    except ImportError as error:
        if (error.name or "").startswith("scheduler."):  # a defect of ours
            raise
        what = "the keys of `exp-queue top` are the business of textual, which is not installed here"
        raise UserError(what, next_step="pip install 'exp-queue[ui]'; `exp-queue watch --plain` needs nothing") from error
    status, is_done = run(jobs, settings)
    if not is_done:
        say("what was asked for last goes on without us: `exp-queue status` shows how it stands")
    return status


def _needs_a_terminal() -> None:
    """UserError where there is none, or none on which the cursor can be moved."""
    from scheduler.errors import UserError
    from scheduler.terminal import can_paint

    streams = (sys.stdin, sys.stdout, sys.stderr)
    if all(stream.isatty() for stream in streams) and can_paint(sys.stderr):
        return
    where = f"TERM={os.environ.get('TERM', '')}" if all(stream.isatty() for stream in streams) else "this"
    raise UserError(
        f"`exp-queue top` needs a terminal with a cursor, and {where} is none",
        next_step="`exp-queue watch --once` prints one look, `exp-queue status` the jobs",
    )
