"""`exp-queue prepare`: an experiments file as command lines, for GNU parallel or a shell."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict

import click

from scheduler.actions import prepare as action
from scheduler.actions.exports.texts import standard
from scheduler.cli.reading import reads_a_file
from scheduler.errors import UserError
from scheduler.experiments import Experiment, ExperimentFile, shell_line
from scheduler.experiments.experiment import NO_ENVIRONMENT
from scheduler.terminal import safe, say

LONG_LINE = 60_000  # bytes; GNU parallel refuses lines of 63,664


@click.command("prepare", short_help="Print one command line per experiment.")
@reads_a_file
@click.option("--null", is_flag=True, help="End each line with NUL instead of a newline, for `parallel -0` or `xargs -0`.")
@click.option(
    "--with-environment",
    is_flag=True,
    help="Begin each line of a sweep file with `env NAME=VALUE`, so that wandb.config finds the point, offline.",
)
@click.option("--format", "style", type=click.Choice(["lines", "json"]), default="lines", help="Lines (default), or a JSON list.")
def prepare(plan: ExperimentFile, null: bool, with_environment: bool, style: str) -> None:
    """Print one shell-quoted command line per experiment in FILE, and nothing else.

    A pipe or file gets every byte as it is; a terminal shows control characters as escapes.

    \b
    exp-queue prepare experiments/sample.json | parallel -j2
    exp-queue prepare sweep.yaml train_args.lr=1e-3 | head -1
    exp-queue prepare wandb_sweep.yaml --with-environment | parallel -j2
    """
    complete = style == "json" or with_environment or not plan.passes_arguments
    if not complete:
        _warn_of_wandb(plan)
    experiments = action.prepare(plan, with_environment=complete)
    pieces = _json_pieces(experiments) if style == "json" else _lines(experiments, b"\0" if null else b"\n")
    try:
        _write(map(_for_eyes, pieces) if sys.stdout.isatty() else pieces)
    except BrokenPipeError:
        # The reader has what it wanted (`| head -1`). What is still buffered must not make Python complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    else:
        _warn_of_repetitions(plan)


def _for_eyes(piece: bytes) -> bytes:
    """As it can be looked at on a terminal; a program that reads the lines gets every byte as it is."""
    return safe(os.fsdecode(piece), keep="\n").encode("utf-8", errors="backslashreplace")


def _write(pieces: Iterable[bytes]) -> None:
    """Write to standard output, the first piece at once: a million lines take a while, and the reader may want one."""
    out = sys.stdout.buffer
    for number, piece in enumerate(pieces):
        out.write(piece)
        if not number:
            out.flush()
    out.flush()


def _lines(experiments: Iterable[Experiment], end: bytes) -> Iterator[bytes]:
    warned = False
    for number, experiment in enumerate(experiments, 1):
        line = _line(experiment, number, end)
        if len(line) > LONG_LINE and not warned:
            _warn_of_length(number, len(line))
            warned = True
        yield line + end


def _line(experiment: Experiment, number: int, end: bytes) -> bytes:
    settings = [f"{name}={value}" for name, value in _environment(experiment).items()]
    text = shell_line([*(["env"] if settings else []), *settings, *experiment.argv])
    if end == b"\n" and "\n" in text:
        next_step = "use --null with `parallel -0`, or ${args_json}, which is always one line"
        raise UserError(f"an argument of experiment {number} holds a newline", next_step=next_step)
    try:
        return os.fsencode(text)
    except UnicodeEncodeError:
        next_step = "use ${args_json}, which escapes it"
        raise UserError(f"an argument of experiment {number} holds text that cannot be encoded", next_step=next_step) from None


def _json_pieces(experiments: Iterable[Experiment]) -> Iterator[bytes]:
    before = b"["
    for experiment in experiments:
        yield before + b"\n" + json.dumps(standard(_shown(experiment)), allow_nan=False).encode()
        before = b","
    yield b"\n]\n"


def _environment(experiment: Experiment) -> dict[str, str]:
    if experiment.environment == NO_ENVIRONMENT:
        return {}
    from scheduler.sweeps.engine.trial_environment import for_a_shell

    return for_a_shell(experiment)


def _shown(experiment: Experiment) -> dict:
    environment = _environment(experiment)
    return {
        **({"environment": environment} if environment else {}),
        "id": experiment.id,
        "group": experiment.group,
        "config": experiment.config,
        "argv": experiment.argv,
        "resources": asdict(experiment.resources),
        "policy": asdict(experiment.policy),
    }


def _warn_of_wandb(plan: ExperimentFile) -> None:
    """A script that reads `wandb.config` would train its defaults in every line, and say nothing."""
    if script := action.script_of_wandb(plan):
        what = f"{script} uses wandb, and these lines do not set what wandb.config reads"
        say(f"exp-queue: warning: {plan.path}: {what}; --with-environment does, and so does `exp-queue run`")


def _warn_of_length(number: int, length: int) -> None:
    say(f"exp-queue: warning: line {number} has {length:,} bytes; GNU parallel refuses lines of 63,664")


def _warn_of_repetitions(plan: ExperimentFile) -> None:
    """Repeated experiments are printed as they are written; `run` makes a job of each only once."""
    number, repeated = action.repetitions(plan)
    if repeated:
        head = f"{len(repeated)} of {number} experiments repeat an earlier one"
        example = f"line {repeated[0][0]} is the same as line {repeated[0][1]}"
        say(f"exp-queue: warning: {head} ({example}); `exp-queue run` runs each once")
