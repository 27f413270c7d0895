"""What a run has used of the machine, by time: of its latest attempt, every few seconds.

    {"gpu.0.use": CURVE, "cpu.use": CURVE, ...}     # as in curves.py; the steps are seconds since the attempt began

Percent, MiB, W, °C, cores, Wh and MiB a second, as `launcher/system_log.py` and `runner/gpu_rows.py` write them. `{}` of a run
that was over before anything was measured.
"""

from __future__ import annotations

from typing import Any

from scheduler.actions.compared import Compared
from scheduler.actions.system import system
from scheduler.queue.store import Store
from scheduler.web.documents import curves

POINTS = 256


def document(store: Store, each: Compared, points: int = POINTS) -> dict[str, Any]:
    """The answer, of one run."""
    if each.attempt is None:
        return {}
    found = system(store, each.job, each.attempt)
    return {name: curves.curve(series, points) for name, series in found.series.items() if series.curve}
