"""The files that a runner and the nodes share: one folder for each array of jobs. No lock is taken on them, for NFS keeps none
dependably; each has one writer, and who writes one that two could is decided by its name, which only one can make.

    FOLDER/slurm/BATCH/manifest    the orders: their places in the file, then one a line; written before Slurm hears of it
    FOLDER/slurm/BATCH/job         its number in Slurm
    FOLDER/slurm/BATCH/N.journal   what the launcher of order N did; whoever makes it first decides that it starts, or never will
    FOLDER/slurm/BATCH/N.stop      a stop that somebody has asked for
    FOLDER/slurm/BATCH/N.out       what Slurm or Python said before there was a journal

A launcher imports this, so it imports little.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scheduler.launcher.spawning import Order

ROOM = "slurm"
NEVER = "E\n"  # a journal that is closed and has started nothing


def launcher_of(batch: str, index: int) -> str:
    """What the store calls the launcher of this order."""
    return f"{ROOM}/{batch}/{index}"


def place_of(launcher: str) -> tuple[str, int] | None:
    """The batch and the number of its order, where a node's launcher is meant."""
    words = launcher.split("/")
    return (words[1], int(words[2])) if len(words) == 3 and words[0] == ROOM else None


def folder_of(root: str | Path, batch: str) -> Path:
    return Path(root, ROOM, batch)


def journal(folder: Path, index: int) -> Path:
    return folder / f"{index}.journal"


def write(folder: Path, orders: Mapping[int, Order]) -> None:
    """Put the orders where the nodes find them; on the disk when this returns."""
    folder.mkdir(0o700, parents=True, exist_ok=True)
    lines = {index: f"{json.dumps(vars(order))}\n".encode() for index, order in orders.items()}
    places, at = {}, 0
    for index, line in lines.items():
        places[index], at = (at, len(line)), at + len(line)
    new = folder / "manifest.new"
    with new.open("wb") as file:
        file.write(f"{json.dumps(places)}\n".encode())
        file.writelines(lines.values())
        file.flush()
        os.fsync(file.fileno())
    new.rename(folder / "manifest")


def order(folder: Path, index: int) -> Order | None:
    """The order with this number; None where it was taken away."""
    try:
        with (folder / "manifest").open("rb") as file:
            at, length = json.loads(file.readline())[str(index)]
            file.seek(at, os.SEEK_CUR)
            return Order(**json.loads(file.read(length)))
    except FileNotFoundError:
        return None


def open_journal(folder: Path, index: int) -> int | None:
    """A descriptor of the new journal; None where there is one already: then it is not for us to start this order."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
    try:
        return os.open(journal(folder, index), flags, 0o600)
    except (FileExistsError, FileNotFoundError):
        return None


def withdraw(folder: Path, index: int, text: str = NEVER) -> bool:
    """Make sure that this order never starts: its journal is made, whole, and says `text`. False where a launcher has made it
    before."""
    folder.mkdir(0o700, parents=True, exist_ok=True)  # whoever was killed before the manifest has left none
    new = folder / f"{index}.{secrets.token_hex(4)}"
    new.write_text(text, encoding="utf-8")
    try:
        journal(folder, index).hardlink_to(new)  # unlike a rename it takes nobody's place
    except FileExistsError:
        return False
    finally:
        new.unlink()
    return True


def stopped_before(attempt: str, state: str) -> str:
    """What the journal says of an order that was stopped before it started."""
    end = {"state": state, "exit_status": None, "reason": "stopped before it started", "duration": 0.0}
    return f"X {attempt} {json.dumps(end)}\n{NEVER}"


def ask_to_stop(folder: Path, index: int, state: str, grace: float | None) -> None:
    """Have the launcher of this order stop it, so that it ends in `state`; it sees this by itself after a while."""
    new = folder / f"{index}.{secrets.token_hex(4)}"
    new.write_text(json.dumps({"state": state, "grace": grace}), encoding="utf-8")
    new.rename(folder / f"{index}.stop")


def asked_to_stop(folder: Path, index: int) -> dict[str, Any] | None:
    """The stop that somebody has asked for."""
    try:
        return json.loads((folder / f"{index}.stop").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def job_of(folder: Path) -> str:
    """The number of the batch in Slurm; "" where it has none, or nobody was told."""
    try:
        return (folder / "job").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
