"""`import exp_queue.wandb as wandb` is `import scheduler.wandb as wandb`, also beside a scheduler.py of somebody else's."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scheduler.wandb import *  # noqa: F403

sys.modules[__name__] = importlib.import_module("scheduler.wandb")
