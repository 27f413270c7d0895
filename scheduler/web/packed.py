"""The curves of all runs as they are sent: compressed once for all who ask, as long as nothing is new."""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict
from collections.abc import Callable

MOST = 12  # metrics that are kept


class Packed:
    """`make` has the answer for a metric, `place` where the news stand. Of any thread."""

    def __init__(self, make: Callable[[str], bytes], place: Callable[[], str]) -> None:
        self._make, self._place = make, place
        self._kept: OrderedDict[str, tuple[str, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, metric: str) -> bytes:
        """The answer, by gzip."""
        before = self._place()
        with self._lock:
            place, packed = self._kept.get(metric, ("", b""))
        if packed and place == before:
            return packed
        packed = gzip.compress(self._make(metric), 1)
        if self._place() == before:  # else something has come meanwhile, and may be missing
            with self._lock:
                self._kept[metric] = (before, packed)
                self._kept.move_to_end(metric)
                while len(self._kept) > MOST:
                    self._kept.popitem(last=False)
        return packed
