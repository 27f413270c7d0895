"""A process that is to end with its parent does so, however that ends."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = """
import os, signal, sys
from scheduler.linux.parents import die_with_parent
die_with_parent(signal.SIGTERM)
os.write(1, b"ready")
os.execvp("sleep", ["sleep", "600"])
"""
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_program_ends_when_the_parent_of_what_it_was_is_killed(number: signal.Signals) -> None:
    """Also after an exec: the trainer that an agent of W&B has started by way of ours."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as stdout:
        parent = subprocess.Popen([sys.executable, "-c", PARENT, CHILD], stdout=stdout, stdin=subprocess.DEVNULL)
    with os.fdopen(reader, "rb") as heard:
        assert heard.read(5) == b"ready"
        parent.send_signal(number)
        parent.wait(60)
        assert select.select([heard], [], [], 60)[0]
        assert heard.read() == b""  # it had the pipe too: nobody is left


def test_nobody_is_killed_whose_parent_lives(tmp_path: Path) -> None:
    """The parent goes on with its own life."""
    lines = CHILD.replace('os.execvp("sleep", ["sleep", "600"])', "")
    assert subprocess.run([sys.executable, "-c", PARENT, lines], capture_output=True, check=True).stdout == b"ready"
