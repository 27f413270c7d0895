"""What others have: an environment of its own for those that are packages of Python, and a word on how to get the rest."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PACKAGES = ("simple-gpu-scheduler", "hyperqueue")
HOW = {
    "xargs": "apt install findutils",
    "GNU parallel": "apt install parallel",
    "task-spooler": "apt install task-spooler",
    "HyperQueue": "--peers installs it",
    "simple_gpu_scheduler": "--peers installs it",
    "TensorBoard": "pip install '.[tensorboard]'",
    "W&B": "pip install '.[wandb]'",
    "SwanLab": "pip install '.[swanlab]'",
    "Trackio": "pip install '.[trackio]'",
    "Optuna": "pip install '.[sweeps]'",
}


def python_of(cache: Path) -> str:
    """The interpreter that has them, where they were installed; else this one."""
    found = cache / "peers/bin/python"
    return str(found) if found.exists() else sys.executable


def install(cache: Path) -> list[str]:
    """Into an environment in the cache; the names of those that could not be had."""
    folder = cache / "peers"
    python = folder / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=False)  # without it nothing can be installed, either
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    return [name for name in PACKAGES if not python.exists() or subprocess.run([*pip, name], check=False).returncode]


def advice(missing: Iterable[str]) -> list[str]:
    """A line for each peer that is not here: how to get it."""
    return [f"{name}: not here ({_how(name)})" for name in missing]


def _how(name: str) -> str:
    return next((how for word, how in HOW.items() if word in name), "no way to install it is known here")
