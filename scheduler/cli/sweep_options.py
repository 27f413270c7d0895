"""The options of `exp-queue sweep`, gathered into the values that the command works with."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from scheduler.cli.numbers import Whole
from scheduler.cli.options import grace_option_of_trials, leftovers_option, share_option_of_trials
from scheduler.errors import about
from scheduler.experiments.layout import shared
from scheduler.sweeps.search.search import SAMPLERS
from scheduler.sweeps.stopping.stopping import PRUNERS
from scheduler.sweeps.wishes import Wishes

if TYPE_CHECKING:
    from scheduler.sweeps.sweep import SweepPlan


_WISHES = (
    click.option("--count", type=Whole(min=1), metavar="N", help="Start at most N new trials."),
    click.option("--time", metavar="TIME", help="Start no new trials after so long, e.g. 90m."),
    click.option("--sampler", type=click.Choice(SAMPLERS), help="How method bayes chooses. Default: tpe. gp needs torch."),
    click.option(
        "--pruner",
        type=click.Choice(PRUNERS),
        default="wandb",
        show_default=True,
        help="What stops trials early: the file's early_terminate, a rule of Optuna's, iepoch, or nothing.",
    ),
    click.option("--seed", type=Whole(0, 2**31 - 1), metavar="N", help="For a new sweep: the same points again."),
    click.option("--again", is_flag=True, help="Begin a new sweep instead of going on with the last one of this file."),
    click.option(
        "--from",
        "evidence",
        multiple=True,
        metavar="SWEEP",
        help="Learn from the finished trials of another sweep too, named as for `exp-queue trials`. Repeatable.",
    ),
    click.option("--optuna-journal", metavar="PATH", help="Write the trials to a journal for optuna-dashboard as well."),
)
_RESOURCES = (
    click.option("--gpus", type=Whole(min=0), metavar="N", help="GPUs of each trial; 0: none. Default: 1, where there are any."),
    click.option("--gpu-memory", metavar="SIZE", help="Memory of a trial on each GPU, e.g. 6GiB: small trials share one."),
    share_option_of_trials,
    click.option("--timeout", metavar="TIME", help="Stop a trial after so long."),
    grace_option_of_trials,
    leftovers_option,
)


def wish_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options about the course of a sweep; the command gets them as `wishes`."""

    @functools.wraps(command)
    def with_wishes(
        *,
        count: int | None,
        time: str | None,
        sampler: str | None,
        pruner: str,
        seed: int | None,
        again: bool,
        optuna_journal: str | None,
        evidence: tuple[str, ...],
        **others: Any,
    ) -> Any:
        wishes = Wishes(count, _read("--time", time, "duration"), sampler, pruner, seed, again, optuna_journal, evidence)
        return command(wishes=wishes, **others)

    for option in reversed(_WISHES):
        with_wishes = option(with_wishes)
    return with_wishes


def resource_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options about what a trial gets, which W&B's files have no words for; they become part of `plan`."""

    @functools.wraps(command)
    def with_resources(
        *,
        plan: SweepPlan,
        gpus: int | None,
        gpu_memory: str | None,
        share: int | None,
        timeout: str | None,
        grace: float | None,
        leftovers: str | None,
        **others: Any,
    ) -> Any:
        memory = _read("--gpu-memory", gpu_memory, "memory")
        resources = shared(replace(plan.resources, gpus=gpus, gpu_memory=memory), share)
        asked = {"timeout": _read("--timeout", timeout, "duration"), "grace": grace, "leftovers": leftovers}
        policy = replace(plan.policy, **{name: value for name, value in asked.items() if value is not None})
        return command(plan=replace(plan, resources=resources, policy=policy), **others)

    for option in reversed(_RESOURCES):
        with_resources = option(with_resources)
    return with_resources


def _read(option: str, text: str | None, reader: str) -> Any:
    """An option's text by the reader that files use for the same thing."""
    from scheduler.experiments.document import values

    if text is None:
        return None
    found: Any = float(text) if text.replace(".", "", 1).isdecimal() and reader == "duration" else text
    with about(option):
        return getattr(values, reader)(found)
