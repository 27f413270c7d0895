"""What the commands that run jobs have in common: their options as terms, and how they end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from scheduler.cli.options import print_lines, say

if TYPE_CHECKING:
    from scheduler.actions.drive import Driven, Terms
    from scheduler.actions.results import Sort
    from scheduler.queue.store import Store
    from scheduler.report.notifications import Notifications
    from scheduler.report.progress import Progress
    from scheduler.runner.limit import Slots


def terms_of(slots: Slots, grace: float | None = None, max_failures: float | None = None) -> Terms:
    """The options of a command that runs jobs. Where nobody looks at a terminal, a file gets a line of each job every minute.
    The W&B server of this machine is there then, where `--trackers` asks for it."""
    from scheduler.actions.drive import Terms
    from scheduler.runner.pulse import EVERY
    from scheduler.wandb_server.background import keep_if_asked

    keep_if_asked()
    return Terms(slots, grace, max_failures, every=None if sys.stderr.isatty() else EVERY)


def concluded(
    driven: Driven,
    store: Store,
    progress: Progress,
    told: Notifications,
    style: str,
    *,
    by_file: bool,
    sort: Sort | None = None,
) -> int:
    """Print the results, the best first (by `sort` if it is given), and how to go on; returns the exit status.

    `by_file`: the command named its jobs and finds them again; `work` and `resume` look for what is queued, and would not.
    """
    from scheduler.actions.results import best_first, lines, unlogged
    from scheduler.report.submission import farewell

    if driven.left:
        told.over(driven, ())
        return leaving(driven)
    results = best_first(lines(store, driven.jobs), sort)
    print_lines(results, style, progress.names)
    if sort and (missing := unlogged(results)):
        say(missing)
    last_words = farewell(results, store.home, driven.left_out, interrupted=driven.interrupted, by_file=by_file)
    say(last_words)
    told.over(driven, last_words)
    if driven.interrupted:
        return 130
    return 0 if driven.all_succeeded else 1


def leaving(driven: Driven) -> int:
    """Say that the runner was told to leave; returns the exit status to leave with."""
    assert driven.left
    say(f"{driven.left}: leaving; what runs goes on, and the same command again joins it (`exp-queue cancel running` stops it)")
    return 128 + driven.left.number
