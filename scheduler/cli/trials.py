"""`exp-queue sweeps`, `exp-queue trials`: sweeps seen again."""

from __future__ import annotations

import sys

import click

from scheduler.cli.numbers import Whole
from scheduler.cli.options import opened_store, rows_option, say

SHOWN = 20  # sweeps in a table, where nobody says how many


@click.command()
@click.option("--limit", type=Whole(min=0), help="So many, the newest; 0: all. Default: 20 in a table, else all.")
@rows_option
def sweeps(limit: int | None, style: str) -> int:
    """List sweeps, the newest first: file, method, metric, best value, and how their trials stand.

    \b
    exp-queue sweeps
    exp-queue trials 3f2a        all about one of them
    """
    from scheduler.actions.sweeps import sweeps as listed
    from scheduler.report import sweeps_seen, tables

    most = (SHOWN if style == "table" else 0) if limit is None else limit
    with opened_store(only_looks=True) as store:
        found = listed(store, most)
    if style != "table":
        tables.print_rows(sweeps_seen.objects(found), style, sys.stdout)
        return 0
    tables.print_table(sweeps_seen.table(found), sys.stdout)
    say("`exp-queue trials ID` shows one of them" if found else "no sweep yet; `exp-queue sweep FILE` begins one")
    return 0


@click.command()
@click.argument("sweep", required=False)
@rows_option
def trials(sweep: str | None, style: str) -> int:
    """The trials of a sweep, the best first, without its file and without starting anything; those that run as far as they are.

    Of a sweep that `wandb agent` computes for `exp-queue serve`, also its agents: `exp-queue cancel AGENT` sends one home.

    SWEEP: the beginning of its id, a file, or `last`. Default: the newest of this directory, else the newest.

    \b
    exp-queue trials
    exp-queue trials sweep.yaml --format csv
    """
    from scheduler.actions.agents import agents_of, served
    from scheduler.actions.sweeps import see
    from scheduler.queue.sweep_selection import sweep_named
    from scheduler.report import agents, sweeps_seen, tables
    from scheduler.report.sweeps import rows
    from scheduler.report.trials import rows_of_bands

    with opened_store(only_looks=True) as store:
        found = see(store, sweep_named(store, sweep))
        present = agents_of(store.home.root, found.listed.sweep)
        at_server = served(store.home.root, found.listed.sweep)
        last_words = sweeps_seen.ending(found, store.home)
    if style == "json":
        tables.print_json(
            {**sweeps_seen.as_one_object(found), "agents": agents.objects(present), "at_server": at_server and at_server.state},
            sys.stdout,
        )
    elif style != "table":
        tables.print_rows(sweeps_seen.flat_trials(found), style, sys.stdout)
    else:
        say(sweeps_seen.opening(found))
        tables.print_table(rows(found.results), sys.stdout)
        if found.bands:
            say(sweeps_seen.band_heading(found))
            tables.print_table(rows_of_bands(found.bands), sys.stdout)
        numbers = {entry.job[:8]: entry.record.number for entry in found.listed.entries}
        say([*agents.there(present, numbers), *agents.stands(at_server), *last_words])
    return 0
