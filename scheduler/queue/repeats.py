"""Which experiments stand in a submit twice, where the queue has no others: told without a look into it for each of them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from scheduler.queue.changes import Changes, job_id

BITS = 23  # of a key; the bytes that are marked take 8 MB, and of a million new keys a tenth is looked for in vain


class Repeats:
    """For a queue that was empty when this change began: all that stands in it is from this submit."""

    def __init__(self, change: Changes, bits: int = BITS) -> None:
        self._change, self._digits, self._mask = change, -(-bits // 4), (1 << bits) - 1
        self._marks = bytearray(1 << bits)

    def among(self, keys: Iterable[str]) -> set[str]:
        """Those of these keys that have a job. Of the others each gets one before the next question."""
        ids = {job_id(key, 0): key for key in keys if self._is_marked(key)}
        if not ids:
            return set()
        sql = "SELECT id FROM job WHERE id IN (SELECT value FROM json_each(?))"
        return {ids[row[0]] for row in self._change.connection.execute(sql, (json.dumps(list(ids)),))}

    def _is_marked(self, key: str) -> bool:
        """Whether this key, or another that begins alike, was there before. It is now."""
        place = int(key[: self._digits], 16) & self._mask
        was, self._marks[place] = self._marks[place], 1
        return bool(was)
