"""Options about how jobs begin, and on which machines; and those of every command that runs jobs, as one value."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from scheduler.cli.options import (
    failures_option,
    grace_option,
    notify_option,
    plain_option,
    sharing_options,
    slots_option,
    trackers_option,
)
from scheduler.values import dataclass

if TYPE_CHECKING:
    from scheduler.actions.where import Elsewhere, Where
    from scheduler.gpus.observation import Settings
    from scheduler.runner.early import Early
    from scheduler.runner.limit import Slots


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
    what = "With --on slurm: partition, account, qos, constraint, memory, time or folder, instead of the file's. Repeatable."
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


@dataclass(frozen=True)
class How:
    """On what terms a command runs jobs, as its options say: at most `slots` at once, on other machines where `elsewhere` is not
    None, beside others as `settings` say. `notify`: who is told; `plain`: in lines, on a terminal too; `grace` and `max_failures`
    as `Terms` has them."""

    slots: Slots
    elsewhere: Elsewhere | None
    settings: Settings
    notify: tuple[str, ...]
    plain: bool
    grace: float | None = None
    max_failures: float | None = None

    def where(self, early: Early | None = None) -> Where:
        """Where that is. `early`: what has a launcher begun for this machine."""
        from scheduler.actions.where import Where

        return Where(self.elsewhere, self.settings, self.slots, early)


def how_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of every command that runs jobs; it gets them as `how`."""
    return slots_option(_elsewhere_and_beside(_as_how(command, "slots", "elsewhere", "settings", "notify", "plain")))


def how_options_of_jobs(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same where all jobs are there already: also how they are stopped, and when their program is given up."""
    as_how = _as_how(command, "slots", "elsewhere", "settings", "notify", "plain", "grace", "max_failures")
    return slots_option(grace_option(failures_option(_elsewhere_and_beside(as_how))))


def _elsewhere_and_beside(command: Callable[..., Any]) -> Callable[..., Any]:
    return elsewhere_options(sharing_options(notify_option(trackers_option(cold_option(plain_option(command))))))


def _as_how(command: Callable[..., Any], *names: str) -> Callable[..., Any]:
    @functools.wraps(command)
    def with_how(*arguments: Any, **given: Any) -> Any:
        how = How(**{name: given.pop(name) for name in names})
        return command(*arguments, how=how, **given)

    return with_how
