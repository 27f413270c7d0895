"""What jobs say of themselves to a filter: their parameters, and what they have logged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scheduler.goals import MAXIMIZE, MINIMIZE
from scheduler.queue.asks import policy_from
from scheduler.queue.chosen import Chosen
from scheduler.queue.filters import Comparison, Verdict, Word, matches
from scheduler.queue.names import name_of
from scheduler.queue.store import Store
from scheduler.tracking.logged import Logged

PREFIXES = ("config", "last", "best", "min", "max", "first")  # before a name: which of its values is meant


@dataclass(slots=True)
class Row:
    """What a job says of itself: those of its parameters that are asked for, and what it has logged, once that is read."""

    number: int
    job: str
    renamed: str | None
    policy: str
    config: dict[str, Any]
    logged: Logged | None

    def judge(self, known: Mapping[Word | Comparison, set[int]], parameters: set[str]) -> Callable[[Word | Comparison], Verdict]:
        """What is to be said of each leaf: `known` has the jobs of those that SQL has answered."""
        return lambda leaf: self.number in known[leaf] if leaf in known else self._compare(leaf, parameters)

    def _compare(self, asked: Word | Comparison, parameters: set[str]) -> Verdict:
        assert isinstance(asked, Comparison)  # words are known
        if asked.name == "name":
            return matches(asked, self.renamed or name_of(self.job, self.number))
        name = asked.name if asked.name in parameters else asked.name.removeprefix("config.")
        if name in parameters:
            return name in self.config and matches(asked, self.config[name])
        if self.logged is None:
            return None
        value = _logged_value(self.logged, asked, self.policy)
        return value is not NOTHING and matches(asked, value)


NOTHING = object()


def _logged_value(logged: Logged, asked: Comparison, policy: str) -> Any:
    """The logged value that is asked for. The best is the smallest or the largest as the job has it, and else as the question
    would have it: who asks for less than 0.2 wants the smallest."""
    prefix, _, plain = asked.name.partition(".")
    if asked.name in logged.last or prefix not in PREFIXES:
        return logged.last.get(asked.name, NOTHING)
    if prefix == "last":
        return logged.last.get(plain, NOTHING)
    series = logged.series.get(plain)
    if series is None:
        return NOTHING
    goal = _goal(policy, plain) or (MAXIMIZE if asked.operator in (">", ">=") else MINIMIZE)
    smallest = prefix == "min" or (prefix == "best" and goal == MINIMIZE)
    found = series.first if prefix == "first" else series.low if smallest else series.high
    return NOTHING if found is None else found


def logged_name(name: str) -> str:
    """The name under which it would be logged; empty for what is not."""
    prefix, _, plain = name.partition(".")
    return "" if prefix == "config" else plain if prefix in PREFIXES else name


def parameter_of(asked: Comparison) -> str:
    """The parameter that a comparison may ask for."""
    return "" if asked.name == "name" else asked.name.removeprefix("config.")


def rows_of(store: Store, among: Chosen, parameters: set[str]) -> Iterator[Row]:
    """The jobs with those of the parameters that they have. What has never run has logged nothing."""
    sql = f"SELECT number, id, renamed, policy, arguments, attempts FROM job WHERE {among.where} ORDER BY number"  # noqa: S608
    for number, job, renamed, policy, arguments, attempts in store.read(sql, among.parameters):
        config = json.loads(arguments) if parameters else {}
        found = {name: value for name in parameters if (value := _value(config, name)) is not NOTHING}
        yield Row(number, job, renamed, policy, found, None if attempts else UNLOGGED)


UNLOGGED = Logged()


def _goal(policy: str, metric: str) -> str | None:
    objective = policy_from(policy).objective
    return objective.goal if objective and objective.metric == metric else None


def _value(config: Any, name: str) -> Any:
    """The value of a parameter, `a.b` for one inside another; NOTHING where there is none."""
    if not isinstance(config, Mapping):
        return NOTHING
    if name in config:
        return config[name]
    for place in (index for index, letter in enumerate(name) if letter == "."):
        if name[:place] in config and (found := _value(config[name[:place]], name[place + 1 :])) is not NOTHING:
            return found
    return NOTHING
