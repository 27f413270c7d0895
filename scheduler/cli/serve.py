"""`exp-queue serve`: a W&B server on this machine, for scripts that log online."""

from __future__ import annotations

import json
import shlex
import sys

import click

from scheduler.cli.numbers import Whole
from scheduler.cli.options import format_option, say
from scheduler.terminal import show


@click.command()
@click.option("--port", type=Whole(1, 65535), metavar="N", help="Default: that of the last time, or the next free one.")
@click.option("--env", is_flag=True, help="Print what a shell sets to use it, and start it in the background if it is not there.")
@format_option
def serve(port: int | None, env: bool, style: str) -> int:
    """Be a W&B server on this machine: scripts with `wandb.init()` log here, online and without an account, and what they log
    stands in `status`, `compare`, `report` and `ui` like everything else.

    \b
    eval $(exp-queue serve --env)
    python train.py
    """
    from scheduler.home import open_home
    from scheduler.wandb_server.background import found_or_started
    from scheduler.wandb_server.serving import served

    home = open_home()
    if env:
        _print(found_or_started(home, port).environment, style)
        return 0
    with served(home, port, say) as found:
        if style == "json":
            show(json.dumps({"url": found.address.url, **found.address.environment}))
        else:
            show(found.address.url)
        sys.stdout.flush()
        say("in another shell: eval $(exp-queue serve --env), then any script that logs with wandb")
        say("a Ctrl-C ends it; runs go on, and send the rest when it is there again")
        found.serve()
    return 0


def _print(environment: dict[str, str], style: str) -> None:
    if style == "json":
        show(json.dumps(environment))
        return
    for name, value in environment.items():
        show(f"export {name}={shlex.quote(value)};")
