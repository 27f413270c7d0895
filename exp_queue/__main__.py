"""`python -m exp_queue` is `exp-queue`, also beside a scheduler.py of somebody else's: in a process that does not see it."""

from __future__ import annotations

import os
import sys

from scheduler.linux import isolated

if __name__ == "__main__":
    command = isolated.command("scheduler.cli.main", "main()", sys.argv[1:], packages=True)
    os.execv(command[0], command)  # noqa: S606 (no shell: this process becomes the command)
