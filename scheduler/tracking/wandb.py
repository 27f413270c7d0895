"""Rows to Weights & Biases, with the real client. Without an account the run is kept offline; `wandb sync` sends it later."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scheduler.terminal import say
from scheduler.tracking.media import Shown


class WandbRun:
    """One W&B run. Offline unless WANDB_MODE, an API key or a login says that a server is wanted."""

    def __init__(self, config: Mapping[str, Any], *, project: str, name: str | None, directory: Path | None) -> None:
        import wandb

        self._wandb = wandb
        mode = os.environ.get("WANDB_MODE") or ("online" if _has_account() else "offline")
        self._is_offline = mode == "offline"
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", project),
            name=name,
            config=dict(config),
            dir=os.environ.get("WANDB_DIR") or directory,
            mode=mode,  # type: ignore[arg-type]
            settings=wandb.Settings(silent=True),
        )

    def log(self, values: Mapping[str, Any], step: int | None) -> None:
        self._run.log(dict(values), step=step, commit=True)

    def predictions(self, rows: list[dict[str, Any]], images: list[Any] | None, step: int | None) -> None:
        """A table, with the images in a first column where there are any. It travels with the next row."""
        columns: list[str | int] = list(rows[0]) if rows else []
        data = [[row.get(str(column)) for column in columns] for row in rows]
        if images is not None:
            columns = ["image", *columns]
            data = [[self._wandb.Image(image), *cells] for image, cells in zip(images, data, strict=True)]
        self._run.log({"predictions": self._wandb.Table(columns=columns, data=data)}, step=step, commit=False)

    def show(self, name: str, media: Shown, step: int | None) -> None:
        """It lies beside the metric log."""

    def configure(self, values: Mapping[str, Any]) -> None:
        self._run.config.update(dict(values), allow_val_change=True)

    def summarize(self, values: Mapping[str, Any]) -> None:
        self._run.log(dict(values), commit=True)

    def keep(self, path: Path, name: str) -> None:
        """It lies beside the metric log."""

    def finish(self) -> None:
        self._run.finish()
        if self._is_offline:  # W&B's own words about it are silenced with its others
            say(f"wandb: logged offline; to send it: wandb sync {shlex.quote(str(Path(self._run.dir).parent))}")


def _has_account() -> bool:
    """Whether W&B would find credentials: a key in the environment, or a login in the netrc file."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    netrc = Path(os.environ.get("NETRC", "~/.netrc")).expanduser()
    try:
        return "api.wandb.ai" in netrc.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
