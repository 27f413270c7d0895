"""What a claim's file says, read with distrust: any user of the machine can put any file into the claims' folder. Pure."""

from __future__ import annotations

import json
import math
from typing import Any

from scheduler.gpus.placement import ClaimRecord

LARGEST = 1 << 16  # bytes; a claim on 64 GPUs takes 5 KiB
MOST_BRACKETS = 512  # of which a label may be 200; no record is nested deeper than twice, none reaches Python's own limit
MOST_MEMORY = 1 << 32  # MiB
MOST_PARTS = 64  # of one GPU
LONGEST_TEXT = 200
LONGEST_NUMBER = 20  # digits


def record_of(content: bytes, claim_id: str, owner: int, where: str) -> ClaimRecord | None:
    """The record in `content`, of a file that belongs to user `owner` (an uid); None if it is no claim's record.

    A record is an object that gives the claim's own id. Whatever else is wrong in it makes the claim hold more, not less:
    a GPU whose memory makes no sense is held whole, and where no GPUs are told (a later version's record, perhaps) it may be
    any. The user is the file's owner, whatever the record says; unknown fields are ignored.
    """
    said = _object(content)
    if said is None or said.get("id") != claim_id:
        return None
    memory = said.get("memory")
    if not isinstance(memory, dict):
        return ClaimRecord(claim_id, uid=owner, unreadable=f"{where}: its record tells no GPUs")
    held = {uuid: _memory(figure) for uuid, figure in memory.items()}
    exclusive = said.get("exclusive") is not False or None in held.values()
    whole = exclusive and not any(held.values())  # else it holds memory as well, and no number tells how much room is left
    return ClaimRecord(
        id=claim_id,
        memory=held,
        exclusive=exclusive,
        split=(_whole(said.get("split"), MOST_PARTS) or None) if whole else None,
        pid=_whole(said.get("pid"), 1 << 22) or 0,
        uid=owner,
        user=_text(said.get("user")) if said.get("uid") == owner else "",
        since=_time(said.get("since")),
        label=_text(said.get("label")),
    )


def _object(content: bytes) -> dict[str, Any] | None:
    if len(content) > LARGEST or content.count(b"[") + content.count(b"{") > MOST_BRACKETS:
        return None
    try:
        said = json.loads(content.decode("utf-8"), parse_int=_short_int)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _short_int(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError("too many digits")
    return int(digits)


def _memory(figure: object) -> int | None:
    """MiB; None, the whole GPU, for anything that is no sensible amount."""
    return _whole(figure, MOST_MEMORY)


def _whole(value: object, most: int) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most else None


def _time(value: object) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else 0.0  # type: ignore[arg-type]


def _text(value: object) -> str:
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""
