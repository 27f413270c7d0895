"""What a run has used of the machine, by time: of its latest attempt, every few seconds.

    {"gpu.0.use": CURVE, "cpu.use": CURVE, ...}     # as in curves.py; the steps are seconds since the attempt began

Percent, MiB, W, °C, cores, Wh and bytes a second, as `launcher/system_log.py` and `runner/gpu_rows.py` write them. `{}` of a run
that was over before anything was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scheduler.actions.compared import Compared
from scheduler.actions.system import system
from scheduler.queue.store import Store
from scheduler.web.documents import curves

POINTS = 256
MEASURED = 50  # runs, the best, of which a report has this
COARSE = 96  # points of a curve in a report


def document(store: Store, each: Compared, points: int = POINTS) -> dict[str, Any]:
    """The answer, of one run."""
    if each.attempt is None:
        return {}
    found = system(store, each.job, each.attempt)
    return {name: curves.curve(series, points) for name, series in found.series.items() if series.curve}


def in_a_report(store: Store, everyone: Sequence[Compared]) -> dict[str, Any]:
    """The answers of the first of these runs, by their ids, more coarsely."""
    return {each.job.id: told for each in everyone[:MEASURED] if (told := document(store, each, COARSE))}
