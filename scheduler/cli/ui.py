"""`exp-queue ui`: what runs and what came out, as a live page."""

from __future__ import annotations

import getpass
import json
import socket
import sys
from urllib.parse import urlsplit

import click

from scheduler.cli.numbers import Whole
from scheduler.cli.options import format_option, say
from scheduler.terminal import show


@click.command()
@click.option("--port", type=Whole(1, 65535), metavar="N", help="Default: that of the last time, or the next free one.")
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="Listen at this address instead of 127.0.0.1; given again, a further name by which the page is asked for.",
)
@click.option("--read-only", is_flag=True, help="Nothing can be changed from the page.")
@format_option
def ui(port: int | None, hosts: tuple[str, ...], read_only: bool, style: str) -> int:
    """Serve a page about all jobs on this machine, live: curves, tables, what runs and what waits. It looks at the same queue as
    every command and starts nothing; it can be ended at any moment with a Ctrl-C.

    Whoever has its address sees everything and may cancel, hold, retry, tag and note jobs. From another machine `ssh -L` brings
    it to you.

    \b
    exp-queue ui
    exp-queue ui --read-only --port 8000
    """
    from scheduler.home import open_home
    from scheduler.web.live import served

    with served(open_home(), hosts, port, read_only=read_only, say=say) as found:
        if style == "json":
            show(json.dumps({"url": found.url, "port": found.port, "read_only": read_only}))  # a line, for who waits for it
        else:
            show(found.url)
        sys.stdout.flush()
        if found.is_local:
            there = f"{_user()}@{socket.gethostname()}"
            say(f"from another machine: ssh -L {found.port}:{urlsplit(found.url).netloc} {there}, then the same address")
        else:
            say(
                f"everybody who reaches port {found.port} of this machine and has this address sees your experiments"
                f"{'' if read_only else ' and can change them'}, and what is sent is not encrypted; ssh -L is safer"
            )
        say("a Ctrl-C ends it; jobs are not touched by that")
        found.serve()
    return 0


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a list of users
        return "USER"
