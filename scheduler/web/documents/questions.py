"""Which questions there are beside those for the list of runs and for curves: one line each, for a report and a live page alike.

A function here must be cheap for one run: a live page asks while jobs run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scheduler.actions.compared import Compared
from scheduler.queue.store import Store

# By the name of the question: of all runs one answer, and of each run one, None where there is nothing to say.
OF_ALL: Mapping[str, Callable[[Store, Sequence[Compared]], Any]] = {}
OF_ONE: Mapping[str, Callable[[Store, Compared], Any]] = {}
