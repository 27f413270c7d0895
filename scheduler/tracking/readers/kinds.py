"""The kinds of places from which rows can be read, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from scheduler.attempt_files import LOG, METRICS
from scheduler.tracking.metric_log import MetricRows
from scheduler.tracking.readers import event_files
from scheduler.tracking.readers.event_files import EventFolder
from scheduler.tracking.readers.places import event_folders, swanlab_logs, transaction_logs
from scheduler.tracking.readers.printed import PrintedRows
from scheduler.tracking.readers.rows import Reader
from scheduler.tracking.readers.source import Open, Source
from scheduler.tracking.readers.swanlab_log import SwanlabLog
from scheduler.tracking.readers.wandb_log import WandbLog

METRIC_LOG, WANDB, TENSORBOARD, SWANLAB, OUTPUT = "metric log", "W&B log", "TensorBoard", "SwanLab log", "output"
ORDER = (METRIC_LOG, WANDB, TENSORBOARD, SWANLAB, OUTPUT)


def sources(
    directory: Path,
    names: Sequence[str],
    is_own: Callable[[Path], bool],
    run_id: str,
    *,
    gather: bool = False,
    judged_by: Sequence[str] = (),
) -> list[Source]:
    """Every kind of log of the attempt whose directory this is, in ORDER. `is_own` says of event files that lie beside others
    whether they are this run's; `run_id` is the trial's WANDB_RUN_ID, "" where it has none. `gather`: all rows are read, whatever
    the names, and gathered; then `judged_by` are names that somebody will ask for."""
    everything = gather or not names

    def reading(reader: Callable[[Path, Sequence[str]], Reader]) -> Open:
        return lambda path, wanted: reader(path, () if everything else wanted)

    def event_folder(path: Path, wanted: Sequence[str]) -> EventFolder:
        return EventFolder(path, [*wanted, *judged_by], is_own, everything=everything)

    def there(file: Path) -> Sequence[Path]:
        return [file] if file.is_file() else []

    source, of_trial = partial(Source, metrics=names, gather=gather), f"run-{run_id}.wandb"
    return [
        source(METRIC_LOG, lambda: there(directory / METRICS), reading(MetricRows)),
        source(WANDB, lambda: transaction_logs(directory), reading(WandbLog), is_own=lambda log: log.name == of_trial),
        source(
            *(TENSORBOARD, lambda: event_folders(directory), event_folder),
            obstacle=event_files.obstacle,
            level=lambda folder: -len(folder.parts),
            parts=True,
            plain=judged_by,
        ),
        source(SWANLAB, lambda: swanlab_logs(directory), reading(SwanlabLog)),
        source(OUTPUT, lambda: there(directory / LOG), partial(PrintedRows, everything=everything)),
    ]
