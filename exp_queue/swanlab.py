"""`import exp_queue.swanlab as swanlab` is `import scheduler.swanlab as swanlab`, also beside a
scheduler.py of somebody else's."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scheduler.swanlab import *  # noqa: F403

sys.modules[__name__] = importlib.import_module("scheduler.swanlab")
