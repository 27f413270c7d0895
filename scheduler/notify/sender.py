"""The process that sends one notification: it has seconds, and nobody waits for it. Only the standard library is loaded here."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path

from scheduler.notify.channel import Channel, Undelivered
from scheduler.terminal import say

LIMIT = 30  # seconds; then the kernel ends us
LONGEST_LOG = 1 << 18  # bytes


def main() -> None:
    """Send what standard input says. Exit status 1, with the reason on standard error and in the file that it names, if that
    fails."""
    signal.alarm(LIMIT)
    order = json.load(sys.stdin)
    found = order["channel"]
    channel = Channel(**{**found, "to": tuple(found["to"]), "at": tuple(found["at"])})
    try:
        _refuse_unset(channel)
        importlib.import_module(f"scheduler.notify.channels.{channel.kind}").send(channel, order["event"])
    except Undelivered as error:
        reason = " ".join(_without_secrets(channel, str(error)).split())
        _note(Path(order["log"]), f"{time.strftime('%F %T')} {channel.name}: {order['event']['title']}: {reason}\n")
        say(reason)
        sys.exit(1)


def _refuse_unset(channel: Channel) -> None:
    for name in channel.variables:
        if not os.environ.get(name):
            raise Undelivered(f"the environment variable {name} is not set")


def _without_secrets(channel: Channel, text: str) -> str:
    for name in channel.variables:
        if value := os.environ.get(name):
            text = text.replace(value, f"${name}")
    return text


def _note(log: Path, line: str) -> None:
    with contextlib.suppress(OSError):
        keep = "a" if log.exists() and log.stat().st_size < LONGEST_LOG else "w"
        with log.open(keep, encoding="utf-8", errors="backslashreplace") as file:
            file.write(line)
