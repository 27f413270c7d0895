"""The first files of somebody who has nothing yet: a training, an experiment file, a sweep file, a script; and a systemd unit."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from scheduler.errors import UserError
from scheduler.home import default_root

# What is written, below the folder: the file of ours with its text, and its mode.
SAMPLES = {
    "train.py": ("train.py", 0o666),
    "experiments/sample.yaml": ("experiments.yaml", 0o666),
    "sweeps/sample.yaml": ("sweep.yaml", 0o666),
    "tasks/run_sample.sh": ("run.sh", 0o777),
}
UNIT = "exp-queue.service"


@dataclass(frozen=True)
class Begun:
    """Which files were written, and which were there already and stay as they are; relative to `folder`."""

    folder: Path
    written: tuple[str, ...]
    kept: tuple[str, ...]


def begin(folder: Path) -> Begun:
    """Write the samples into `folder`, which is made if it is not there. No file is ever overwritten. UserError for a place in
    which nothing can be written."""
    return _begun(folder, {name: (_text(source), mode) for name, (source, mode) in SAMPLES.items()})


def write_unit() -> Begun:
    """Write the unit of `work --forever` for the present queue to where systemd looks for those of a user. As `begin` else."""
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return _begun(Path(base).expanduser() / "systemd" / "user", {UNIT: (unit(default_root()), 0o666)})


def unit(home: Path) -> str:
    """The text of the unit: this Python, and this queue."""
    command = " ".join(_quoted(word).replace("$", "$$") for word in (sys.executable, "-m", "exp_queue", "work", "--forever"))
    return _text("unit.service").format(command=command, home=_quoted(f"EXP_QUEUE_HOME={home}"))


def _quoted(word: str) -> str:
    """A word of a unit file: in quotes where it needs them, and `%` means itself (systemd.syntax(7), systemd.unit(5))."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return word if re.fullmatch(r"[\w./=-]+", word) else f'"{escaped}"'


def _text(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")


def _begun(folder: Path, texts: dict[str, tuple[str, int]]) -> Begun:
    try:
        written = tuple(name for name, (text, mode) in texts.items() if _write(folder / name, text, mode))
    except OSError as error:
        what = f"cannot write {error.filename or folder} ({error.strerror})"
        raise UserError(what, next_step="name another folder: exp-queue init FOLDER") from error
    return Begun(folder, written, tuple(name for name in texts if name not in written))


def _write(path: Path, text: str, mode: int) -> bool:
    """Whether the file was written; one that is there, also a link that leads nowhere, is left alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return True
