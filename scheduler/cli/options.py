"""Options and openings that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from scheduler.jobs.store import Store

format_option = click.option(
    "--format",
    "style",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="For people, or for programs.",
)
slots_option = click.option(
    "-j",
    "--jobs",
    "slots",
    type=click.IntRange(min=1),
    help="At most N jobs at once. Default: one per GPU, also of those that come later; without a GPU, half the cores.",
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


@contextmanager
def opened_store() -> Iterator[Store]:
    """The user's queue, up to date with what happened while nobody watched."""
    from scheduler.jobs.home import open_home
    from scheduler.jobs.settling import settle
    from scheduler.jobs.store import Store

    with Store(open_home(), say) as store:
        settle(store)
        yield store


def say(text: str) -> None:
    """A sentence for people, on standard error: standard output is for data. Nobody there to read it, or no room
    for it, is no error."""
    with suppress(OSError):
        click.echo(text, err=True)


def print_lines(lines: Any, style: str, names: Mapping[str, str] | None = None) -> None:
    """Rows of jobs on standard output, as a table or as JSON. `names`: by job id, where they have been found already."""
    import sys

    from scheduler.report import jobs, tables

    if style == "json":
        tables.print_json(jobs.objects(lines, names), sys.stdout)
    elif lines:
        tables.print_table(jobs.table(lines, names), sys.stdout)
