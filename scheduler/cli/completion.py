"""`exp-queue completion`: the script that lets a shell complete jobs, files and keys."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from scheduler.cli.options import say

PLACES = {
    "bash": "~/.local/share/bash-completion/completions/exp-queue",
    "zsh": '"${fpath[1]}/_exp-queue"',
    "fish": "~/.config/fish/completions/exp-queue.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(sorted(PLACES)), required=False)
def completion(shell: str | None) -> int:
    """Print the script that completes commands, jobs, sweeps, groups, tags, files and the keys of a file with the Tab key.

    SHELL: bash, zsh or fish; without it, the one that you use. The script is to lie where the shell looks for such scripts:

    \b
    exp-queue completion bash > ~/.local/share/bash-completion/completions/exp-queue
    exp-queue completion zsh > "${fpath[1]}/_exp-queue"
    exp-queue completion fish > ~/.config/fish/completions/exp-queue.fish

    In bash, `eval "$(exp-queue completion bash)"` does it for the present shell alone.
    """
    from scheduler.cli.completing import BASH, FISH, ZSH
    from scheduler.errors import UserError

    chosen = shell or Path(os.environ.get("SHELL", "")).name
    if chosen not in PLACES:
        raise UserError("which shell?", next_step=f"write `exp-queue completion SHELL` with one of {', '.join(sorted(PLACES))}")
    sys.stdout.write({"bash": BASH, "zsh": ZSH, "fish": FISH}[chosen])
    if sys.stdout.isatty():
        say(f"to install it: exp-queue completion {chosen} > {PLACES[chosen]}")
    return 0
