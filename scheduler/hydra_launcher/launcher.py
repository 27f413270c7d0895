"""Hydra's launcher, and what can be said of it. Every Hydra application that is started here imports this: the queue is imported
when jobs are launched."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.utils import JobReturn, configure_log, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class Settings:
    """What can be said under `hydra.launcher`, in the words of experiment files. None: nobody's wish."""

    _target_: str = "hydra_plugins.exp_queue_launcher.ExpQueueLauncher"
    gpus: int | None = None
    gpu_memory: Any = None
    cpus: int | None = None
    share: int | None = None
    exclusive: bool | None = None
    retries: int | None = None
    timeout: Any = None
    grace: Any = None
    priority: int | None = None
    jobs: Any = None  # at most so many at once, or "auto"; None: one for each GPU
    stagger: Any = 0  # seconds, or a text: a job starts so much later, at the earliest, than the one before it
    group: str | None = None  # None: the name that the application has
    notify: str | None = None


class Launching(Launcher):
    """Runs the jobs of a multirun as jobs of the queue."""

    def __init__(self, **settings: Any) -> None:
        self._settings = settings

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self._loader, self._config = hydra_context.config_loader, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """As `launching.launch`."""
        setup_globals()
        configure_log(self._config.hydra.hydra_logging, self._config.hydra.verbose)
        launching = importlib.import_module("scheduler.hydra_launcher.launching")
        return launching.launch(self._loader, self._config, self._settings, job_overrides, initial_job_idx)
