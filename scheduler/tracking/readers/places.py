"""Where runs keep their logs below a folder, and which folders to watch for one that appears later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from scheduler.tracking.readers.event_files import PATTERN
from scheduler.tracking.readers.folders import files_in, folders_in

SWANLOG = "swanlog"  # as SwanLab itself calls it
DEPTH = 4  # levels below a run's folder, as in lightning_logs/version_0/train
WIDTH = 64  # folders of one level: a run may keep a folder for each of a million samples


def transaction_logs(directory: Path) -> list[Path]:
    """The transaction logs of the W&B runs, online and offline, below a WANDB_DIR; the oldest first."""
    runs = sorted(folders_in(directory / "wandb", "*run-*"), key=lambda run: run.name.partition("run-")[2])
    return [log for run in runs for log in files_in(run, "run-*.wandb")]


def swanlab_logs(directory: Path) -> list[Path]:
    """The logs of the SwanLab runs below the folder of a job's own; the oldest first."""
    return [log for run in folders_in(directory / SWANLOG, "run-*") for log in files_in(run, "run-*.swanlab")]


def event_folders(root: Path) -> list[Path]:
    """The folders at and below `root` that hold TensorBoard event files, but not those of W&B."""
    return [folder for folder in _below(root, DEPTH) if files_in(folder, PATTERN)]


def folders_to_watch(directory: Path) -> set[Path]:
    """The folders in which a log, or the folder of one, may still appear; where one is missing, the nearest above it."""
    runs = directory / "wandb"
    found = {_nearest(directory), runs, *folders_in(runs, "*run-*"), *_below(directory, DEPTH)}
    return {folder for folder in found if folder.is_dir()}


def logs_among(paths: Iterable[Path]) -> tuple[list[Path], list[Path], list[Path]]:
    """Among open files: the W&B transaction logs, the TensorBoard event files, and SwanLab's logs."""
    found = sorted(paths)

    def those(pattern: str) -> list[Path]:
        return [path for path in found if path.match(pattern)]

    return those("run-*.wandb"), those(PATTERN), those("run-*.swanlab")


def _below(folder: Path, depth: int) -> Iterator[Path]:
    yield folder
    inner = [each for each in folders_in(folder) if each.name != "wandb"] if depth else []
    for each in inner[:WIDTH]:
        yield from _below(each, depth - 1)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(each for each in (folder, *folder.parents) if each.is_dir())
