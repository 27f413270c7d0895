"""`exp-queue mcp`: the queue for an assistant that speaks the Model Context Protocol."""

from __future__ import annotations

import importlib

import click

from scheduler.errors import UserError


@click.command()
@click.option("--read-only", is_flag=True, help="Offer only what looks: no submit, no cancel.")
def mcp(read_only: bool) -> int:
    """Answer an assistant's questions about jobs, by standard input and output (Model Context Protocol). It starts this itself.

    It may ask for status, logs, best and compare; submit and cancel say first what they would do and need a second call to do it.
    Needs the extra `mcp`.

    \b
    exp-queue mcp --read-only
    """
    try:
        serving = importlib.import_module("scheduler.mcp_server.serving")
    except ImportError as error:
        raise UserError(f"{error.name} is not installed here", next_step="pip install 'exp-queue[mcp]'") from error
    serving.serve(read_only=read_only)
    return 0
