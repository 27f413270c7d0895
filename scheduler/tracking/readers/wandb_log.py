"""Reads what a W&B run logs from its transaction log, the `run-ID.wandb` file, while the run goes on.

Why a reader of our own: the client brings none (its old one, `wandb.sdk.internal.datastore`, is gone in 0.31), `import wandb`
takes half a second and is not installed where only offline scripts of another environment use it, and the format is small.

What can be seen while a run goes on, measured with the real clients (offline, a row each 0.1 s):
- 0.31 and later flush every 15 s, or as often as WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL says: live.
- 0.18 to 0.30 (seen: 0.19.11 and 0.24.0) write blocks of 32 KiB, about 100 small rows, so that short runs show nothing
  before their end; then all rows are there. They ignore the variable.
- before 0.18 (seen: 0.16.6) every record is written at once: live.
`wandb.log(x, step=N)` completes its row at the next call or at the end, in every version. A run that was killed outright
leaves no exit record; its rows are kept, as the client's own process lives on for a moment and flushes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from scheduler.tracking.readers import wandb_records
from scheduler.tracking.readers.rows import Row
from scheduler.tracking.readers.wandb_framing import FramedLog

LATE_CLIENT = (
    "wandb {version} writes what a run logs in blocks of 32 KiB: trials are read at their end, and stopped early only "
    "when a block is full; `pip install -U wandb` (0.31 or later) in the scripts' environment makes their rows visible at once"
)


class WandbLog(FramedLog):
    """The rows, the summary, the exit code, the rank and the client's version of one run."""

    def __init__(self, path: Path, wanted: Sequence[str] = ()) -> None:
        super().__init__(path, wanted)
        self.client = ""

    @property
    def writes_blocks(self) -> bool:
        """Whether its client, 0.18 to 0.30, shows rows only in blocks."""
        return _writes_blocks(self.client)

    def rows_of(self, records: Iterable[bytes]) -> list[Row]:
        return [row for record in records if (row := self._take(record))]

    def _take(self, record: bytes) -> Row | None:
        row = None
        try:
            for number, value in wandb_records.fields(record):
                row = self._take_part(number, value) or row
        except wandb_records.UNKNOWN:  # whole by its checksum, so a later look would find the same
            return None
        return row if row and row.values else None

    def _take_part(self, number: int, value: Any) -> Row | None:
        if number == wandb_records.HISTORY and self._may_hold(value):
            return wandb_records.history(value, self._may_hold)
        if number == wandb_records.SUMMARY and self._may_hold(value):
            wandb_records.update_summary(self.summary, value, self._may_hold)
        elif number in (wandb_records.RUN, wandb_records.CONFIG, wandb_records.ENVIRONMENT):
            self.leads |= wandb_records.leads(number, value)
        elif number == wandb_records.EXIT:
            self.exit_code = wandb_records.exit_code(value)
        elif number == wandb_records.HEADER:
            self.client = wandb_records.client(value)
        return None


def _writes_blocks(version: str) -> bool:
    """
    >>> [_writes_blocks(version) for version in ("", "0.17.9", "0.18.0", "0.30.1", "0.31.0", "1.0.0", "0.dev")]
    [False, False, True, True, False, False, False]
    """
    parts = version.split(".")
    return len(parts) > 1 and parts[0] == "0" and parts[1].isdecimal() and 18 <= int(parts[1]) <= 30
