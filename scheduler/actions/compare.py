"""What came out of jobs, side by side."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from scheduler.actions.columns import AROUND, FACTS, OF_SERIES, Column, Vocabulary, command, differ, parameter, rank
from scheduler.actions.compared import Compared, compared
from scheduler.actions.exports.texts import heads
from scheduler.actions.results import Sort
from scheduler.errors import UserError, nearest
from scheduler.goals import MINIMIZE
from scheduler.queue.selection import select
from scheduler.queue.states import ENDED
from scheduler.queue.store import Store
from scheduler.values import dataclass

METRICS = 4  # columns of metrics where nobody names any
ABOUT = ("id", "name", "state")
BEHIND = tuple(f"{kind}." for kind in OF_SERIES)  # what a metric stands behind, as in best.loss
COUNTED = ("jobs", "failed", "unfinished", "left out")  # what is said of a group of jobs, beside what tells it apart
COUNTS = ("epoch", "step", "global_step", "iteration", "iter", "batch")  # how far it is, not what came out: no column by itself


@dataclass(frozen=True)
class Comparison:
    """Jobs in their order, the best first, and what is said of each. `of`: how many there were before a limit. `guessed`: metrics
    of which neither a file nor a script says which way they are better."""

    columns: Sequence[Column]
    rows: Sequence[Compared]
    of: int
    vocabulary: Vocabulary
    guessed: Sequence[str] = ()

    def values(self) -> list[list[Any]]:
        """Of each job what stands in each column."""
        return [[column.value(each) for column in self.columns] for each in self.rows]


@dataclass(frozen=True)
class Statistics:
    """Some numbers: their mean, their sample standard deviation (with n - 1; None of fewer than two), and how many there are."""

    mean: float | None
    deviation: float | None
    count: int


@dataclass(frozen=True)
class Together:
    """Jobs that are alike but for what they are grouped by. `succeeded` are those whose values count, of each experiment its
    newest; the others are counted: `failed`, and `unfinished` that are not over. `versions`: how many versions of their program
    those that count ran with, as far as that is known."""

    shown: Mapping[str, Any]  # what tells these from the other groups
    succeeded: Sequence[Compared]
    failed: int
    unfinished: int
    versions: int
    statistics: Mapping[str, Statistics]  # by the words of the columns


@dataclass(frozen=True)
class Means:
    """Groups of jobs, the best first; `by`: the parameters that may differ within one. `of` and `guessed` as in a Comparison."""

    by: Sequence[str]
    columns: Sequence[Column]
    rows: Sequence[Together]
    of: int
    vocabulary: Vocabulary
    guessed: Sequence[str] = ()


def compare(
    store: Store,
    words: Sequence[str] = (),
    *,
    columns: Sequence[str] = (),
    sort: Sort | None = None,
    only_different: bool = False,
    limit: int = 0,
) -> Comparison:
    """The jobs that `words` name, without words all; the best of them, with `limit` so many. UserError for an unknown column."""
    everyone = compared(store, select(store, words or ["all"]))
    known = Vocabulary.of(everyone, _goals(sort))
    if not everyone:
        return Comparison((), (), 0, known)
    shown = [known.column(word) for word in columns] or usual(everyone, known)
    rows = ordered(everyone, known, sort)
    if only_different:
        shown = different(everyone, known, shown if columns else None)
    return Comparison(shown, rows[: limit or None], len(rows), known, guessed(shown, known, sort))


def means(
    store: Store,
    words: Sequence[str],
    by: Sequence[str],
    *,
    columns: Sequence[str] = (),
    sort: Sort | None = None,
    limit: int = 0,
) -> Means:
    """The jobs that `words` name, those together that are equal but for the parameters `by`; with `limit` so many groups, the
    best. UserError for an unknown name."""
    everyone = compared(store, select(store, words or ["all"]))
    known = Vocabulary.of(everyone, _goals(sort))
    if not everyone:
        return Means(by, (), (), 0, known)
    names = [_parameter(known, name) for name in by]
    shown = [known.column(word) for word in columns] or _measured(everyone, known)
    rows = _groups_in_order(together(everyone, names, shown), shown, known, sort)
    return Means(names, shown, rows[: limit or None], len(rows), known, guessed(shown, known, sort))


def usual(everyone: Sequence[Compared], known: Vocabulary) -> list[Column]:
    """The columns where nobody names any: the parameters that differ, the objectives at their best and at the end, and a few
    other metrics."""
    about = [known.column(word) for word in ABOUT]
    group = [known.column("group")] if differ(known.column("group"), everyone) else []
    parameters = _parameters(varying(everyone, known), known)
    return [*about, *group, *parameters, *_measured(everyone, known), known.column("duration")]


def _parameters(names: Iterable[str], known: Vocabulary, *others: str) -> list[Column]:
    """Columns for these parameters, each by a word that is that of no fact, no metric, and none of `others`."""
    measured = (f"{kind}{name}" for kind in ("", "last.", "metrics.", *BEHIND) for name in known.metrics)
    words = heads(names, {*FACTS, *measured, *others}, "config.")
    return [Column(word, parameter(name)) for name, word in words.items()]


def varying(everyone: Sequence[Compared], known: Vocabulary) -> list[str]:
    """The parameters that are not the same in all."""
    return [name for name in known.parameters if differ(Column(name, parameter(name)), everyone)]


def _measured(everyone: Sequence[Compared], known: Vocabulary) -> list[Column]:
    objectives = dict.fromkeys(each.objective.name for each in everyone if each.objective)
    seen = [name for name in objectives if name in known.numbers]
    others = [name for name in known.numbers if name not in (*objectives, *COUNTS)][: max(0, METRICS - len(seen))]
    best = [known.measured("best", name) for name in seen]
    return [*best, *(known.measured("last", name) for name in [*seen, *others])]


def different(everyone: Sequence[Compared], known: Vocabulary, asked: Sequence[Column] | None = None) -> list[Column]:
    """The columns in which not all are the same: of those that were asked for, else of parameters, of the command, the code and
    what is around them, and of what came out."""
    around = [known.column(word) for word in AROUND]
    variables = dict.fromkeys(name for each in everyone for name, _ in each.surroundings.variables)
    environment = [Column(f"env.{name}", _variable(name)) for name in variables]
    parameters = _parameters(known.parameters, known, *(each.word for each in environment))
    possible = [*parameters, *around, *environment, known.column("state"), *_measured(everyone, known)]
    named = [column for column in asked or possible if column.word != "id" and differ(column, everyone)]
    return [known.column("id"), *named]


def _variable(name: str) -> Callable[[Compared], Any]:
    return lambda each: dict(each.surroundings.variables).get(name)


def ordered(everyone: Sequence[Compared], known: Vocabulary, sort: Sort | None) -> list[Compared]:
    """By what somebody asks for, else those that succeeded before the others, by their objectives at their best: those of
    different objectives stand apart, as they cannot be compared."""
    if sort:
        column = known.column(sort.metric)
        goal = sort.goal or (known.goal(column.metric) if column.metric else MINIMIZE)
        return sorted(everyone, key=lambda each: rank(column.value(each), goal))
    objectives = list(dict.fromkeys(each.objective for each in everyone))
    return sorted(everyone, key=lambda each: (not each.succeeded, objectives.index(each.objective), _own_rank(each)))


def _own_rank(each: Compared) -> tuple[int, float, str]:
    objective = each.objective
    return rank(each.best(objective.name, objective.goal), objective.goal) if objective else (0, 0.0, "")


def together(everyone: Sequence[Compared], by: Sequence[str], columns: Sequence[Column]) -> list[Together]:
    """The groups, in the order of their first jobs."""
    groups: dict[str, list[Compared]] = {}
    for each in everyone:
        groups.setdefault(_likeness(each, by), []).append(each)
    first = [members[0] for members in groups.values()]
    known = Vocabulary.of(first)
    names = [name for name in varying(first, known) if name not in by]
    telling = [word for word in ("group", "command", "cwd") if differ(known.column(word), first)]
    return [_group(members, names, telling, columns) for members in groups.values()]


def _likeness(each: Compared, by: Sequence[str]) -> str:
    config = {name: value for name, value in each.config.items() if name not in by}
    return json.dumps([each.job.group, each.job.cwd, command(each.job.argv, each.config), config], sort_keys=True)


def _group(members: Sequence[Compared], names: Sequence[str], telling: Sequence[str], columns: Sequence[Column]) -> Together:
    counting = list({each.job.experiment: each for each in members if each.succeeded}.values())  # the newest is the last
    over = [each for each in members if each.job.state in ENDED]
    config = members[0].config
    words = heads(names, {*FACTS, *COUNTED}, "config.")
    told = {words[name]: config[name] for name in names if name in config}
    shown = {word: FACTS[word](members[0]) for word in telling} | told
    found = {column.word: statistics(column.value(each) for each in counting) for column in columns}
    failed = sum(not each.succeeded for each in over)
    versions = {each.code.digest for each in counting if each.code}
    return Together(shown, counting, failed, len(members) - len(over), len(versions), found)


def statistics(values: Iterable[Any]) -> Statistics:
    """Of the finite numbers among them.

    >>> statistics([1.0, 2.0, 4.0, None, float("nan"), "x", True])
    Statistics(mean=2.3333333333333335, deviation=1.5275252316519468, count=3)
    """
    numbers = [float(value) for value in values if _is_number(value)]
    try:
        return _statistics(numbers)
    except OverflowError:  # of numbers that are too large for their sums or squares
        largest = max(map(abs, numbers))
        found = _statistics([each / largest for each in numbers])
        mean, deviation = (part if part is None else part * largest for part in (found.mean, found.deviation))
        return Statistics(mean, deviation, found.count)


def _statistics(numbers: Sequence[float]) -> Statistics:
    if not numbers:
        return Statistics(None, None, 0)
    mean = math.fsum(numbers) / len(numbers)
    if len(numbers) == 1:
        return Statistics(mean, None, 1)
    return Statistics(mean, math.sqrt(math.fsum((each - mean) ** 2 for each in numbers) / (len(numbers) - 1)), len(numbers))


def _is_number(value: object) -> bool:
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def _groups_in_order(groups: Sequence[Together], shown: Sequence[Column], known: Vocabulary, sort: Sort | None) -> list[Together]:
    column = next(iter(shown), None)
    if sort:
        asked = known.column(sort.metric)
        column = next((each for each in shown if (each.word, each.metric) == (asked.word, asked.metric)), None) or next(
            (each for each in shown if asked.metric and each.metric == asked.metric), None
        )
        if column is None:
            words = [each.word for each in shown]
            raise UserError(f'"{sort.metric}" is not among the means', next_step=nearest(sort.metric, words))
    if column is None:
        return list(groups)
    word, goal = column.word, (sort.goal if sort else None) or known.goal(column.metric)
    return sorted(groups, key=lambda each: rank(each.statistics[word].mean, goal))


def _parameter(known: Vocabulary, name: str) -> str:
    """The parameter that is meant: by its dotted name, or by the end of it."""
    if name in known.parameters:
        return name
    ends = [each for each in known.parameters if each.endswith(f".{name}")]
    if len(ends) == 1:
        return ends[0]
    if ends:
        raise UserError(f'several parameters end with "{name}": {", ".join(ends)}', next_step="write the whole name of one")
    raise UserError(f'no configuration here has a parameter "{name}"', next_step=nearest(name, known.parameters))


def _goals(sort: Sort | None) -> dict[str, str]:
    """What an order says of which way a metric is better."""
    if sort is None or sort.goal is None:
        return {}
    kind, _, name = sort.metric.partition(".")
    return {sort.metric: sort.goal} | ({name: sort.goal} if kind in ("best", "last", "metrics") and name else {})


def guessed(shown: Sequence[Column], known: Vocabulary, sort: Sort | None = None) -> list[str]:
    """The metrics whose best is shown, or by which they are sorted, and of which only the name says what is best."""
    asked = known.column(sort.metric).metric if sort and not sort.goal else ""
    names = dict.fromkeys([column.metric for column in shown if column.word.startswith(("best.", "best_at."))] + [asked])
    return [name for name in names if name and name not in known.goals]
