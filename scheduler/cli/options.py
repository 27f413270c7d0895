"""Options and openings that several commands share."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from scheduler.cli.numbers import SlotsType, Whole
from scheduler.errors import UserError, about
from scheduler.terminal import say

if TYPE_CHECKING:
    from scheduler.actions.results import Line, Sort
    from scheduler.queue.store import Store
    from scheduler.report.labels import Labels

format_option = click.option(
    "--format",
    "style",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="For people, or for programs.",
)
rows_option = click.option(
    "--format",
    "style",
    type=click.Choice(["table", "json", "csv", "jsonl"]),
    default="table",
    show_default=True,
    help="For people, or for programs.",
)
list_option = click.option(
    "--list", "every", is_flag=True, help="A row for each job, however many there are; else only where they are few."
)
slots_option = click.option(
    "-j",
    "--jobs",
    "slots",
    type=SlotsType(),
    help="At most N jobs at once; `auto`: as many as are fastest together, found out while they run. Default: one per GPU, also "
    "of those that come later; without a GPU, half the cores.",
)

plain_option = click.option(
    "--plain",
    is_flag=True,
    envvar="EXP_QUEUE_PLAIN",
    help="On a terminal, too, lines instead of the live view; so does EXP_QUEUE_PLAIN=1.",
)


def _grace_option(default: str) -> Any:
    return click.option(
        "--grace",
        metavar="TIME",
        callback=lambda context, parameter, text: None if text is None else read_pause("--grace", text),
        help=f"What is stopped has so long from SIGINT to SIGTERM to save its work, e.g. 2m. Default: {default}.",
    )


def _share_option(default: str) -> Any:
    text = f"At most N jobs on a GPU, whatever memory they need; it is shared only with jobs that say so. Default: {default}."
    return click.option("--share", type=Whole(1, 64), metavar="N", help=text)


grace_option, share_option = _grace_option("policy.grace, else 10s"), _share_option("resources.share")
# W&B's files say nothing of either.
grace_option_of_trials, share_option_of_trials = _grace_option("10s"), _share_option("none")

leftovers_option = click.option(
    "--leftovers",
    type=click.Choice(["work", "wait", "kill"]),
    help="Processes left behind by a command that has ended go on as long as they work (default), or until they end, "
    "or are ended at once.",
)


def _sort(context: click.Context, option: click.Parameter, text: str | None) -> Sort | None:
    if text is None:
        return None
    from scheduler.actions.results import Sort

    return Sort.read(text)


def sort_option(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """By which metric the best come first."""
    text = f"The best first by this metric. Default: {default}."
    return click.option("--sort", metavar="METRIC[:max|min]", callback=_sort, help=text)


def split(context: click.Context, option: click.Parameter, texts: Any) -> tuple[str, ...]:
    """Words with commas between them, in one text or in several."""
    given = [texts] if isinstance(texts, str) else texts or ()
    return tuple(word.strip() for text in given for word in text.split(",") if word.strip())


def _limit(context: click.Context, option: click.Parameter, text: str | None) -> float | None:
    if text is None or text == "none":
        return math.inf if text else None
    if not text.isdecimal() or int(text) < 1:
        raise click.BadParameter("expected a whole number of 1 or more, or none")
    return int(text)


failures_option = click.option(
    "--max-failures",
    metavar="N|none",
    callback=_limit,
    help="After N failures in a row just after their start, no more of that program. Default: policy.max_failures, else 5.",
)

notify_option = click.option(
    "--notify",
    multiple=True,
    metavar="WHAT",
    help="Tell somebody of the end, the first failure and a standstill: a channel of the configuration file, `desktop`, an "
    "e-mail address, a URL, the path of a program; `none`: nobody. Repeatable.",
)


def _trackers(context: click.Context, option: click.Parameter, words: str | None) -> None:
    from scheduler.tracking.trackers.names import asked_of_jobs

    context.with_resource(asked_of_jobs(words, "--trackers"))


trackers_option = click.option(
    "--trackers",
    metavar="LIST",
    callback=_trackers,
    expose_value=False,
    help="What jobs log by exp-queue's own calls goes to these too: wandb, tensorboard, swanlab, trackio, with commas; or none. "
    "wandb-local: a script that calls wandb.init logs online, at the server of this machine (`exp-queue serve`). "
    "Default: EXP_QUEUE_TRACKERS.",
)


_SHARING = (
    click.option(
        "--quiet", metavar="TIME", help="A GPU stays untouched so long after somebody else's process has left it. Default: 20s."
    ),
    click.option("--ignore-below", metavar="SIZE", help="Others' memory on a GPU that does not block it. Default: 300MiB."),
    click.option("--most-claims", metavar="N", help="At most so many jobs share a GPU. Default: 8."),
)


def sharing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options about sharing GPUs with others; the command gets them, with the environment's, as `settings`."""

    @functools.wraps(command)
    def with_settings(*arguments: Any, quiet: Any, ignore_below: Any, most_claims: Any, **others: Any) -> Any:
        from scheduler.gpus.settings import settings_from

        settings = settings_from(quiet=quiet, ignore_below=ignore_below, most_claims=most_claims)
        return command(*arguments, settings=settings, **others)

    for option in reversed(_SHARING):
        with_settings = option(with_settings)
    return with_settings


def read_priority(context: click.Context, option: click.Parameter, text: str | None) -> int | None:
    """By the reader that files use."""
    from scheduler.experiments.document import values

    if text is None:
        return None
    try:
        return values.priority(int(text) if text.removeprefix("-").isdecimal() else text)
    except UserError as error:
        raise click.BadParameter(error.what) from None


def _read_begin(context: click.Context, option: click.Parameter, text: str | None) -> float | None:
    import time

    from scheduler.queue.moments import moment

    if text is None:
        return None
    now = time.time()
    with about("--begin"):
        begin = moment(text, now)
    if begin < now:
        say(f"--begin {text} is over: nothing waits for it")
    return max(begin, now)


_ORDER = (
    click.option(
        "--priority",
        metavar="N",
        callback=read_priority,
        help="The higher starts first. Default: policy.priority, else 0.",
    ),
    click.option(
        "--begin",
        metavar="TIME",
        callback=_read_begin,
        help="Not before this time: 18:30, 2h (from now), 2026-12-24T18:30.",
    ),
    click.option(
        "--after",
        multiple=True,
        metavar="JOB",
        help="Only after these jobs, of any file: an id, last, group:NAME. none: after nothing. Default: the file's. Repeatable.",
    ),
    click.option("--after-any/--after-all", default=None, help="One of these jobs is enough, or all are needed (default)."),
    click.option(
        "--after-failure",
        type=click.Choice(["skip", "run"]),
        help="Where these jobs do not succeed: skip what comes after them (default), or run it nevertheless.",
    ),
)


def order_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options about the order of jobs; the command gets them as `order`."""

    @functools.wraps(command)
    def with_order(*arguments: Any, after: tuple[str, ...], **others: Any) -> Any:
        from scheduler.actions.order import Order

        mine = {name: others.pop(name) for name in ("priority", "begin", "after_any", "after_failure")}
        words = tuple(word for word in after if word != "none") if after else None
        return command(*arguments, order=Order(after=words, **mine), **others)

    for option in reversed(_ORDER):
        with_order = option(with_order)
    return with_order


_REMARKS = (
    click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag for all of them; tag:TAG finds them. Repeatable."),
    click.option("--note", metavar="TEXT", help="A note about all of them."),
)


def remark_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options about what is said of the jobs; they become part of `plan`."""

    @functools.wraps(command)
    def with_remarks(*arguments: Any, plan: Any, tags: tuple[str, ...], note: str | None, **others: Any) -> Any:
        return command(*arguments, plan=replace(plan, remarks=plan.remarks.and_also(tags, note)), **others)

    for option in reversed(_REMARKS):
        with_remarks = option(with_remarks)
    return with_remarks


def read_pause(option: str, text: str) -> float:
    """Seconds, by the reader that files use; 0 is allowed."""
    from scheduler.experiments.document import values

    with about(option):
        return values.pause(float(text) if text.replace(".", "", 1).isdecimal() else text)


def opened_store(*, only_looks: bool = False) -> AbstractContextManager[Store]:
    """The user's queue; who keeps its lock is said. `only_looks`: nothing will be changed, and that soon."""
    from scheduler.actions.opening import opened_queue

    return opened_queue(say, only_looks=only_looks)


def print_lines(lines: Sequence[Line], style: str, names: Labels | None = None) -> None:
    """Rows of jobs on standard output, as a table or as JSON. `names`: where they have been found already."""
    if not lines and style != "json":
        return
    import sys

    from scheduler.report import jobs, tables
    from scheduler.report.labels import Labels

    if style == "json":
        tables.print_json(jobs.objects(lines, names), sys.stdout)
    else:
        names = names or Labels(line.job for line in lines)
        tables.print_table(jobs.table(lines, names), sys.stdout, jobs.layout(lines, names))


def print_changed(store: Store, jobs: Any, words: Any, sentence: str, style: str) -> None:
    """What was done with the jobs that `words` name: a sentence, and their rows; `jobs` is None where these are too many."""
    from scheduler.actions.results import lines
    from scheduler.queue.selection import none_of

    if jobs is not None:
        print_lines(lines(store, jobs), style)
    if style == "table":
        say(none_of(words) if jobs is not None and not jobs else sentence)
