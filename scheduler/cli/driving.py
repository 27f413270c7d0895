"""What the commands that run jobs have in common: the queue and whoever hears of them, and how they end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from scheduler.actions.drive import Terms
from scheduler.cli.options import opened_store, print_lines, say
from scheduler.report.notifications import notifying
from scheduler.report.progress import Progress
from scheduler.report.viewing import viewed
from scheduler.runner.pulse import EVERY
from scheduler.values import dataclass
from scheduler.wandb_server.background import keep_if_asked

if TYPE_CHECKING:
    from scheduler.actions.drive import Driven
    from scheduler.actions.notices import Tell
    from scheduler.actions.results import Sort
    from scheduler.cli.start_options import How
    from scheduler.queue.store import Store
    from scheduler.report.notifications import Notifications

Found = TypeVar("Found")


@dataclass(frozen=True)
class Sitting:
    """A command that runs jobs, as long as it lasts: its queue, who is told by notifications, who says what happens."""

    how: How
    store: Store
    told: Notifications
    progress: Progress

    def drive(self, act: Callable[[Store, Terms, Tell], Found]) -> Found:
        """What `act` makes of the queue, on the terms that the options say. Where nobody looks at a terminal, a file gets a line
        of each job every minute."""
        with viewed(self.progress, self.store.home, plain=self.how.plain) as tell:
            return act(self.store, self._terms(), self.told.also(tell))

    def _terms(self) -> Terms:
        slots, every = self.how.where().slots, None if sys.stderr.isatty() else EVERY
        return self.told.terms(Terms(slots, self.how.grace, self.how.max_failures, every=every))


@contextmanager
def sitting(how: How, about: str) -> Iterator[Sitting]:
    """The queue, opened to run jobs of it; notifications are `about` that. The W&B server of this machine is there then, where
    `--trackers` asks for it."""
    with notifying(how.notify, about, say) as told, opened_store() as store:
        keep_if_asked()
        yield Sitting(how, store, told, Progress(sys.stderr))


def concluded(driven: Driven, here: Sitting, style: str, *, by_file: bool, sort: Sort | None = None) -> int:
    """Print the results, the best first (by `sort` if it is given), and how to go on; returns the exit status.

    `by_file`: the command named its jobs and finds them again; `work` and `resume` look for what is queued, and would not.
    """
    from scheduler.actions.results import best_first, lines, unlogged
    from scheduler.report.submission import farewell

    if driven.left:
        here.told.over(driven, ())
        return leaving(driven)
    results = best_first(lines(here.store, driven.jobs), sort)
    print_lines(results, style, here.progress.names)
    if sort and (missing := unlogged(results)):
        say(missing)
    last_words = farewell(results, here.store.home, driven.left_out, interrupted=driven.interrupted, by_file=by_file)
    say(last_words)
    here.told.over(driven, last_words)
    if driven.interrupted:
        return 130
    return 0 if driven.all_succeeded else 1


def leaving(driven: Driven) -> int:
    """Say that the runner was told to leave; returns the exit status to leave with."""
    assert driven.left
    say(f"{driven.left}: leaving; what runs goes on, and the same command again joins it (`exp-queue cancel running` stops it)")
    return 128 + driven.left.number
