"""Who is told of a run, and a try of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from scheduler.home import default_root
from scheduler.notify.channel import Channel
from scheduler.notify.event import TEST, Event
from scheduler.notify.settings import VARIABLE, Settings, chosen, path_of, read

if TYPE_CHECKING:
    from scheduler.notify.outbox import Outbox


def settings() -> Settings:
    """What the user's configuration file says. UserError with its place for what is wrong in it."""
    return read(path_of(), wanted=bool(os.environ.get(VARIABLE)))


def outbox(channels: Sequence[Channel], say: Callable[[str], None]) -> Outbox:
    """To these channels; `say` hears now of secrets that are missing, and later of failures."""
    from scheduler.notify.outbox import Outbox  # most runs tell nobody

    for channel in channels:
        for name in channel.variables:
            if not os.environ.get(name):
                say(f'warning: notifications by "{channel.name}" will fail: the environment variable {name} is not set')
    return Outbox(channels, default_root() / "notifications.log", say)


def test(words: Sequence[str], say: Callable[[str], None]) -> dict[str, str]:
    """Send a test to the channels that `words` name, without words to all; returns by name why some failed, empty for others."""
    from scheduler.notify.sender import LIMIT

    found = settings()
    box = outbox(chosen(words or list(found.channels), found), say)
    box.send(Event(TEST, "exp-queue: a test", "This is how exp-queue will tell you of a run."))
    box.close(LIMIT + 10)
    return {channel.name: box.failed.get(channel.name, "") for channel in box.channels}
