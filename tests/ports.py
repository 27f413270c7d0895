"""Ports for servers that tests start, and start again."""

from __future__ import annotations

import contextlib
import random
import socket


def free_port() -> int:
    """One that stays free while its server is away: none of those of outgoing connections or of our own W&B servers."""
    for port in random.SystemRandom().sample(range(20_000, 30_000), 100):
        with contextlib.suppress(OSError), socket.socket() as one:
            one.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
