"""Reads what a SwanLab run logs from its own log, the `run-ID.swanlab` file, which it writes without an account too.

The framing is that of W&B's transaction log under another name; a record's payload is a protocol buffer of SwanLab's own
(`swanlab/proto/swanlab/record/v1` in swanlab 0.10). A reader of our own, since the client may be installed elsewhere.

The client leaves what it writes in a buffer of 8 KiB, about 100 values, until the run is finished: a short run shows nothing
before its end, and one that was killed has lost its last values.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from scheduler.tracking.readers.rows import Row
from scheduler.tracking.readers.wandb_framing import FramedLog
from scheduler.tracking.readers.wandb_records import UNKNOWN, fields, signed

MAGIC = b":SWL\xd6\xe1"
_FINISH, _SCALAR = 11, 13  # Record
_KEY, _STEP, _TIME, _VALUE = 1, 2, 4, 5  # ScalarRecord
_FAILED = (2, 3)  # RunState: crashed, aborted


class SwanlabLog(FramedLog):
    """The rows of one run: the values that follow one another under the same step; and whether it has ended well."""

    magic = MAGIC

    def rows_of(self, records: Iterable[bytes]) -> list[Row]:
        return _rows(value for record in records if (value := self._take(record)))

    def _take(self, record: bytes) -> Row | None:
        try:
            for number, value in fields(record):
                if number == _SCALAR and self._may_hold(value):
                    return _scalar(value)
                if number == _FINISH:
                    self.exit_code = int(dict(fields(value)).get(1, 0) in _FAILED)
        except UNKNOWN:  # whole by its checksum, so a later look would find the same
            pass
        return None


def _scalar(message: bytes) -> Row:
    """A ScalarRecord. What is 0 is not written out, as with every default of proto3."""
    found = dict(fields(message))
    value = dict(fields(found.get(_VALUE, b""))).get(1, bytes(8))
    moment = dict(fields(found.get(_TIME, b"")))
    time = moment.get(1, 0) + moment.get(2, 0) / 1e9 if moment else None
    return Row(signed(found.get(_STEP, 0)), {found[_KEY].decode(errors="replace"): struct.unpack("<d", value)[0]}, time)


def _rows(values: Iterable[Row]) -> list[Row]:
    """One row for the values that were logged together; a name that comes again begins another."""
    found: list[Row] = []
    for each in values:
        last = found[-1] if found else None
        if last and last.step == each.step and last.time == each.time and not last.values.keys() & each.values.keys():
            found[-1] = Row(each.step, {**last.values, **each.values}, each.time)
        else:
            found.append(each)
    return found
