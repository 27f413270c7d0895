"""The output of a run: the end of what its latest attempt has printed, as a terminal shows it.

    {"text": "epoch 1\\n...", "whole": true, "size": 1234, "path": PATH, "attempt": 1}

`whole`: the text is all of it; `size`: bytes of the log. A log that is gone has no `text`. A run that has not begun has `{}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scheduler.actions.compared import Compared
from scheduler.queue.store import Store
from scheduler.report.log_view import TAILS, end_of
from scheduler.web.documents.notable import notable

SHOWN = 1 << 16  # characters on a page that can ask
EACH, IN_ALL, RUNS = 1 << 14, 400_000, 150  # in a report: characters of a run, of all runs, and of how many runs


def document(store: Store, each: Compared, most: int = SHOWN, tails: Sequence[int] = TAILS[:2]) -> dict[str, Any]:
    """The answer, of one run."""
    if each.attempt is None:
        return {}
    about = {"path": str(each.attempt.log), "attempt": each.attempt.number}
    found = end_of(each.attempt.log, most, tails)
    return {**about, "text": found.text, "whole": found.whole, "size": found.size} if found else about


def in_a_report(store: Store, everyone: Sequence[Compared]) -> dict[str, dict[str, Any]]:
    """The answers of the runs that went wrong, and of the best, as long as there is room."""
    found: dict[str, dict[str, Any]] = {}
    room = IN_ALL
    for each in notable(everyone):
        if room < EACH or len(found) == RUNS:
            break
        if told := document(store, each, EACH, TAILS[:1]):
            found[each.job.id] = told
            room -= len(told.get("text", ""))
    return found
