"""`exp-queue serve`: a W&B server on this machine, for scripts that log online."""

from __future__ import annotations

import json
import shlex
import sys
import time
from typing import TYPE_CHECKING

import click

from scheduler.cli.options import format_option, say
from scheduler.errors import StateError
from scheduler.terminal import show

if TYPE_CHECKING:
    from scheduler.wandb_server.serving import Address

WAIT = 20.0  # seconds for a server that was started to be there


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), metavar="N", help="Default: that of the last time, or the next free one.")
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
    from scheduler.wandb_server.serving import running, served

    home = open_home()
    if env:
        address = running(home) or _started(port)
        _print(address.environment, style)
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


def _started(port: int | None) -> Address:
    """A server that outlives us; of two that start at once only one is left when both commands are over."""
    from scheduler.cli.detaching import in_background
    from scheduler.home import open_home
    from scheduler.wandb_server.serving import running

    home = open_home()
    log = home.root / "wandb-server.log"
    child = in_background(["serve", *(["--port", str(port)] if port else [])], log, cwd="/")
    deadline = time.monotonic() + WAIT
    while True:
        ended, found = child.poll() is not None, running(home)
        if found and (ended or found.pid == child.pid):
            return found
        if ended or time.monotonic() > deadline:
            raise StateError("the server did not start", next_step=f"{log} may say why")
        time.sleep(0.05)
