"""`exp-queue explain`: why a job waits."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from scheduler.cli.options import format_option, opened_store, sharing_options
from scheduler.terminal import show

if TYPE_CHECKING:
    from scheduler.gpus.observation import Settings
    from scheduler.queue.job import Job
    from scheduler.queue.store import Store


@click.command()
@click.argument("job", default="last")
@sharing_options
@format_option
def explain(job: str, settings: Settings, style: str) -> int:
    """Why a queued job waits, in one sentence: which GPU, whose process, how much memory. For a trial of a sweep: why it was
    stopped early or goes on, at which rows it was compared with which others.

    JOB: a number, a name, the beginning of an id, `last` (default), `trial:N` of the newest sweep, or a group, a file, a state or
    a filter (the newest of it).
    """
    from scheduler.actions import explain
    from scheduler.actions.opening import opened_devices
    from scheduler.queue.selection import select_single
    from scheduler.queue.states import WAITING
    from scheduler.report import tables

    with opened_store(only_looks=True) as store:
        chosen = select_single(store, job)
        if chosen.state not in WAITING and _explain_trial(store, chosen, style):
            return 0
        with opened_devices(settings) as devices:
            sentence = explain.explain(store, chosen, devices)
        if style == "json":
            found = {"id": chosen.id, "state": str(chosen.state), "because": sentence}
            tables.print_json([{**found, "environment": store.surroundings(chosen).as_object()}], sys.stdout)
        else:
            show(sentence)
    return 0


def _explain_trial(store: Store, job: Job, style: str) -> bool:
    """False if the job is no trial of a sweep."""
    from scheduler.report import tables, trials
    from scheduler.sweeps.engine.explaining import recall

    found = recall(store, job)
    if found is None:
        return False
    if style == "json":
        tables.print_json([trials.as_object(found, trials.headline(found))], sys.stdout)
        return True
    show(trials.headline(found))
    tables.print_table(trials.band_rows(found), sys.stdout)
    return True
