"""Waiting for what another process or thread does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def until(true: Callable[[], Any]) -> Any:
    """Wait for something that must become true; returns what it then is. Fails after a generous while."""
    deadline = time.monotonic() + 100
    while (begun := time.monotonic()) < deadline:
        if result := true():
            return result
        time.sleep(max(0.01, time.monotonic() - begun))  # who looks by a command leaves the core to what is waited for
    raise AssertionError("it did not happen within 100 s")
