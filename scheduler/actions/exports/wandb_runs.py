"""Jobs as offline runs of W&B, written by its own client, which `wandb sync` sends: a folder for each."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from scheduler.actions.compared import Compared
from scheduler.actions.exports.tensorboard import in_order
from scheduler.actions.exports.texts import sound
from scheduler.errors import UserError
from scheduler.queue.states import SUCCEEDED
from scheduler.tracking.logged import Logged

PROJECT = "exp-queue"
LONGEST = 128  # characters of a group, by the client's own rule


class OfflineRuns:
    """Writes them below `folder`, each of a job with its attempt's own id. UserError without wandb."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            with _of_nobody():
                import wandb
        except ImportError as error:
            what = "offline runs are written by W&B's client, which is not installed here"
            raise UserError(what, next_step="pip install 'exp-queue[wandb]'") from error
        self._wandb = wandb

    def write(self, each: Compared, name: str, whole: Logged) -> None:
        """The folder `name` of one job: its configuration, its curves, its last values as the summary, and how it ended."""
        folder = self._folder / name
        folder.mkdir(parents=True)
        began = each.attempt.started if each.attempt else each.job.submitted
        with _of_nobody():
            run = self._wandb.init(**self._settings(each, name, folder))
            for at, points in groupby(in_order(whole, began), key=lambda point: int(point[0])):
                several = list(points)
                run.log({**{metric: value for _, _, metric, value in several}, "_timestamp": several[-1][1]}, step=at)
            run.summary.update(sound(whole.last))
            run.finish(exit_code=0 if each.job.state in SUCCEEDED else 1)

    def close(self) -> None:
        """Wait until all of it is in the files: the client's own process writes them, and lives on after a run has finished."""
        self._wandb.teardown()

    def _settings(self, each: Compared, name: str, folder: Path) -> dict[str, Any]:
        quiet = self._wandb.Settings(silent=True, console="off", disable_git=True, disable_code=True, x_disable_stats=True)
        return {
            "project": PROJECT,
            "mode": "offline",
            "dir": str(folder),
            "id": each.attempt.run_id if each.attempt else each.job.short_id,
            "name": name,
            "group": each.job.group[:LONGEST] if each.job.group else None,
            "tags": [tag[:64] for tag in each.job.tags],
            "notes": each.job.note or None,
            "config": sound(each.job.config),
            "reinit": "finish_previous",
            "settings": quiet,
        }


@contextlib.contextmanager
def _of_nobody() -> Iterator[None]:
    """Without the variables that would make our runs part of somebody else's, or online."""
    taken = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("WANDB_")}
    try:
        yield
    finally:
        os.environ.update(taken)
