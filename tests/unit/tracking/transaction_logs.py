"""Writes W&B's transaction log byte by byte, after its description alone; the real client's files are read in tests/contract."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable
from typing import Any

HEAD = b":W&B" + struct.pack("<HB", 0xBEE1, 0)
BLOCK = 32 * 1024


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def double(field: int, value: float) -> bytes:
    return varint(field << 3 | 1) + struct.pack("<d", value)


def part(field: int, payload: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(payload)) + payload


def item(path: Iterable[str], value: bytes) -> bytes:
    """A HistoryItem or SummaryItem with an encoded value."""
    return part(1, b"".join(part(2, name.encode()) for name in path) + value)


def json_item(path: Iterable[str], value: Any) -> bytes:
    return item(path, part(16, json.dumps(value).encode()))


def history(items: bytes, step: int) -> bytes:
    return number(1, 7) + part(2, items + part(2, number(1, step)))


def row(step: int, **values: Any) -> bytes:
    return history(b"".join(json_item([name], value) for name, value in values.items()), step)


def summary(**values: Any) -> bytes:
    """A record that changes the run's summary."""
    return number(1, 7) + part(3, b"".join(json_item([name], value) for name, value in values.items()))


def run(name: str = "", job_type: str = "", **config: Any) -> bytes:
    """The record with which a run begins."""
    items = b"".join(part(1, part(1, key.encode()) + part(16, json.dumps(value).encode())) for key, value in config.items())
    return number(1, 2) + part(17, part(4, items) + part(7, job_type.encode()) + part(8, name.encode()))


def chunk(kind: int, payload: bytes) -> bytes:
    return struct.pack("<IHB", zlib.crc32(bytes([kind]) + payload), len(payload), kind) + payload


def framed(records: Iterable[bytes]) -> bytes:
    """The file: each record cut where a block ends, and the last bytes of a block left empty if no chunk fits in."""
    out = bytearray(HEAD)
    for record in records:
        first = True
        while True:
            left = BLOCK - len(out) % BLOCK
            if left < 7:
                out += bytes(left)
                continue
            here, record = record[: left - 7], record[left - 7 :]
            out += chunk({(True, False): 1, (True, True): 2, (False, True): 3, (False, False): 4}[first, bool(record)], here)
            first = False
            if not record:
                break
    return bytes(out)
