"""Options about how jobs begin, and on which machines."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click


def _cold(context: click.Context, option: click.Parameter, cold: bool) -> None:
    from scheduler.actions.opening import all_cold

    if cold:
        context.with_resource(all_cold())


cold_option = click.option(
    "--cold",
    is_flag=True,
    callback=_cold,
    expose_value=False,
    help="Each job imports for itself; else Python jobs that mostly import are forked from an interpreter that has done so. "
    "So does EXP_QUEUE_COLD=1.",
)


def cluster_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options about a cluster; the command gets `cluster`: the wishes, None where this machine is meant."""

    @functools.wraps(command)
    def with_cluster(*arguments: Any, on: str | None, of_slurm: tuple[str, ...], **others: Any) -> Any:
        if of_slurm and not on:
            raise click.UsageError("--slurm says something of a cluster: write --on slurm as well")
        return command(*arguments, cluster=of_slurm if on else None, **others)

    where = "The jobs run on the nodes of this cluster, each as an element of an array; -j: so many of an array at once."
    what = "With --on slurm: partition, account, qos, constraint, memory, time or folder, instead of the file's. May be repeated."
    on = click.option("--on", type=click.Choice(["slurm"]), help=where)
    return on(click.option("--slurm", "of_slurm", multiple=True, metavar="KEY=VALUE", help=what)(with_cluster))
