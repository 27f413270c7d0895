"""Rows to Weights & Biases, with the real client. Without an account the run is kept offline; `wandb sync` sends it later."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scheduler.terminal import say
from scheduler.tracking.media import Shown
from scheduler.tracking.no_account import has_wandb_account
from scheduler.tracking.trackers.training import Cells, Training


class WandbRun(Cells):
    """One W&B run. Offline unless WANDB_MODE, an API key or a login says that a server is wanted."""

    def __init__(self, training: Training) -> None:
        import wandb

        self._wandb = wandb
        mode = os.environ.get("WANDB_MODE") or ("online" if has_wandb_account(os.environ) else "offline")
        self._is_offline = mode == "offline"
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT") or training.project_without(r"/\\#?%:"),
            name=training.name,
            group=training.group or os.environ.get("WANDB_RUN_GROUP"),
            notes=training.notes,
            tags=training.short_tags,
            config=dict(training.config),
            dir=os.environ.get("WANDB_DIR") or training.directory,
            mode=mode,  # type: ignore[arg-type]
            settings=wandb.Settings(silent=True),
        )

    def log(self, values: Mapping[str, Any], step: int | None) -> None:
        """A row with a step is closed by the next step, as W&B has it: what is shown at the same step still belongs to it."""
        self._run.log(dict(values), step=step)

    def show(self, name: str, media: Shown, step: int | None) -> None:
        """It travels with the row of its step, or with the next row."""
        value = self.cell(self._wandb, media)
        if value is not None:
            self._run.log({name: value}, step=step, commit=False)

    def configure(self, values: Mapping[str, Any]) -> None:
        self._run.config.update(dict(values), allow_val_change=True)

    def summarize(self, values: Mapping[str, Any]) -> None:
        self._run.summary.update(dict(values))

    def keep(self, path: Path, name: str) -> None:
        """W&B sends it at once, and again when it changes."""
        ending = Path(name)
        base = path.parents[len(ending.parts) - 1] if path.parts[-len(ending.parts) :] == ending.parts else path.parent
        self._run.save(str(path), base_path=str(base), policy="live")

    def finish(self) -> None:
        self._run.finish()
        if self._is_offline:  # W&B's own words about it are silenced with its others
            say(f"wandb: logged offline; to send it: wandb sync {shlex.quote(str(Path(self._run.dir).parent))}")

    def _table(self, columns: list[str], rows: list[list[Any]]) -> Any:
        return self._wandb.Table(columns=[*columns], data=rows, allow_mixed_types=True)
