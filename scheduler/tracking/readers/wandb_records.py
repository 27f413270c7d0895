"""The inner layer of W&B's transaction log: the few fields of its protocol buffers that say what a run logged.

Field numbers are those of `wandb/proto/wandb_internal.proto` in wandb 0.31; 0.16 to 0.30 use a subset of them. A test compares
this reading with the real client's own message classes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from typing import Any

from scheduler.tracking.readers.ranks import asks_for_rank_0, holds_rank_0, says_rank_0
from scheduler.tracking.readers.rows import Row

HISTORY, SUMMARY, CONFIG, RUN, EXIT, HEADER, ENVIRONMENT = 2, 3, 5, 17, 18, 21, 26  # fields of Record
_ITEM, _STEP = 1, 2  # HistoryRecord
_UPDATE, _REMOVE = 1, 2  # SummaryRecord, ConfigRecord
_CONFIG, _JOB_TYPE, _DISPLAY_NAME = 4, 7, 8  # RunRecord
_ARGUMENT = 5  # EnvironmentRecord
_KEY, _NESTED_KEY, _NONE, _BOOL, _SINT, _DOUBLE, _TEXT, _JSON, _VALUE_JSON = 1, 2, 3, 4, 5, 6, 7, 8, 16  # both kinds of items
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # protobuf.dev/programming-guides/encoding

_TIMESTAMP = b"_timestamp"  # in every row, as seconds since 1970

# What the functions below raise for a message of another kind than they expect.
UNKNOWN = (ValueError, TypeError, AttributeError, struct.error)


def fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """(number, value) of every field: int for varints, bytes for all else. ValueError where this is no message."""
    position = 0
    while position < len(message):
        tag, position = message[position], position + 1
        if tag > 0x7F:  # of numbers most have one byte, and this is where the time goes
            tag, position = _varint(message, position - 1)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == _VARINT:
            value, position = _varint(message, position)
            yield number, value
            continue
        length = {_FIXED64: 8, _FIXED32: 4}.get(wire_type)
        if wire_type == _BYTES:
            length, position = _varint(message, position)
        if length is None or position + length > len(message):
            raise ValueError(f"not a protocol buffer: wire type {wire_type} at byte {position}")
        yield number, message[position : position + length]
        position += length


def _varint(message: bytes, position: int) -> tuple[int, int]:
    result = shift = 0
    while position < len(message):
        byte = message[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, position
        shift += 7
    raise ValueError("not a protocol buffer: it ends inside a number")


def history(message: bytes, may_hold: Callable[[bytes], bool] = bool) -> Row:
    """The row of a HistoryRecord, with the items that `may_hold` a wanted name. Nested names become nested mappings."""
    values: dict[str, Any] = {}
    step: int | None = None
    time: float | None = None
    for number, value in fields(message):
        if number == _ITEM and may_hold(value):
            _place(values, *item(value))
        elif number == _ITEM and _TIMESTAMP in value:
            time = item(value)[1]
        elif number == _STEP:
            step = signed(dict(fields(value)).get(1, 0))
    return Row(values.get("_step") if step is None else step, values, values.get("_timestamp", time))


def update_summary(summary: dict[str, Any], message: bytes, may_hold: Callable[[bytes], bool] = bool) -> None:
    """Change `summary` as a SummaryRecord says, as far as the items `may_hold` a wanted name."""
    for number, value in fields(message):
        if number == _UPDATE and may_hold(value):
            _place(summary, *item(value))
        elif number == _REMOVE:
            _remove(summary, item(value)[0])


def exit_code(message: bytes) -> int:
    """The exit code of a RunExitRecord; 0 is not written out, as with every default of proto3."""
    return signed(dict(fields(message)).get(1, 0))


def leads(kind: int, message: bytes) -> bool:
    """Whether a record of the kinds RUN, CONFIG or ENVIRONMENT says that its run is that of rank 0."""
    found = [(number, value) for number, value in fields(message) if isinstance(value, bytes)]
    if kind == ENVIRONMENT:
        return asks_for_rank_0([value.decode(errors="replace") for number, value in found if number == _ARGUMENT])
    if kind == CONFIG:
        config: dict[str, Any] = {}
        for number, value in found:
            if number == _UPDATE:
                _place(config, *item(value))
        return holds_rank_0(config)
    names = [value.decode(errors="replace") for number, value in found if number in (_JOB_TYPE, _DISPLAY_NAME)]
    return any(map(says_rank_0, names)) or any(leads(CONFIG, value) for number, value in found if number == _CONFIG)


def client(message: bytes) -> str:
    """The version of the client that wrote a HeaderRecord, such as "0.31.0"; "" where it does not say (before 0.17)."""
    version = dict(fields(dict(fields(message)).get(1, b"")))
    return version.get(1, b"").decode(errors="replace").partition("+")[0]


def item(message: bytes) -> tuple[list[str], Any]:
    """(path, value) of an item. The path has several parts for a nested name; a name with dots is one part."""
    path: list[str] = []
    value: Any = None
    for number, raw in fields(message):
        if number in (_KEY, _NESTED_KEY):
            path.append(raw.decode(errors="replace"))
        else:
            value = _value(number, raw)
    return path, value


def _value(number: int, raw: Any) -> Any:
    """Until wandb 0.30 every value is JSON; since then scalars may have fields of their own."""
    if number in (_VALUE_JSON, _JSON):
        return _parsed(raw)
    if number == _DOUBLE:
        return struct.unpack("<d", raw)[0]
    if number == _SINT:
        return raw >> 1 ^ -(raw & 1)
    if number == _BOOL:
        return bool(raw)
    return raw.decode(errors="replace") if number == _TEXT else None


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _place(values: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        inner = values.get(name)
        if not isinstance(inner, dict):
            inner = values[name] = {}
        values = inner
    if path:
        values[path[-1]] = value


def _remove(values: Any, path: list[str]) -> None:
    for name in path[:-1]:
        values = values.get(name) if isinstance(values, dict) else None
    if isinstance(values, dict) and path:
        values.pop(path[-1], None)


def signed(number: int) -> int:
    """Negative int32 and int64 travel as their 64-bit two's complement."""
    return number - (1 << 64) if number >> 63 else number
