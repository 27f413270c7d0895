"""Sends notifications, each by a process of its own, so that none delays or fails what it tells of."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from signal import SIGALRM
from threading import Thread

from scheduler.linux import isolated
from scheduler.notify.channel import Channel
from scheduler.notify.event import Event
from scheduler.notify.sender import LIMIT

PATIENCE = 2.0  # seconds for which a command that is over waits for the end of its last notification


class Outbox:
    """`say` hears of the first failure of each channel; all failures are in the file `log`."""

    def __init__(self, channels: Sequence[Channel], log: Path, say: Callable[[str], None]) -> None:
        self.channels, self._log, self._say = channels, log, say
        self._on_the_way: list[tuple[Channel, Thread]] = []
        self.failed: dict[str, str] = {}

    def send(self, event: Event) -> None:
        """To every channel that wants such an event. Returns when the senders have begun."""
        for channel in self.channels:
            if channel.wants(event.kind):
                self._begin(channel, event)

    def close(self, patience: float = PATIENCE) -> None:
        """Wait for the last senders, so that a failure can be said, but no longer; they go on by themselves."""
        deadline = time.monotonic() + patience
        for channel, thread in self._on_the_way:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                self._say(f'the notification by "{channel.name}" is still on its way; if it fails, {self._log} says so')
        self._on_the_way.clear()

    def _begin(self, channel: Channel, event: Event) -> None:
        order = json.dumps({"channel": asdict(channel), "event": event.as_object(), "log": str(self._log)})
        try:
            # A session of its own: the Ctrl-C that ends the command is not for the news of it.
            process = subprocess.Popen(
                isolated.command("scheduler.notify.sender", "main()", packages=False),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
            assert process.stdin
            with process.stdin as order_file:
                order_file.write(order.encode())
            thread = Thread(target=self._watch, args=(channel, process), daemon=True)
            thread.start()
        except (OSError, RuntimeError) as error:  # no room for a process, or for a thread
            self._failed(channel, str(error))
            return
        self._on_the_way.append((channel, thread))

    def _watch(self, channel: Channel, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr
        with process.stderr as complaint:
            reason = complaint.read().decode(errors="replace")
        if status := process.wait():
            without = f"it took longer than {LIMIT} s" if status == -SIGALRM else f"its sender ended with status {status}"
            self._failed(channel, (reason.strip().splitlines() or [without])[-1])

    def _failed(self, channel: Channel, reason: str) -> None:
        if channel.name not in self.failed:
            self.failed[channel.name] = reason
            self._say(f'the notification by "{channel.name}" was not sent: {reason}')
