"""A launcher that is no child of its runner: it is waited for as one that is."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import Any

import pytest

from scheduler.warm.client import Forked
from tests.descriptors import crowded


def test_its_end_is_seen_in_a_process_with_many_open_files() -> None:
    """`exp_queue.run` in a notebook ended with a ValueError when the first of its jobs had begun."""
    nobody: Any = SimpleNamespace()
    with crowded(), subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:  # it ends with us
        forked = Forked(nobody, "launcher")
        forked.born(child.pid)
        assert forked.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            forked.wait(0.0)
        forked.kill()
        assert forked.wait() == 0
        assert forked.poll() == 0
