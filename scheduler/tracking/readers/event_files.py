"""Reads the scalars that a run writes for TensorBoard, while it writes them.

An event file is a sequence of TFRecords: length u64, masked CRC-32C of the length, an Event protocol buffer, its masked CRC-32C
(tensorflow.org/tutorials/load_data/tfrecord). Messages and checksums are the tensorboard library's; the few lines of framing
are ours, because its loaders import TensorFlow where that is installed, and check megabytes of images in pure Python.

A writer shows what it logged when it flushes: `SummaryWriter` and `tf.summary` by themselves after two minutes, or when
their program calls `flush()` or ends. Until then there is nothing that could be read.
"""

from __future__ import annotations

import functools
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scheduler.tracking.readers.appended import Appended, FileReader
from scheduler.tracking.readers.folders import files_in
from scheduler.tracking.readers.ranks import says_rank_0
from scheduler.tracking.readers.rows import Row, mention

PATTERN = "*tfevents*"
NO_LIBRARY = (
    "this run writes TensorBoard event files, and the library that reads them is not installed; "
    "`pip install tensorboard` where exp-queue is installed, and its scalars count too"
)
_NAME = re.compile(r".*tfevents\.\d+\.(.+\.\d+)\.\d+[^.]*(\.[^.]*)?")  # TIME.HOST.PID.NUMBER, and perhaps a word at the end
_LENGTH, _CRC = struct.Struct("<QI"), struct.Struct("<I")
_OVERHEAD = _LENGTH.size + _CRC.size
_LARGEST = 1 << 16  # bytes, less than one look brings; a scalar has a hundred, what is larger is an image or a graph


@functools.cache
def obstacle() -> str:
    """Why event files cannot be read, or "". The first call imports the tensorboard library (not TensorFlow): 0.3 s."""
    try:
        from tensorboard.compat.proto import event_pb2  # noqa: F401
        from tensorboard.compat.tensorflow_stub import pywrap_tensorflow  # noqa: F401
    except ImportError:
        return NO_LIBRARY
    return ""


def writer(path: Path) -> str:
    """Which process has begun an event file, as its name says: HOST.PID; the whole name where it does not say.

    >>> [writer(Path(f"events.out.tfevents.1700000000.{rest}")) for rest in ("a.box.42.0", "a.box.42.1.v2", "a.box.42.2train")]
    ['a.box.42', 'a.box.42', 'a.box.42']
    """
    found = _NAME.fullmatch(path.name)
    return found[1] if found else path.name


class EventFile(FileReader):
    """The scalars of one event file; a row is an event that holds at least one.

    A scalar stands under its tag, and under `<folder>/<tag>` as well: Keras logs `epoch_loss` into `train` and `validation`.
    With `wanted` names, events that cannot hold one of them are not parsed; with `everything` all are, and a scalar stands under
    two names only where the second is wanted.
    """

    def __init__(self, path: Path, wanted: Sequence[str] = (), *, everything: bool = False) -> None:
        super().__init__(Appended(path))
        self._folder, self._wanted = path.parent.name, frozenset(wanted) if everything else None
        self._may_hold = mention(() if everything else [*wanted, *(name.removeprefix(f"{self._folder}/") for name in wanted)])

    def read(self) -> list[Row]:
        """The scalars of the events that became whole since the last call. A damaged event is tried again."""
        data, position, found, start = self._file.look(), 0, [], self._file.offset
        while (end := _end(data, position)) is not None and end <= len(data):
            event = data[position + _LENGTH.size : end - _CRC.size]
            if len(event) <= _LARGEST and self._may_hold(event):
                if not _matches(event, data[end - _CRC.size : end]):
                    break
                found += self._rows(event)
            position = end
        self._file.offset += position or self._over_large(data)
        self._file.behind |= not position and self._file.offset > start
        return found

    def finish(self) -> list[Row]:
        """The rest. Behind damage nothing can be read: an event file has no marks to find the next event by."""
        found = self.read()
        before = -1
        while self._file.offset != before:
            before = self._file.offset
            found += self.read()
        return found

    def _over_large(self, data: bytes) -> int:
        """Bytes of the event that `data` begins with, if it is too large to hold scalars and wholly written; else 0."""
        end = _end(data, 0) or 0
        return end if end - _OVERHEAD > _LARGEST and self._file.offset + end <= self._file.size() else 0

    def _rows(self, message: bytes) -> list[Row]:
        from google.protobuf.message import DecodeError
        from tensorboard.compat.proto import event_pb2

        try:
            event = event_pb2.Event.FromString(message)
        except DecodeError:
            return []
        scalars = {value.tag: number for value in event.summary.value if (number := _scalar(value)) is not None}
        in_folder = {f"{self._folder}/{tag}": number for tag, number in scalars.items()}
        if self._wanted is not None:
            in_folder = {name: number for name, number in in_folder.items() if name in self._wanted}
        return [Row(event.step, {**in_folder, **scalars}, event.wall_time)] if scalars else []


def _end(data: bytes, position: int) -> int | None:
    """Where the record at `position` ends; None where its length is not there yet, or is damaged."""
    if position + _LENGTH.size > len(data):
        return None
    length, crc = _LENGTH.unpack_from(data, position)
    return position + length + _OVERHEAD if _masked(data[position : position + 8]) == crc else None


def _matches(event: bytes, crc: bytes) -> bool:
    return _CRC.pack(_masked(event)) == crc


def _masked(data: bytes) -> int:
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    return int(masked_crc32c(data))


def _scalar(value: Any) -> float | None:
    """The number in a Summary.Value: `simple_value` (PyTorch, TensorFlow 1), or a tensor of one number (TensorFlow 2)."""
    kind = value.WhichOneof("value")
    if kind == "simple_value":
        return float(value.simple_value)
    if kind != "tensor" or value.metadata.plugin_data.plugin_name not in ("", "scalars"):
        return None
    from tensorboard.util import tensor_util

    try:
        array = tensor_util.make_ndarray(value.tensor)
    except (TypeError, ValueError):  # a type of tensor that the library does not know
        return None
    return float(array.item()) if array.size == 1 and array.dtype.kind in "fiu" else None


class EventFolder:
    """The event files of one folder as one run, as TensorBoard sees them. Their names begin with a time, so they sort by it.

    Only those that `is_own` count: in a folder of the script's choice other runs may have left theirs.
    """

    def __init__(
        self,
        folder: Path,
        wanted: Sequence[str] = (),
        is_own: Callable[[Path], bool] = lambda path: True,
        *,
        everything: bool = False,
    ) -> None:
        self.folder, self._wanted, self._is_own, self._everything = folder, wanted, is_own, everything
        self._files: dict[Path, EventFile] = {}
        self.summary: Mapping[str, Any] = {}
        self.exit_code: int | None = None
        self.leads = says_rank_0(folder.name)

    @property
    def behind(self) -> bool:
        return any(each.behind for each in self._files.values())

    @property
    def extent(self) -> tuple[int, int]:
        extents = [each.extent for each in self._files.values()]
        return sum(taken for taken, _ in extents), sum(there for _, there in extents)

    @property
    def files(self) -> list[Path]:
        self._look_for_files()
        return sorted(self._files)

    def read(self) -> list[Row]:
        return [row for path in self.files for row in self._files[path].read()]

    def finish(self) -> list[Row]:
        return [row for path in self.files for row in self._files[path].finish()]

    def _look_for_files(self) -> None:
        for path in files_in(self.folder, PATTERN):
            if path not in self._files and self._is_own(path):
                self._files[path] = EventFile(path, self._wanted, everything=self._everything)
