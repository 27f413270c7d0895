"""The outer layer of W&B's transaction log: LevelDB's log format, with plain CRC-32 in place of the masked CRC-32C.

A file is a header of 7 bytes (`:W&B`, 0xBEE1, a version), then chunks in blocks of 32 KiB counted from the file's start. A
chunk is crc u32, length u16, type u8 (1 whole record, 2 first part, 3 middle, 4 last), all little-endian, and its payload; the
crc is that of type and payload. Where fewer than 7 bytes of a block are left they are padding.
"""

from __future__ import annotations

import struct
import zlib
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from scheduler.tracking.readers.appended import Appended, FileReader
from scheduler.tracking.readers.rows import Row, mention

BLOCK = 1 << 15
MAGIC = b":W&B\xe1\xbe"
FILE_HEADER = len(MAGIC) + 1
CHUNK_HEADER = struct.Struct("<IHB")
WHOLE, FIRST, MIDDLE, LAST = 1, 2, 3, 4


class Records:
    """Puts chunks together into records. `position` is the offset in the file of the first byte not understood yet; `magic` is
    how the file begins."""

    def __init__(self, magic: bytes = MAGIC) -> None:
        self.position, self.foreign, self._magic = 0, False, magic
        self._parts: list[bytes] | None = None

    def take(self, data: bytes) -> Iterator[bytes]:
        """The payloads of the records that `data`, the bytes from `position` on, completes.

        Stops, with `position` unmoved, before a chunk that is not whole or does not match its checksum: more bytes, or other
        bytes, may come. A file that is no transaction log has no records; `foreign` is then True.
        """
        start = self.position
        if start == 0:
            self._take_file_header(data)
        while self.position and (chunk := _chunk(data, start, self.position)):
            self.position, kind, payload = chunk
            record = self._joined(kind, payload)
            if record is not None:
                yield record

    def skip_damage(self, size: int) -> None:
        """Go on with the next block of a file of `size` bytes, as LevelDB's reader does; the record around it is lost."""
        self.position = min((self.position // BLOCK + 1) * BLOCK, size)
        self._parts = None

    def _take_file_header(self, data: bytes) -> None:
        if len(data) >= FILE_HEADER:
            self.foreign = not data.startswith(self._magic)
            self.position = 0 if self.foreign else FILE_HEADER

    def _joined(self, kind: int, payload: bytes) -> bytes | None:
        if kind in (WHOLE, FIRST):
            self._parts = []
        if self._parts is None:  # the rest of a record whose beginning is lost
            return None
        self._parts.append(payload)
        if kind in (FIRST, MIDDLE):
            return None
        record, self._parts = b"".join(self._parts), None
        return record


class FramedLog(FileReader):
    """Reads the rows of one run from a log of such records, whatever lies in them.

    With `wanted` names, what cannot hold one of them is not parsed: a run may log hundreds.
    """

    magic = MAGIC

    def __init__(self, path: Path, wanted: Sequence[str] = ()) -> None:
        super().__init__(Appended(path))
        self._records, self._may_hold = Records(self.magic), mention(wanted)

    @abstractmethod
    def rows_of(self, records: Iterable[bytes]) -> list[Row]:
        """The rows in these records, which follow one another."""

    def read(self) -> list[Row]:
        """The rows of the records that became whole since the last call."""
        data = self._file.look()
        if self._file.broken:  # another file under the same name
            self._records = Records(self.magic)
        found = self.rows_of(self._records.take(data))
        self._file.offset = self._records.position
        return found

    def finish(self) -> list[Row]:
        """The rest. Damage costs the records of its block of 32 KiB; what follows is read."""
        found = self.read()
        while not self._records.foreign and self._records.position < (size := self._file.size()):
            before = self._records.position
            found += self.read()
            if self._records.position == before:
                self._records.skip_damage(size)
                self._file.offset = self._records.position
        return found


def _chunk(data: bytes, start: int, position: int) -> tuple[int, int, bytes] | None:
    """(position after it, type, payload) of the chunk at `position`; None if it is not whole or damaged."""
    left = BLOCK - position % BLOCK
    if left < CHUNK_HEADER.size:
        position += left
    begin = position - start + CHUNK_HEADER.size
    if begin > len(data):
        return None
    crc, length, kind = CHUNK_HEADER.unpack_from(data, begin - CHUNK_HEADER.size)
    payload = data[begin : begin + length]
    if len(payload) < length or kind not in (WHOLE, FIRST, MIDDLE, LAST):
        return None
    if zlib.crc32(payload, zlib.crc32(data[begin - 1 : begin])) != crc:
        return None
    return position + CHUNK_HEADER.size + length, kind, payload
