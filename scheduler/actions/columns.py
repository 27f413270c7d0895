"""What stands in a comparison, by the words that people write for it: facts of a job, parameters, metrics. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from scheduler.actions.compared import Compared
from scheduler.errors import UserError, closest
from scheduler.experiments import shell_line
from scheduler.goals import MAXIMIZE, MINIMIZE
from scheduler.queue.job import Attempt
from scheduler.tracking.logged import Series
from scheduler.tracking.metric_log import Objective
from scheduler.values import dataclass

NAMED = 12  # words that an error lists
Value = Callable[[Compared], Any]
# Parts of names of which the largest value is the best, where neither a file nor a script says so.
_LARGE = ("acc", "auc", "f1", "score", "precision", "recall", "reward", "return", "bleu", "rouge", "iou", "psnr", "ssim", "r2")
_SMALL = ("loss", "error", "err_", "_err", "perplexity")


@dataclass(frozen=True)
class Column:
    """A column by the word for it. `metric`: the name of the metric that it is about; "" for none."""

    word: str
    value: Value
    metric: str = ""


def _of_attempt(name: str) -> Value:
    return lambda each: getattr(each.attempt, name) if each.attempt else None


def _of_ending(name: str) -> Value:
    return lambda each: getattr(each.attempt.ending, name) if each.attempt and each.attempt.ending else None


def _of_code(name: str) -> Value:
    return lambda each: getattr(each.code, name) if each.code else None


def _of_objective(value: Callable[[Compared, Objective], Any]) -> Value:
    return lambda each: value(each, each.objective) if each.objective else None


def _gpu(attempt: Attempt | None) -> str | None:
    """`0,1`, on a host `ada:0`."""
    if attempt is None or not attempt.gpus:
        return None
    return f"{attempt.host}:{attempt.gpus}" if attempt.host else attempt.gpus


def _best_at(each: Compared, metric: str, goal: str) -> float | None:
    found = each.best_of(metric, goal)
    return found[1] if found else None


FACTS: Mapping[str, Value] = {
    "id": lambda each: each.job.id,
    "name": lambda each: each.job.name,
    "state": lambda each: each.job.state.value,
    "group": lambda each: each.job.group,
    "tags": lambda each: ",".join(each.job.tags) or None,
    "note": lambda each: each.job.note or None,
    "attempt": lambda each: each.job.attempts,
    "exit_status": _of_ending("exit_status"),
    "reason": lambda each: _of_ending("reason")(each) or None,
    "submitted": lambda each: each.job.submitted,
    "started": _of_attempt("started"),
    "ended": _of_attempt("ended"),
    "duration": lambda each: each.seconds,
    "gpu": lambda each: _gpu(each.attempt),
    "gpu_model": lambda each: each.model or None,
    "rows": lambda each: each.logged.rows or None,
    "step": lambda each: each.logged.step,
    "source": lambda each: each.logged.source or None,
    "objective": _of_objective(lambda each, objective: objective.name),
    "best": _of_objective(lambda each, objective: each.best(objective.name, objective.goal)),
    "best_at": _of_objective(lambda each, objective: _best_at(each, objective.name, objective.goal)),
    "last": _of_objective(lambda each, objective: each.logged.last.get(objective.name)),
    "command": lambda each: command(each.job.argv, each.config),
    "cwd": lambda each: each.job.cwd,
    "file": lambda each: each.job.file,
    "program": _of_code("program"),
    "code": lambda each: each.code.digest[:12] if each.code else None,
    "commit": lambda each: (each.code.commit or None) if each.code else None,
    "executable": lambda each: each.surroundings.program,
    "priority": lambda each: each.job.priority,
    "directory": _of_attempt("directory"),
}
# What tells how jobs were run from one another, beside their parameters.
AROUND = ("group", "tags", "command", "cwd", "program", "code", "commit", "executable", "gpu_model")
BASE = ("id", "name", "state", "group", "attempt", "exit_status")  # of every object for programs


@dataclass(frozen=True)
class Vocabulary:
    """What these jobs have to be compared by: their parameters and metrics, in the order of their first appearance, those
    metrics that are numbers, and which way each is better."""

    parameters: Sequence[str]
    metrics: Sequence[str]
    numbers: Sequence[str]
    goals: Mapping[str, str]

    @classmethod
    def of(cls, everyone: Iterable[Compared], goals: Mapping[str, str] | None = None) -> Vocabulary:
        """`goals`: what somebody asks for, before what files and scripts declare."""
        parameters: dict[str, None] = {}
        metrics: dict[str, None] = {}
        numbers: dict[str, None] = {}
        declared: dict[str, str] = {}
        for each in everyone:
            parameters |= dict.fromkeys(each.config)
            metrics |= dict.fromkeys(each.logged.last)
            numbers |= dict.fromkeys(each.logged.series)
            if each.objective:
                declared.setdefault(each.objective.name, each.objective.goal)
        return cls(list(parameters), list(metrics), list(numbers), {**declared, **(goals or {})})

    def goal(self, metric: str) -> str:
        """ "minimize" or "maximize": as it is declared, else what its name says."""
        return self.goals.get(metric) or likely_goal(metric)

    def column(self, word: str) -> Column:
        """The column that a word means: a fact, a parameter, the last value of a metric; or any of these with what it is before
        it, such as `config.lr`, `best.loss`, `max.accuracy`. UserError, with what comes near, for a word that means none."""
        kind, _, name = word.partition(".")
        found = self._plain(word) or self._named(kind, name)
        if found is None:
            raise self.unknown(word)
        return Column(word, *found)

    def measured(self, kind: str, metric: str) -> Column:
        """The column `best.loss` or `last.loss` of a metric of numbers, whatever else is called so."""
        value = last(metric) if kind == "last" else OF_SERIES[kind](metric, self.goal(metric))
        return Column(f"{kind}.{metric}", value, metric)

    def unknown(self, word: str, known: Sequence[str] | None = None) -> UserError:
        """The error that nothing here is called by this word."""
        words = list(known) if known is not None else [*self.metrics, *self.parameters, *FACTS, *self._prefixed(word)]
        near = closest(word, words)
        if near is not None:
            return UserError(f'no job here has "{word}"', next_step=f'did you mean "{near}"?')
        some = words[:NAMED]
        listed = f"there are {', '.join(some)}{', ...' * (len(words) > len(some))}" if some else "they have logged nothing yet"
        return UserError(f'no job here has "{word}"', next_step=listed)

    def metric(self, word: str) -> str:
        """The metric of numbers that is called so. UserError, with what comes near, where none is."""
        if word in self.numbers:
            return word
        raise self.unknown(word, self.numbers)

    def _plain(self, word: str) -> tuple[Value, str] | None:
        if word in FACTS:
            return FACTS[word], ""
        if word in self.parameters:
            return parameter(word), ""
        return (last(word), word) if word in self.metrics else None

    def _named(self, kind: str, name: str) -> tuple[Value, str] | None:
        if kind == "config" and name in self.parameters:
            return parameter(name), ""
        if kind in ("last", "metrics") and name in self.metrics:
            return last(name), name
        if kind in OF_SERIES and name in self.numbers:
            return OF_SERIES[kind](name, self.goal(name)), name
        return None

    def _prefixed(self, word: str) -> list[str]:
        kind = word.split(".", 1)[0]
        names = self.parameters if kind == "config" else self.metrics if kind in (*OF_SERIES, "last", "metrics") else ()
        return [f"{kind}.{name}" for name in names]


def parameter(name: str) -> Value:
    return lambda each: each.config.get(name)


def last(name: str) -> Value:
    return lambda each: each.logged.last.get(name)


def _of_series(value: Callable[[Series], float | None]) -> Callable[[str, str], Value]:
    return lambda name, goal: lambda each: value(series) if (series := each.series(name)) else None


OF_SERIES: Mapping[str, Callable[[str, str], Value]] = {
    "best": lambda name, goal: lambda each: each.best(name, goal),
    "best_at": lambda name, goal: lambda each: _best_at(each, name, goal),
    "min": _of_series(lambda series: series.low),
    "max": _of_series(lambda series: series.high),
    "first": _of_series(lambda series: series.first),
    "count": _of_series(lambda series: series.count),
}


def likely_goal(metric: str) -> str:
    """Which way a metric is better, by its name alone.

    >>> likely_goal("val_acc"), likely_goal("val_loss"), likely_goal("Eval/F1"), likely_goal("accuracy_loss")
    ('maximize', 'minimize', 'maximize', 'minimize')
    """
    name = metric.lower()
    if any(part in name for part in _SMALL):
        return MINIMIZE
    return MAXIMIZE if any(part in name for part in _LARGE) else MINIMIZE


def command(argv: Sequence[str], config: Mapping[str, Any]) -> str:
    """A command line without the words that hand on the parameters `config`, which is given flat: what is left when they are the
    same.

    >>> command(["python", "train.py", "--lr=0.1", "--seed", "3", "--fast"], {"lr": 0.1, "seed": 3})
    'python train.py --fast'
    """
    names = {_bare(name) for name in config} | {_bare(part) for name in config if "." in name for part in name.split(".")}
    values = {value if isinstance(value, str) else json.dumps(value) for value in config.values()}
    left, skip = [], False
    for word in argv:
        name, equals, _ = word.partition("=")
        hands_on = bool(equals or word.startswith("-")) and _bare(name) in names
        if not (skip and word in values) and not hands_on and not word.startswith("{"):
            left.append(word)
        skip = hands_on and not equals
    return shell_line(left)


def _bare(name: str) -> str:
    return name.lstrip("-+~").replace("-", "_")


def differ(column: Column, everyone: Sequence[Compared]) -> bool:
    """Whether not all have the same there."""
    values = (repr(column.value(each)) for each in everyone)
    first = next(values, None)
    return any(value != first for value in values)


def rank(value: Any, goal: str) -> tuple[int, float, str]:
    """A sort key: numbers first, the best before the others; then texts; last what is missing or no number, whatever the goal.

    >>> sorted([None, 2, "b", float("nan"), 1, "a", True], key=lambda value: rank(value, "maximize"))
    [2, 1, True, 'a', 'b', None, nan]
    """
    if isinstance(value, (bool, int, float)):
        try:
            found = float(value)
        except OverflowError:
            return 2, 0.0, ""
        if found == found and abs(found) != float("inf"):  # no NaN
            return 0, -found if goal == MAXIMIZE else found, ""
        return 2, 0.0, ""
    return (2, 0.0, "") if value is None else (1, 0.0, value if isinstance(value, str) else json.dumps(value, default=str))
