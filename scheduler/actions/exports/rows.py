"""Jobs as flat rows: one for each job, or one for each point of its curves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from scheduler.actions.columns import FACTS
from scheduler.actions.compared import Compared
from scheduler.tracking.logged import Logged

# Of every job, before its parameters and metrics; the keys are part of the interface.
ABOUT = (
    *("id", "name", "state", "group", "tags", "note", "attempt", "exit_status", "reason"),
    *("submitted", "started", "ended", "duration", "gpu", "gpu_model"),
    *("command", "cwd", "file", "program", "commit", "directory"),
    *("rows", "step", "objective", "best", "best_at"),
)
POINT = ("id", "name", "metric", "step", "time", "value", "low", "high")


def of_job(each: Compared) -> dict[str, Any]:
    """`config.lr`, `last.loss`, `min.loss` and `max.loss` beside what is said of every job. Times are seconds since 1970, a
    duration seconds; `best` is of the objective."""
    series = each.logged.series.items()
    return {
        **{name: FACTS[name](each) for name in ABOUT},
        "goal": each.objective.goal if each.objective else None,
        **{f"config.{name}": value for name, value in each.config.items()},
        **{f"last.{name}": value for name, value in each.logged.last.items()},
        **{f"min.{name}": one.low for name, one in series},
        **{f"max.{name}": one.high for name, one in series},
    }


def of_points(each: Compared, whole: Logged) -> Iterator[dict[str, Any]]:
    """The points of all its curves. A point that stands for several rows has the least and the greatest of them; `value` is the
    last. At most 512 of each metric."""
    name = FACTS["name"](each)
    for metric, series in whole.series.items():
        for at, time, low, high, last in series.curve:
            yield dict(zip(POINT, (each.job.id, name, metric, at, time, last, low, high), strict=True))


def columns_of(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The names of all rows, those of one kind together: of two jobs each may have logged what the other has not."""
    names = dict.fromkeys(name for row in rows for name in row)
    kinds = ("config.", "last.", "min.", "max.")
    plain = [name for name in names if not name.startswith(kinds)]
    return [*plain, *(name for kind in kinds for name in names if name.startswith(kind))]
