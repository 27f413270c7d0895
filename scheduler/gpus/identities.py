"""What the GPUs of this machine are called, kept from one process to the next: one that falls off the bus does not say any more
who it is, and people know it by its number and its name.

    gpus.json    in the state directory: the boot, and by the driver's own number the UUID, bus, name and MIG mode of each GPU
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from scheduler.gpus.reading import Gpu

NAME = "gpus.json"
KEPT = ("uuid", "bus", "name", "mig")
BOOT = Path("/proc/sys/kernel/random/boot_id")


def remembered(folder: Path) -> dict[int, Gpu]:
    """By the driver's number, the GPUs as they were last seen since this boot; nothing where nobody has seen them, or what was
    kept makes no sense."""
    try:
        said = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if said["boot"] != _boot():  # the driver may count otherwise now
            return {}
        return {int(number): Gpu(**{name: kept[name] for name in KEPT}) for number, kept in said["gpus"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def remember(folder: Path, gpus: Mapping[int, Gpu]) -> None:
    """Keep them for the next. Where there is no folder, or no room in it, they are not kept: it is a convenience."""
    said = {"boot": _boot(), "gpus": {str(number): {name: getattr(gpu, name) for name in KEPT} for number, gpu in gpus.items()}}
    fresh = folder / f"{NAME}.{os.getpid()}"
    try:
        fresh.write_text(json.dumps(said), encoding="utf-8")
        fresh.replace(folder / NAME)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()


def _boot() -> str:
    try:
        return BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""
