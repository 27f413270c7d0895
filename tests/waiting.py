"""Waiting for what another process or thread does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

Found = TypeVar("Found")


def until(true: Callable[[], Any]) -> Any:
    """Wait for something that must become true; returns what it then is. Fails after a generous while."""
    deadline = time.monotonic() + 100
    while (begun := time.monotonic()) < deadline:
        if result := true():
            return result
        time.sleep(max(0.01, time.monotonic() - begun))  # who looks by a command leaves the core to what is waited for
    raise AssertionError("it did not happen within 100 s")


def in_time(act: Callable[[], Found]) -> Found:
    """What this returns, which may block. Fails after a generous while, for a program that is broken may block for ever; then the
    thread that waits is left behind."""
    found: list[Found] = []
    errors: list[BaseException] = []

    def acted() -> None:
        try:
            found.append(act())
        except BaseException as error:  # noqa: BLE001 (it is raised below)
            errors.append(error)

    thread = threading.Thread(target=acted, daemon=True)
    thread.start()
    thread.join(100)
    assert not thread.is_alive(), "it did not come to its end within 100 s"
    if errors:
        raise errors[0]
    return found[0]
