"""Which questions there are beside those for the list of runs and for curves: one line each, for a report and a live page alike.

A function of OF_ONE must be cheap: a live page asks while jobs run. What a report has of each run may be less.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scheduler.actions.compared import Compared
from scheduler.queue.store import Store
from scheduler.web.documents import agents, details, logs, media, provenance, sweeps, system, timeline

Everyone = Sequence[Compared]

# By the name of the question: of all runs one answer, and of each run one, None or empty where there is nothing to say.
OF_ALL: Mapping[str, Callable[[Store, Everyone], Any]] = {
    "sweeps": lambda store, everyone: sweeps.document(store, [each.job.id for each in everyone]),
    "timeline": lambda store, everyone: timeline.document(store, [each.job for each in everyone]),
}
OF_ONE: Mapping[str, Callable[[Store, Compared], Any]] = {
    "details": details.document,
    "logs": logs.document,
    "media": media.of_one,
    "provenance": provenance.document,
    "system": system.document,
}
# The same, but of this moment: a report has nothing of it.
OF_NOW: Mapping[str, Callable[[Store, Everyone], Any]] = {"agents": lambda store, everyone: agents.document(store)}
# What a report has of the runs, the best of them first, by their ids: where that is not the answer of each.
IN_A_REPORT: Mapping[str, Callable[[Store, Everyone], Mapping[str, Any]]] = {
    "details": details.in_a_report,
    "logs": logs.in_a_report,
    "media": media.in_a_report,
    "provenance": provenance.in_a_report,
    "system": system.in_a_report,
}
