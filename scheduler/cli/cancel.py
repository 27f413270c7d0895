"""`exp-queue cancel`: take jobs out of the queue, stop those that run."""

from __future__ import annotations

import click

from scheduler.cli.options import (
    format_option,
    grace_option,
    list_option,
    opened_store,
    print_changed,
    say,
)


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB|AGENT...")
@grace_option
@list_option
@format_option
def cancel(jobs: tuple[str, ...], grace: float | None, every: bool, style: str) -> int:
    """Cancel queued jobs and stop running ones: politely first (SIGINT), then SIGTERM, then SIGKILL. Waits until they are gone.

    JOB: a number or several (3-7), a name, the beginning of an id, a group, a file, `last`, a state such as `queued` or
    `running`, or a filter.

    AGENT: `agent:NAME`, as `exp-queue trials` shows those of `wandb agent` that compute for `exp-queue serve`. It finishes its
    run, takes no other and goes home; with the job of that run beside it, this is stopped. The other agents go on.

    \b
    exp-queue cancel running --grace 2m
    exp-queue cancel 'queued and lr>=0.1'
    exp-queue cancel agent:7f3a
    """
    from scheduler.actions.agents import send_home, split
    from scheduler.actions.cancel import by_hand, cancel_all
    from scheduler.actions.hold import FEW
    from scheduler.queue.selection import chosen
    from scheduler.report.agents import sent_home

    agents, words = split(jobs)
    with opened_store() as store:
        found = chosen(store, words)
        if agents:  # first: an agent whose run is cancelled would take the next
            say(sent_home(send_home(store.home.root, agents)))
        if not words and style == "table":
            return 0
        numbers = store.numbers(found.where, found.parameters)
        unstoppable = cancel_all(store, numbers, say, grace)
        shown = store.by_numbers(numbers) if every or style == "json" or len(numbers) <= FEW else None
        print_changed(store, shown, words, f"{len(numbers):,} job{'s' * (len(numbers) != 1)}: cancelled, or over before", style)
        if "running" in words and (starting := len(store.numbers("state = 'starting'"))):
            say(f"{starting} still starting, which `running` does not name: `exp-queue cancel starting` stops what is")
        for attempt in unstoppable:
            say(by_hand(store, attempt))
    return 1 if unstoppable else 0
