"""`exp-queue hosted`: what a queue on another machine starts here over ssh. Not for people, and not in `--help`."""

from __future__ import annotations

import click


@click.command(hidden=True)
def hosted() -> int:
    """Take orders of a queue on another machine, by standard input."""
    from scheduler.hosted.agent import main

    return main()
