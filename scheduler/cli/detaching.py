"""A command of ours in the background, in a session of its own, so that a logout does not end it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from scheduler.jobs.home import open_home
from scheduler.jobs.slots import PACKAGE_ROOT

# Isolated: a scheduler.py in the user's working directory is not ours.
_PROGRAM = "import sys; sys.path.append(sys.argv.pop(1)); from scheduler.cli.main import main; main()"


def detach(arguments: list[str]) -> tuple[int, Path]:
    """Start `exp-queue ARGUMENTS` in the background; returns its pid and the file that its output goes to."""
    folder = open_home().root / "detached"
    folder.mkdir(mode=0o700, exist_ok=True)
    log = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**9:09d}.log"
    with log.open("xb") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", _PROGRAM, str(PACKAGE_ROOT), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    process.returncode = 0  # nobody here waits for it
    return process.pid, log
