"""How a run of an agent gets the GPUs of its seat: `python -IS enter.py HOME ENTITY PROJECT -- COMMAND...` becomes COMMAND, with
the variables that the seat has written down. It ends with its agent, which W&B's own does not see to."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from pathlib import Path

# Seconds between two posts of wandb 0.31, by itself 15: so long after the row that decides, a trial would still compute.
EAGER = {"WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1"}

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    from scheduler.linux.locks import lock
    from scheduler.linux.parents import die_with_parent
    from scheduler.wandb_server.folders import Folder, RunId

    die_with_parent(signal.SIGTERM)
    home, entity, project, _, *command = sys.argv[1:]
    folder = Folder(Path(home), RunId(entity, project, os.environ.get("WANDB_RUN_ID", "")))
    try:
        seat = json.loads(folder.seat.read_bytes())
    except (OSError, ValueError):
        seat = {}
    with contextlib.suppress(OSError):  # without it, a command that fails at once is tried again
        handle = os.open(folder.entered, os.O_RDWR | os.O_CREAT, 0o600)
        os.set_inheritable(handle, lock(handle))
    os.execvpe(command[0], command, {**EAGER, **os.environ, **seat})  # noqa: S606 (no shell; the command of the sweep)
