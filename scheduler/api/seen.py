"""What came out, as values of Python: jobs side by side, curves, sweeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, overload

from scheduler.actions import best as choosing
from scheduler.actions import compare as comparing
from scheduler.actions.opening import opened_queue
from scheduler.actions.results import Sort
from scheduler.actions.sweeps import Listed
from scheduler.actions.sweeps import sweeps as listed
from scheduler.actions.trials import remembered
from scheduler.api.arguments import Which, count_of, named
from scheduler.api.rows import Rows, frame
from scheduler.api.trial import Trials, trials_of
from scheduler.queue.trials import sweep_called
from scheduler.report import best as report_of_best
from scheduler.report import comparison, sweeps_seen
from scheduler.report.text import number
from scheduler.terminal import say
from scheduler.values import dataclass

Names = str | Sequence[str]


class Comparison(Rows[Mapping[str, Any]]):
    """Jobs side by side, or means over some of them: a mapping for each, by the words of its columns."""

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> Comparison: ...
    def __getitem__(self, index: int | slice) -> Mapping[str, Any] | Comparison:
        if isinstance(index, slice):
            return Comparison(self._items[index], self._rows[index])
        return self._items[index]

    def to_pandas(self) -> Any:
        """A pandas.DataFrame with these rows and columns. ImportError without pandas."""
        return frame(self)


def compare(
    *which: Which, columns: Names = (), sort: str | None = None, diff: bool = False, group_by: Names = (), limit: int = 0
) -> Comparison:
    """Jobs side by side, the best first: what differs in their parameters, and what came out. `which` as for `jobs`.

    `columns`: parameters, metrics, `best.loss`, `max.accuracy`, `duration` and others, as `exp-queue compare --help` has them.
    `sort`: a column, such as "accuracy:max". `diff`: only what is not the same in all. `group_by`: parameters such as "seed";
    then each row is the mean over jobs that are equal but for these: `best.loss.mean`, `.std` (with n - 1) and `.count`.
    `limit`: so many of the best; 0: all.
    UserError for an unknown column or parameter.
    """
    words, order = named(which), Sort.read(sort) if sort is not None else None
    if which and not words:  # of no jobs
        return Comparison((), ())
    with opened_queue(say, only_looks=True) as store:
        if group_by:
            means = comparing.means(store, words, _several(group_by), columns=_several(columns), sort=order, limit=limit)
            return Comparison(comparison.objects_of_means(means), comparison.table_of_means(means))
        found = comparing.compare(store, words, columns=_several(columns), sort=order, only_different=diff, limit=limit)
        return Comparison(comparison.flat_rows(found), comparison.table(found))


def best(*which: Which, metric: str | None = None, count: int = 1) -> Comparison:
    """The `count` best jobs, the best first: a mapping for each with its `id`, `best`, `best_at`, `config`, `directory`,
    `checkpoints` and others, as `exp-queue best --format json` has them. Those that failed are left out, and those that run count
    as far as they are. `which` as for `jobs`, without any all.

    `metric`: such as "val_acc:max" (None: the objective of the jobs). UserError for one that none of them has.
    """
    words, sort = named(which), Sort.read(metric) if metric is not None else None
    if which and not words:  # of no jobs
        return Comparison((), ())
    with opened_queue(say, only_looks=True) as store:
        found = choosing.best(store, words, sort, count_of("count", count) or 1)
    rows = list(map(_of_winner, found.winners))
    names = dict.fromkeys(name for row in rows for name in row)
    return Comparison(report_of_best.objects(found), [{name: row.get(name, "") for name in names} for row in rows])


def _of_winner(winner: choosing.Winner) -> dict[str, str]:
    """For people: what tells it from the others, and what to go on with."""
    config = {name: number(value) for name, value in winner.config.items()}
    reached = {winner.objective.name: number(winner.value), "step": number(winner.at)}
    checkpoint = next((str(path) for path in winner.checkpoints.files), "")
    return {"id": winner.compared.job.short_id, **config, **reached, "checkpoint": checkpoint}


def _several(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


@dataclass(frozen=True)
class Sweep:
    """A sweep as it was when it was looked at. `best` is None as long as no trial has a value; `states` counts its trials."""

    id: str
    file: str
    created: float  # seconds since 1970
    method: str
    metric: str | None
    goal: str
    best: float | None
    best_trial: int | None
    states: Mapping[str, int] = field(hash=False)
    root: Path = field(repr=False)  # the state directory whose sweep it is

    def trials(self) -> Trials:
        """Its trials as they are now."""
        with opened_queue(say, self.root, only_looks=True) as store:
            return trials_of(store, remembered(store, sweep_called(store, self.id)))


class Sweeps(Rows[Sweep]):
    """Sweeps, the newest first."""

    @overload
    def __getitem__(self, index: int) -> Sweep: ...
    @overload
    def __getitem__(self, index: slice) -> Sweeps: ...
    def __getitem__(self, index: int | slice) -> Sweep | Sweeps:
        if isinstance(index, slice):
            return Sweeps(self._items[index], self._rows[index])
        return self._items[index]

    def to_pandas(self) -> Any:
        """A pandas.DataFrame with a row for each sweep. ImportError without pandas."""
        names = ("id", "file", "created", "method", "metric", "goal", "best", "best_trial")
        return frame([{name: getattr(each, name) for name in names} | {"trials": sum(each.states.values())} for each in self])


def sweeps(limit: int = 0) -> Sweeps:
    """All sweeps, the newest first; with `limit` so many."""
    with opened_queue(say, only_looks=True) as store:
        found = listed(store, limit)
        return Sweeps([_sweep(each, store.home.root) for each in found], sweeps_seen.table(found))


def _sweep(each: Listed, root: Path) -> Sweep:
    best, plan = each.best, each.plan
    about = (each.sweep.id, each.sweep.file, each.sweep.created, plan.sweep.method, plan.metric, plan.goal)
    return Sweep(*about, each.best_value, best.number if best else None, dict(each.states), root)
