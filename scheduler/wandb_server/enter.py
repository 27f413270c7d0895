"""How a run of an agent gets the GPUs of its seat: `python -IS enter.py HOME ENTITY PROJECT -- COMMAND...` becomes COMMAND, with
the variables that the seat has written down."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    from scheduler.wandb_server.folders import Folder, RunId

    home, entity, project, _, *command = sys.argv[1:]
    folder = Folder(Path(home), RunId(entity, project, os.environ.get("WANDB_RUN_ID", "")))
    try:
        seat = json.loads((folder.path / "seat.json").read_bytes())
    except (OSError, ValueError):
        seat = {}
    os.execvpe(command[0], command, {**os.environ, **seat})  # noqa: S606 (no shell; the command of the sweep)
