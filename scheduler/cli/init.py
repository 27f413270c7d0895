"""`exp-queue init`: the first files, and what to type next."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scheduler.cli.options import say
from scheduler.errors import UserError
from scheduler.terminal import show

if TYPE_CHECKING:
    from scheduler.actions.beginning import Begun


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--systemd", is_flag=True, help="Write a unit instead that lets systemd run `exp-queue work --forever` for you.")
def init(folder: Path | None, systemd: bool) -> int:
    """Write samples into FOLDER (default: this one): a training, an experiment file, a sweep file and a script.

    Files that are there already stay as they are. The names of those that were written are printed.

    \b
    exp-queue init first && cd first && exp-queue run experiments/sample.yaml
    exp-queue init --systemd
    """
    from scheduler.actions.beginning import begin, write_unit

    if systemd and folder:
        raise UserError("--systemd writes to where systemd looks, not into a folder", next_step="leave the folder out")
    begun = write_unit() if systemd else begin(folder or Path())
    for name in begun.written:
        show(str(begun.folder / name))
    say([f"{begun.folder / name} is there already and stays as it is" for name in begun.kept])
    say(_after_the_unit(begun) if systemd else _next_steps(begun))
    return 0


def _next_steps(begun: Begun) -> list[str]:
    there = [] if begun.folder == Path() else [f"  cd {shlex.quote(str(begun.folder))}"]
    return [
        "next:",
        *there,
        "  exp-queue run experiments/sample.yaml   # six trainings of a second, and a table of what came out",
        "  exp-queue sweep                         # a search for good settings, by sweeps/sample.yaml",
        "then put your own program in the place of train.py",
    ]


def _after_the_unit(begun: Begun) -> list[str]:
    name = (*begun.written, *begun.kept)[0].removesuffix(".service")
    return [
        "next:",
        f"  systemctl --user daemon-reload && systemctl --user enable --now {name}",
        "  loginctl enable-linger   # to have it run also while you are not logged in",
        f"then `exp-queue submit FILE` is enough; journalctl --user -u {name} shows what it says",
    ]
