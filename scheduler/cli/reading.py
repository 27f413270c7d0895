"""What `prepare`, `check`, `run` and `sweep` have in common: a file, changes to it, and how large it may be."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scheduler.cli.numbers import Whole
from scheduler.errors import Note
from scheduler.experiments.command.launch import STYLE_NAMES, TEMPLATE, Asked
from scheduler.experiments.document.limits import DEFAULT, MIB, Limits
from scheduler.sweeps import read_file
from scheduler.sweeps.files.kinds import METHODS
from scheduler.terminal import say

if TYPE_CHECKING:
    from scheduler.experiments import ExperimentFile
    from scheduler.sweeps.sweep import SweepPlan

DEEPEST = 300  # levels; beyond that, libraries that work on nested values reach Python's own limit

_OVERRIDES = click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
WANDB = "wandb"
_AT_SERVER = "ENTITY/PROJECT/ID"
_BACKEND = click.option(
    "--backend",
    type=click.Choice(["optuna", WANDB]),
    default="optuna",
    help="Who chooses points and stops trials: this machine (default), or a W&B server, where FILE becomes a sweep.",
)
_FILE = click.argument("file", required=False, metavar="FILE")
_COMMANDS = click.option(
    "--commands",
    metavar="FILE|-",
    help="In place of FILE: a list of command lines, one job each, run by `sh -c`; [gpus=2 memory=10G] may stand before one.",
)
_OPTIONS = (
    click.option("--program", metavar="TEXT", help='Run this program, e.g. "python train.py", instead of the file\'s own.'),
    click.option(
        "--style",
        "arguments",
        type=click.Choice(STYLE_NAMES),
        default=TEMPLATE,
        help="How the program takes its arguments: one JSON object, --key=value flags, Hydra's ++key=value, "
        "or as the file's command says (default).",
    ),
    click.option(
        "--max-experiments",
        type=Whole(min=1),
        default=DEFAULT.experiments,
        metavar="N",
        help=f"Refuse a file of more experiments (default {DEFAULT.experiments:,}).",
    ),
    click.option(
        "--max-size",
        type=Whole(min=1),
        default=DEFAULT.size // MIB,
        metavar="MIB",
        help=f"Refuse a larger file (default {DEFAULT.size // MIB} MiB).",
    ),
    click.option(
        "--max-depth",
        type=Whole(1, DEEPEST),
        default=DEFAULT.depth,
        metavar="LEVELS",
        help=f"Refuse deeper nesting (default {DEFAULT.depth}, at most {DEEPEST}).",
    ),
    click.option(
        "--max-values",
        type=Whole(min=1),
        default=DEFAULT.values,
        metavar="N",
        help=f"Refuse more values in a YAML file, aliases counted as what they stand for (default {DEFAULT.values:,}).",
    ),
)


def reads_a_file(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command that is given `plan`, the file of its command line, read and checked; its warnings are said first."""

    @functools.wraps(command)
    def reading(
        *, file: str | None, commands: str | None, overrides: tuple[str, ...], asked: Asked, limits: Limits, **others: Any
    ) -> Any:
        words = named_words(file, overrides)
        plan = listed(commands, words, asked, limits) or read_file(words[0], words[1:], asked, limits)
        warn(plan.path, plan.notes)
        return command(plan=plan, **others)

    return _FILE(_OVERRIDES(_COMMANDS(_with_limits(reading))))


def named_words(file: str | None, overrides: tuple[str, ...]) -> tuple[str, ...]:
    """What stands behind the options: a file and changes to it."""
    return (() if file is None else (file,)) + overrides


def listed(commands: str | None, words: Sequence[str], asked: Asked, limits: Limits) -> ExperimentFile | None:
    """The list of commands that `--commands` names; None where a file is named instead. UsageError where neither is."""
    if commands is None:
        if not words:
            raise click.UsageError("Missing argument 'FILE'", click.get_current_context())
        return None
    from scheduler.experiments.command_list import read_commands

    return read_commands(commands, limits, changes=words, asked=asked)


def reads_either(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a file of any kind: `plan` is a SweepPlan where it is a sweep, and `listed` the same as a list of experiments
    where that is a grid, else None."""

    @functools.wraps(command)
    def reading(
        *, file: str | None, commands: str | None, overrides: tuple[str, ...], asked: Asked, limits: Limits, **others: Any
    ) -> Any:
        from scheduler.actions.check import read_either

        words = named_words(file, overrides)
        commanded = listed(commands, words, asked, limits)
        plan, grid = (commanded, None) if commanded else read_either(words[0], words[1:], asked, limits)
        warn(plan.path, plan.notes)
        return command(plan=plan, listed=grid, **others)

    return _FILE(_OVERRIDES(_COMMANDS(_with_limits(reading))))


def reads_a_sweep(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a sweep file, which may be left out; the command also has `--method`, and gets as `written` what the file
    says, where a W&B server is to have it."""

    @functools.wraps(command)
    def reading(*, words: tuple[str, ...], method: str | None, backend: str, asked: Asked, limits: Limits, **others: Any) -> Any:
        from scheduler.cli.server_sweeping import refuse_changes
        from scheduler.sweeps.files.either import advice
        from scheduler.sweeps.sweep import open_sweep_file, plan_of, standard_file
        from scheduler.wandb_agent.account import is_at_a_server

        named = bool(words) and ("=" not in words[0] or Path(words[0]).exists()) and not words[0].startswith("~")
        at_server = named and is_at_a_server(words[0], surely=backend == WANDB)
        file, overrides = (words[0], words[1:]) if named else (standard_file(), words)
        if at_server or backend == WANDB:
            refuse_changes(overrides, method)
        written: object = None
        if at_server:
            from scheduler.actions.server_sweep import joined

            plan: SweepPlan = joined(file, asked, limits)
        else:
            with advice(file):
                document = open_sweep_file(file, limits)
                plan = plan_of(document, overrides, asked, limits, method)
            written = document.value if backend == WANDB else None
        warn(plan.path, plan.notes)
        return command(plan=plan, written=written, backend=WANDB if at_server else backend, **others)

    option = click.option("--method", type=click.Choice(METHODS), help="Instead of the file's own method.")
    return click.argument("words", nargs=-1, metavar=f"[FILE|{_AT_SERVER}] [KEY=VALUE]...")(
        option(_BACKEND(_with_limits(reading)))
    )


def warn(path: str, notes: tuple[Note, ...]) -> None:
    """Say what the writer of the file should know."""
    if not notes:
        return
    from scheduler.report.submission import remarks

    say([f"exp-queue: {sentence}" for sentence in remarks(path, notes)])


def warn_of_what_is_missing(plan: ExperimentFile | SweepPlan) -> None:
    """Say which programs of a file that is to run here are not there."""
    from scheduler.experiments.command.missing import missing

    warn(plan.path, tuple(map(str, missing(plan.launches))))


def _with_limits(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options about the program and about limits; the command gets them as `asked` and `limits`."""

    @functools.wraps(command)
    def with_limits(
        *,
        program: str | None,
        arguments: str,
        max_experiments: int,
        max_size: int,
        max_depth: int,
        max_values: int,
        **others: Any,
    ) -> Any:
        from scheduler.home import default_root

        limits = Limits(max_size * MIB, max_depth, max_values, max_experiments)
        asked = Asked(program, arguments, str(default_root() / "arguments"))
        return command(asked=asked, limits=limits, **others)

    for option in reversed(_OPTIONS):
        with_limits = option(with_limits)
    return with_limits
