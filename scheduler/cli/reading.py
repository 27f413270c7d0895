"""What `prepare`, `check`, `run` and `sweep` have in common: a file, changes to it, and how large it may be."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from scheduler.errors import Note
from scheduler.experiments.command.launch import STYLE_NAMES, TEMPLATE, Asked
from scheduler.experiments.document.limits import DEFAULT, MIB, Limits
from scheduler.sweeps import read_file
from scheduler.sweeps.files.kinds import METHODS
from scheduler.terminal import say

DEEPEST = 300  # levels; beyond that, libraries that work on nested values reach Python's own limit

_OVERRIDES = click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
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
        type=click.IntRange(min=1),
        default=DEFAULT.experiments,
        metavar="N",
        help=f"Refuse a file of more experiments (default {DEFAULT.experiments:,}).",
    ),
    click.option(
        "--max-size",
        type=click.IntRange(min=1),
        default=DEFAULT.size // MIB,
        metavar="MIB",
        help=f"Refuse a larger file (default {DEFAULT.size // MIB} MiB).",
    ),
    click.option(
        "--max-depth",
        type=click.IntRange(1, DEEPEST),
        default=DEFAULT.depth,
        metavar="LEVELS",
        help=f"Refuse deeper nesting (default {DEFAULT.depth}, at most {DEEPEST}).",
    ),
    click.option(
        "--max-values",
        type=click.IntRange(min=1),
        default=DEFAULT.values,
        metavar="N",
        help=f"Refuse more values in a YAML file, aliases counted as what they stand for (default {DEFAULT.values:,}).",
    ),
)


def reads_a_file(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command that is given `plan`, the file of its command line, read and checked; its warnings are said first."""

    @functools.wraps(command)
    def reading(*, file: str, overrides: tuple[str, ...], asked: Asked, limits: Limits, **others: Any) -> Any:
        plan = read_file(file, overrides, asked, limits)
        warn(plan.path, plan.notes)
        return command(plan=plan, **others)

    return click.argument("file")(_OVERRIDES(_with_limits(reading)))


def reads_either(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a file of any kind: `plan` is a SweepPlan where the points are no list."""

    @functools.wraps(command)
    def reading(*, file: str, overrides: tuple[str, ...], asked: Asked, limits: Limits, **others: Any) -> Any:
        from scheduler.experiments.document.document import open_document
        from scheduler.sweeps.files.either import file_of
        from scheduler.sweeps.files.kinds import is_list

        document = open_document(file, limits)
        plan: Any
        if is_list(document):
            plan = file_of(document, overrides, asked)
        else:
            from scheduler.sweeps.sweep import plan_of

            plan = plan_of(document, overrides, asked, limits)
        warn(plan.path, plan.notes)
        return command(plan=plan, **others)

    return click.argument("file")(_OVERRIDES(_with_limits(reading)))


def reads_a_sweep(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a sweep file, which may be left out; the command also has `--method`."""

    @functools.wraps(command)
    def reading(*, words: tuple[str, ...], method: str | None, asked: Asked, limits: Limits, **others: Any) -> Any:
        from scheduler.sweeps.sweep import read_plan, standard_file

        named = bool(words) and ("=" not in words[0] or Path(words[0]).exists()) and not words[0].startswith("~")
        file, overrides = (words[0], words[1:]) if named else (standard_file(), words)
        plan = read_plan(file, overrides, asked, limits, method)
        warn(plan.path, plan.notes)
        return command(plan=plan, **others)

    option = click.option("--method", type=click.Choice(METHODS), help="Instead of the file's own method.")
    return click.argument("words", nargs=-1, metavar="[FILE] [KEY=VALUE]...")(option(_with_limits(reading)))


def warn(path: str, notes: tuple[Note, ...]) -> None:
    """Say what the writer of the file should know."""
    if not notes:
        return
    from scheduler.report.submission import remarks

    say([f"exp-queue: {sentence}" for sentence in remarks(path, notes)])


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
