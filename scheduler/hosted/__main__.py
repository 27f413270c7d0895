"""What a queue starts here over ssh, by the path of this file: then it is the exp-queue beside it, and no other."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[2])
if __name__ == "__main__":
    sys.path[:0] = [] if _ROOT in sys.path else [_ROOT]

    from scheduler.hosted.agent import main

    sys.exit(main())
