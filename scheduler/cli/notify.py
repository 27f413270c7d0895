"""`exp-queue notify`: who is told of a run, and a try of it."""

from __future__ import annotations

import sys

import click

from scheduler.cli.options import format_option, say


@click.command()
@click.argument("channels", nargs=-1, metavar="[WHAT]...")
@click.option("--test", is_flag=True, help="Send a test to WHAT, without WHAT to every channel; exit status 1 if one fails.")
@format_option
def notify(channels: tuple[str, ...], test: bool, style: str) -> int:
    """Show the channels of the configuration file, and try them.

    WHAT: the name of a channel, `desktop`, an e-mail address, a URL, or the path of a program.

    \b
    exp-queue notify --test desktop
    """
    from scheduler.actions import notify as action
    from scheduler.notify.settings import chosen, path_of
    from scheduler.report.tables import print_json, print_table

    settings = action.settings()
    failed = action.test(channels, lambda text: None) if test else {}
    shown = chosen(channels or tuple(settings.channels), settings)
    rows = [
        {
            "channel": each.name,
            "to": each.says,
            "at": ", ".join(each.at),
            "without --notify": "used" if each.name in settings.use else "",
            **({"test": failed[each.name] or "sent"} if test else {}),
        }
        for each in shown
    ]
    if style == "json":
        print_json(rows, sys.stdout)
    elif rows:
        print_table(rows, sys.stdout)
    else:
        say(f"no channels: {path_of()} names none; `--notify desktop`, an e-mail address or a URL needs no file")
    return 1 if any(failed.values()) else 0
