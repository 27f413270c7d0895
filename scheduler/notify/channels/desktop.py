"""The desktop of whoever sits at this machine, by the program notify-send."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

from scheduler.notify.channel import Channel, Undelivered
from scheduler.notify.channels import command
from scheduler.notify.event import FAILURE, STILL


def send(channel: Channel, event: Mapping[str, Any]) -> None:
    """Undelivered where there is no notify-send, or no desktop for it."""
    program = shutil.which("notify-send")
    if not program:
        raise Undelivered("there is no program notify-send (package libnotify-bin or libnotify)")
    urgency = "critical" if event["event"] in (FAILURE, STILL) else "normal"
    command.run((program, "--app-name=exp-queue", f"--urgency={urgency}", "--", event["title"], event["text"]), "")
