"""The command `exp-queue`: finds commands when they are used, shows every error in one place, gives the exit status."""

from __future__ import annotations

import errno
import gc
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, TextIO

import click

from scheduler import __version__
from scheduler.errors import UserError
from scheduler.shortage import is_short, words  # not when they are needed: there may be no descriptor left to read them with
from scheduler.terminal import say

# Command: where it lives, and its line in `--help`. A module is imported only when its command is used.
COMMANDS = {
    "init": ("init", "Write samples to start from: a training, an experiment file, a sweep file."),
    "prepare": ("prepare", "Print one command line per experiment, e.g. for GNU parallel."),
    "check": ("check", "Is a file right, how many experiments does it make, and what differs?"),
    "run": ("run", "Run the experiments of a file, as many at once as there is room."),
    "sweep": ("sweep", "Try points of a search space, and stop those that fall behind."),
    "status": ("status", "List jobs and how they stand."),
    "watch": ("watch", "GPUs, what runs, how far it is and what waits, live."),
    "top": ("top", "The same with keys: select, logs, cancel, hold, pause, move, note, tag."),
    "serve": ("serve", "A W&B server on this machine: what scripts log online stands here."),
    "mcp": ("assistants", "The queue for an assistant: Model Context Protocol, by standard input and output."),
    "ui": ("ui", "What runs and what came out, as a live page in a browser."),
    "show": ("show", "Everything about one job."),
    "compare": ("compare", "What came out, side by side: what differs, best values, means over seeds."),
    "best": ("compare", "The best jobs: parameters, checkpoint, directory."),
    "curves": ("curves", "Draw what jobs have logged, in the terminal."),
    "report": ("report", "What came out as one page in a file, to look at and to send."),
    "export": ("export", "Results and curves as CSV, JSON, Parquet, TensorBoard or W&B runs."),
    "import": ("importing", "Runs that W&B's client has logged offline, as jobs."),
    "sweeps": ("trials", "List sweeps: method, metric, best value, how their trials stand."),
    "trials": ("trials", "All about one sweep, again: its trials, what was compared, the best."),
    "logs": ("logs", "Print the output of a job; -f follows it."),
    "cancel": ("cancel", "Take jobs out of the queue; stop those that run."),
    "retry": ("again", "Run jobs again that did not succeed."),
    "resume": ("again", "Go on after an interruption, a crash or a reboot."),
    "submit": ("run", "Queue the experiments of a file and start nothing."),
    "work": ("again", "Run everything that is queued; --forever waits for more."),
    "hold": ("hold", "Keep queued jobs from starting."),
    "release": ("hold", "Let held jobs start again."),
    "wait": ("wait", "Wait until jobs are over; the exit status is theirs."),
    "pause": ("pause", "Let jobs that run stand still; they keep their GPUs."),
    "continue": ("pause", "Let paused jobs go on."),
    "move": ("move", "Let waiting jobs start before or after the others."),
    "tag": ("remark", "Give jobs a tag; tag:NAME finds them."),
    "note": ("remark", "Write a note about a job, or read it."),
    "rename": ("remark", "Call a job by another name."),
    "exec": ("exec", "Run any command on a GPU that is claimed for it."),
    "gpus": ("gpus", "The GPUs: who uses them, and whether a job could start."),
    "explain": ("explain", "Why a job waits, in one sentence."),
    "backup": ("backup", "Copy the queue to a file, while jobs run."),
    "restore": ("backup", "A run back, with its code, in a new folder; or a backup in the place of the queue."),
    "notify": ("notify", "Who is told when a run ends, fails or stands still; --test tries it."),
    "completion": ("completion", "The script that lets bash, zsh or fish complete jobs, files and keys."),
    "man": ("man", "Print the manual page; `exp-queue man | man -l -` shows it."),
    "doctor": ("doctor", "What this machine offers, and what is in the way."),
}
# How `--help` shows them, each in one place.
SECTIONS = {
    "Begin": ("init",),
    "Look at a file": ("check", "prepare"),
    "Run": ("run", "sweep", "exec", "submit", "work"),
    "See": (
        "watch",
        "top",
        "ui",
        "serve",
        "mcp",
        "status",
        "show",
        "compare",
        "best",
        "curves",
        "sweeps",
        "trials",
        "logs",
        "explain",
        "gpus",
        "doctor",
    ),
    "Change what waits or runs": ("move", "hold", "release", "pause", "continue", "cancel"),
    "Remember": ("tag", "note", "rename"),
    "Go on": ("retry", "resume", "wait", "notify"),
    "Keep": ("report", "export", "import", "backup", "restore"),
    "Help": ("completion", "man"),
}
HIDDEN = {"hosted": "hosted"}  # for programs of ours on other machines
_NAMES = {"continue": "go_on", "import": "bring_in"}  # what Python does not let a function be called
IMPOSSIBLE = 3
UNSEARCHED = 50_000  # values that are made before Python looks for circles among them
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class Commands(click.Group):
    """Commands that are imported on use."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS and name not in HIDDEN:
            return None
        module = HIDDEN.get(name) or COMMANDS[name][0]
        return getattr(importlib.import_module(f"scheduler.cli.{module}"), _NAMES.get(name, name))

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, COMMANDS))
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), COMMANDS[name][1]) for name in names])

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        if not args:
            args = ["--help"]
        elif not args[0].startswith("-") and args[0] not in COMMANDS and args[0] not in HIDDEN:
            from scheduler.cli.habits import meant

            args = meant(args, COMMANDS)
        return super().parse_args(context, args)

    def invoke(self, context: click.Context) -> Any:
        """click's parser of options does not say which command's they are, and for a reader that has gone it leaves with 1."""
        try:
            return super().invoke(context)
        except BrokenPipeError:
            _print_no_more(sys.stdout)
            return 0
        except click.UsageError as error:
            name = context.invoked_subcommand
            if error.ctx is None and name:
                error.ctx = click.Context(self, parent=context, info_name=name)
            raise


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="exp-queue")
def commands() -> None:
    """Run grids of experiments on the GPUs of this machine: no daemon, no account, no network.

    \b
    exp-queue check mine.yaml             is it right, and what does it ask for?
    exp-queue run mine.yaml               run it; the same command again goes on
    exp-queue status                      how all jobs stand
    exp-queue help COMMAND                the options of a command, with examples
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave with its exit status.

    0 all good; 1 some job did not succeed; 2 wrong usage or file; 3 impossible on this machine; 130 after a Ctrl-C.
    """
    gc.set_threshold(UNSEARCHED)  # thousands of jobs are made in one go, and none refers to itself
    _have_streams()
    if asked := os.environ.get("_EXP_QUEUE_COMPLETE"):
        from scheduler.cli.completing import answer

        sys.exit(_delivered(answer(commands, [(name, line) for name, (_, line) in COMMANDS.items()], asked)))
    status = _delivered(_status(arguments))
    gc.freeze()  # at its end Python would look through all that is left for circles, twice, and nobody minds them any more
    sys.exit(status)


def _have_streams() -> None:
    """Somebody may have closed a standard stream (`>&-`): the queue's own files must not get its number. And a name that the
    terminal's encoding does not know is shown as an escape."""
    for number, mode in ((0, "r"), (1, "w"), (2, "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
            setattr(sys, ("stdin", "stdout", "stderr")[number], open(number, mode, closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def _delivered(status: int) -> int:
    """The exit status, once all that was printed has arrived: a table that did not is not a success."""
    try:
        sys.stderr.flush()
    except OSError:
        _print_no_more(sys.stderr)  # as everywhere: sentences for nobody are no error
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _print_no_more(sys.stdout)  # the reader has what it wanted (`| head -1`)
    except OSError as error:
        return _undelivered(error)
    return status


def _undelivered(error: OSError) -> int:
    _print_no_more(sys.stdout)
    return _complain(f"cannot write the output ({error.strerror}); make room, or print to another place", IMPOSSIBLE)


def _print_no_more(stream: TextIO) -> None:
    """What is still buffered must not make Python complain at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _status(arguments: Sequence[str] | None) -> int:
    try:
        result = commands.main(arguments, prog_name="exp-queue", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except UserError as error:
        from scheduler.report.excerpt import excerpt

        return _complain(str(error), error.exit_status, excerpt(error.where))
    except click.UsageError as error:
        return _complain(_with_place_of_help(error), 2)
    except click.ClickException as error:
        return _complain(_in_a_line(error), 2)
    except (KeyboardInterrupt, click.Abort):
        return 130
    except OSError as error:
        if error.filename is None and error.errno in NO_ROOM:
            return _undelivered(error)
        if not is_short(error):
            raise
        where = f"{error.filename}: " if error.filename else ""
        return _complain(
            f"{where}{words(error)}; nothing was lost, and the same command works again when there is room", IMPOSSIBLE
        )


def _with_place_of_help(error: click.UsageError) -> str:
    """What is wrong with the usage, and where to read on."""
    what, path = _in_a_line(error).rstrip("."), error.ctx.command_path if error.ctx else "exp-queue"
    return f"{what} See `{path} --help`" if what.endswith("?") else f"{what}; see `{path} --help`"


def _in_a_line(error: click.ClickException) -> str:
    return " ".join(error.format_message().split())  # click lists choices in several


def _complain(message: str, status: int, excerpt: Sequence[str] = ()) -> int:
    say([f"exp-queue: {message}", *excerpt])
    return status


if __name__ == "__main__":
    main()
