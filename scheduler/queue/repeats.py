"""Which experiments stand in a submit twice, where the queue has no others: told without a look into it for each of them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from scheduler.queue.changes import Changes, job_id

# Of a key, twice: each marks two of 2**26 bits, which take 8 MB. Of the second half million new keys one in 2000 is looked for in
# vain; each such look waits for the jobs that are still being written.
BITS = 26
_DIGITS, _HALF = 14, 28  # of a key, and bits of these: for two places


class Repeats:
    """For a queue that was empty when this change began: all that stands in it is from this submit."""

    def __init__(self, change: Changes, bits: int = BITS) -> None:
        self._change, self._mask = change, (1 << bits) - 1
        self._marks = bytearray(max(1, 1 << bits >> 3))

    def among(self, keys: Iterable[str]) -> set[str]:
        """Those of these keys that have a job. Of the others each gets one before the next question."""
        doubtful = self._marked(keys)
        if not doubtful:
            return set()
        ids = {job_id(key, 0): key for key in doubtful}
        sql = "SELECT id FROM job WHERE id IN (SELECT value FROM json_each(?))"
        return {ids[row[0]] for row in self._change.connection.execute(sql, (json.dumps(list(ids)),))}

    def _marked(self, keys: Iterable[str]) -> list[str]:
        """Those that were there before, or whose two bits others have marked. All are there now."""
        found, marks, mask = [], self._marks, self._mask
        for key in keys:
            digits = int(key[:_DIGITS], 16)
            one, other = digits & mask, digits >> _HALF & mask
            place, bit, another_place, another_bit = one >> 3, 1 << (one & 7), other >> 3, 1 << (other & 7)
            if marks[place] & bit and marks[another_place] & another_bit:
                found.append(key)
            marks[place] |= bit
            marks[another_place] |= another_bit
        return found
