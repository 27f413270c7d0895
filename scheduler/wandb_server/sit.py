"""The program of a seat: `python -IS sit.py HOME ENTITY PROJECT [RUN]`. Nothing of the working directory is imported."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    from scheduler.wandb_server.seat import main

    sys.exit(main(sys.argv[1:]))
