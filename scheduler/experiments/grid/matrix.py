"""One block of experiments: a configuration, its axes, and what is left out of their combinations or added to them.

`exclude` and `include` follow the matrix of GitHub Actions, which is what most people know
(https://docs.github.com/actions/writing-workflows/choosing-what-your-workflow-does/running-variations-of-jobs-in-a-workflow).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from scheduler.experiments.configurations.configurations import (
    Axis,
    Config,
    Path,
    combinations,
    get,
    put,
    same,
    size,
)
from scheduler.values import dataclass

Clause = tuple[tuple[Path, object], ...]  # single values; it holds where all of them do

_NOTHING = object()


class Completion(Protocol):
    """What remains to be done with a combination before it is a configuration."""

    def edited(self, config: Config) -> Config:
        """With the overrides of the command line set once more, over what `include` brought."""

    def complete(self, config: Config) -> Config:
        """Composed from its config groups, and interpolations worked out."""

    def chosen(self, config: Config, path: Path) -> object:
        """The option of a config group that `path` stands for."""


class Plain:
    """Nothing remains to be done."""

    def edited(self, config: Config) -> Config:
        return config

    def complete(self, config: Config) -> Config:
        return config

    def chosen(self, config: Config, path: Path) -> object:
        return get(config, path, _NOTHING)


PLAIN = Plain()


@dataclass(frozen=True)
class Block:
    """A configuration and the axes to vary in it; no axis lies inside another.

    `given` are the keys that the command line sets: they have one value, and `include` neither looks at nor changes it.
    """

    config: Config
    axes: tuple[Axis, ...] = ()
    exclude: tuple[Clause, ...] = ()
    include: tuple[Clause, ...] = ()
    completion: Completion = PLAIN
    given: tuple[Path, ...] = ()

    def at_most(self) -> int:
        """How many experiments there can be, without making them: before `exclude`, and every `include` an addition."""
        return (size(self.axes) if self._has_matrix else 0) + len(self.include)

    def count(self) -> int:
        """How many experiments there are. Their combinations are made where something is excluded or included."""
        if not (self.exclude or self.include):
            return size(self.axes)
        return sum(1 for _ in self.configurations())

    @property
    def is_plain(self) -> bool:
        """Whether its configurations are all combinations of its axes, and nothing remains to be done with them."""
        return bool(self.axes) and not (self.exclude or self.include) and self.completion is PLAIN

    @property
    def _has_matrix(self) -> bool:
        return bool(self.axes) or not self.include

    def first(self) -> Config | None:
        """The first configuration, complete; None if all are excluded."""
        return next(self.configurations(), None)

    def configurations(self) -> Iterator[Config]:
        """Every configuration, the last axis fastest, then what `include` adds as experiments of their own."""
        plain = combinations(self.config, self.axes)
        if self.is_plain:
            return plain
        return self._worked_out(plain if self._has_matrix else iter(()))

    def _worked_out(self, plain: Iterator[Config]) -> Iterator[Config]:
        used: set[int] = set()
        conditions = self._conditions()
        for config in plain:
            if self.exclude and self._excluded(config):
                continue
            fitting = [number for number, condition in conditions if _agrees(condition, config)]
            used.update(fitting)
            yield self._extended(config, fitting) if fitting else self.completion.complete(config)
        for number in range(len(self.include)):
            if number not in used:
                yield self._extended(self.config, [number])

    def _excluded(self, config: Config) -> bool:
        complete = self.completion.complete(config)
        return any(self._holds(clause, config, complete) for clause in self.exclude)

    def _holds(self, clause: Clause, config: Config, complete: Config) -> bool:
        for path, value in clause:
            found = get(complete, path, _NOTHING)
            if found is _NOTHING:
                found = self.completion.chosen(config, path)
            if not same(found, value):
                return False
        return True

    def _conditions(self) -> list[tuple[int, Clause]]:
        """For each clause of `include` by its number, what a combination must have to be extended by it."""
        lanes = [lane.path for axis in self.axes for lane in axis.lanes() if lane.path not in self.given]
        return [(number, tuple(one for one in clause if _touches(one[0], lanes))) for number, clause in enumerate(self.include)]

    def _extended(self, config: Config, clauses: Sequence[int]) -> Config:
        for number in clauses:
            for path, value in self.include[number]:
                config = put(config, path, value)
        return self.completion.complete(self.completion.edited(config))


def _agrees(condition: Clause, config: Config) -> bool:
    return all(same(get(config, path, _NOTHING), value) for path, value in condition)


def _touches(path: Path, lanes: Sequence[Path]) -> bool:
    return any(path[: len(lane)] == lane or lane[: len(path)] == path for lane in lanes)
