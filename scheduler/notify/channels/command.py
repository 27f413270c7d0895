"""A command of the user's own: it gets the event as JSON on its standard input."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Mapping
from typing import Any

from scheduler.notify.channel import Channel, Undelivered

LIMIT = 20.0  # seconds, within those of the sender
TOLD = 300  # characters of its complaint


def send(channel: Channel, event: Mapping[str, Any]) -> None:
    """Run it to its end. Undelivered where it cannot start, fails, or takes too long: then it is ended with its children."""
    run(channel.to, json.dumps(event) + "\n")


def run(words: tuple[str, ...], text: str) -> None:
    """Run a program with `text` on its standard input."""
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(
            words, stdin=pipe, stdout=subprocess.DEVNULL, stderr=pipe, text=True, errors="replace", start_new_session=True
        )
    except OSError as error:
        raise Undelivered(f"{words[0]} cannot be started ({error.strerror})") from None
    try:
        _, complaint = process.communicate(text, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raise Undelivered(f"{words[0]} took longer than {LIMIT:g} s and was ended") from None
    if process.returncode:
        said = f": {complaint.strip()[-TOLD:]}" if complaint.strip() else ""
        raise Undelivered(f"{words[0]} ended with exit status {process.returncode}{said}")
