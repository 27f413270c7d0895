"""A command of ours in the background, in a session of its own, so that a logout does not end it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from scheduler.home import open_home
from scheduler.linux import isolated


def detach(arguments: Sequence[str]) -> tuple[int, Path]:
    """Start `exp-queue ARGUMENTS` in the background; returns its pid and the file that its output goes to."""
    folder = open_home().root / "detached"
    folder.mkdir(mode=0o700, exist_ok=True)
    log = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**9:09d}.log"
    process = isolated.in_background(in_isolation(arguments), log)
    process.returncode = 0  # nobody here waits for it
    return process.pid, log


def in_isolation(arguments: Sequence[str]) -> list[str]:
    """The command line of `exp-queue ARGUMENTS`, which imports nothing of the working directory."""
    return isolated.command("scheduler.cli.main", "sys.exit(main())", arguments, packages=True)
