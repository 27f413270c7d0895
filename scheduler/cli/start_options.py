"""Options about how jobs begin, and on which machines."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from scheduler.actions.where import Elsewhere


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


def elsewhere_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options about other machines; the command gets `elsewhere`: the wishes, None where this machine is meant."""

    @functools.wraps(command)
    def with_machines(*arguments: Any, on: str | None, of_slurm: tuple[str, ...], sync: bool, **others: Any) -> Any:
        if of_slurm and on != "slurm":
            raise click.UsageError("--slurm says something of a cluster: write --on slurm as well")
        wish = _wish(on, of_slurm)
        wish = _with_code(wish, looks=others.get("dry_run", False)) if sync else wish
        return command(*arguments, elsewhere=wish, **others)

    where = (
        "The jobs run elsewhere. slurm: on the nodes of the cluster, each as an element of an array; -j: so many of an array at "
        "once. ssh:HOST,HOST: on these machines, each under its own claims; -j: so many in all."
    )
    what = "With --on slurm: partition, account, qos, constraint, memory, time or folder, instead of the file's. May be repeated."
    code = (
        "With --on ssh: first bring the files that git tracks or does not ignore to the same path on each host, by rsync. What "
        "others have changed there is never overwritten."
    )
    on = click.option("--on", metavar="slurm|ssh:HOSTS", help=where)
    sync = click.option("--sync", is_flag=True, help=code)
    return on(sync(click.option("--slurm", "of_slurm", multiple=True, metavar="KEY=VALUE", help=what)(with_machines)))


def _with_code(wish: Elsewhere | None, *, looks: bool) -> Elsewhere:
    """The wish that the code be brought, too."""
    from dataclasses import replace

    if wish is None or not wish.hosts:
        raise click.UsageError("--sync brings the code to hosts: write --on ssh:HOST,HOST as well")
    if looks:
        raise click.UsageError("--dry-run changes nothing, and --sync writes to the hosts: leave one of the two out")
    return replace(wish, sync=True)


def _wish(on: str | None, of_slurm: tuple[str, ...]) -> Elsewhere | None:
    if on is None:  # as nearly always: then none of these is imported
        return None
    from scheduler.actions.where import Elsewhere
    from scheduler.experiments.slurm import wishes_of
    from scheduler.ssh.hosts import hosts_in

    return Elsewhere(wishes_of(of_slurm)) if on == "slurm" else Elsewhere(hosts=hosts_in(on))
