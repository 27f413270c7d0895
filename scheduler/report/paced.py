"""What a runner tells while it finds out how many jobs are best at once (`-j auto`), in words."""

from __future__ import annotations

from scheduler.report.pace import said, times
from scheduler.runner.notices import Paced, PacedBy

_WHY = {
    PacedBy.BEGIN: "to begin with",
    PacedBy.BEFORE: "as found before",
    PacedBy.TRIED: "a try",
    PacedBy.LOOK: "measured before the next try",
    PacedBy.GAINS: "settled",
    PacedBy.MEMORY: "settled, for the machine has no memory for more",
    PacedBy.SILENT: "as yet; they log nothing that is read, so only how long jobs take tells whether more pay",
}


def paced(notice: Paced) -> str:
    """One line for a person."""
    if notice.why is PacedBy.MANY:
        return f"-j auto: {times(notice.slots)} while several programs run; only jobs of one are compared"
    return said(notice.program, notice.slots, _WHY[notice.why], notice.gains)
