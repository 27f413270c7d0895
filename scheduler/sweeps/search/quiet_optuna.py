"""Optuna without its chatter. `from scheduler.sweeps.search.quiet_optuna import optuna` takes about a second: never at import of
what a command needs for `--help`.
"""

from __future__ import annotations

import warnings
from typing import Any

import optuna

# Our messages are our own: that a setting is experimental, or another package would be faster, helps nobody at night.
optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)

__all__ = ["new_study", "optuna"]


def new_study(*goals: str, **settings: Any) -> optuna.Study:
    """A study of these objectives, in memory unless the settings say otherwise, and without a pruner: left out, that would be a
    median one."""
    directions = [optuna.study.StudyDirection[goal.upper()] for goal in goals]
    return optuna.create_study(directions=directions, **{"pruner": optuna.pruners.NopPruner(), **settings})
