"""What a file asks for, as a value of Python, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, overload

from scheduler.actions import check as checking
from scheduler.actions import sweep as sweeping
from scheduler.api.arguments import Changes, Commands, File, asked, path_of, words
from scheduler.api.driving import planned
from scheduler.api.rows import Rows, flat, frame
from scheduler.experiments import ExperimentFile
from scheduler.report import overview, sweep_file
from scheduler.report.submission import remarks
from scheduler.terminal import say

SHOWN = 5  # experiments, where nobody says


class Overview(Rows[Mapping[str, Any]]):
    """The first experiments of a file, the configuration of each, as they were when it was looked at.

    `experiments`: how many there are in all, None for a sweep without an end; `differing`: the dotted keys that are not the
    same in all; `not_there`: a sentence for each program that is not there; `sweep`: of a sweep file what is searched and how, as
    `exp-queue check --format json` has it, else None.
    """

    def __init__(self, found: checking.Overview, sweep: Mapping[str, Any] | None) -> None:
        super().__init__([each.config for each in found.first], overview.rows(found))
        self.file, self.experiments, self.differing, self.sweep = found.path, found.count, found.differing, sweep
        self.not_there = tuple(map(str, found.missing))

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Mapping[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> Mapping[str, Any] | Sequence[Mapping[str, Any]]:
        return self._items[index]

    def to_pandas(self) -> Any:
        """A pandas.DataFrame with a row for each of these experiments; `config.lr` is a column. ImportError without pandas."""
        return frame([flat("config", config) for config in self])


def check(
    file: File | None = None,
    changes: Changes = None,
    *,
    commands: Commands = None,
    program: str | None = None,
    style: str | None = None,
    first: int = SHOWN,
    quiet: bool = False,
) -> Overview:
    """What a file asks for: how many experiments, what differs between them, the `first` so many of them, and which programs are
    not there. Nothing is queued and nothing started. Of a sweep file that draws its points or learns, points like those that it
    would try.

    The other arguments are those of `run`. UserError for whatever is wrong.
    """
    wanted, grid = asked(program, style), None
    if commands is None and file is not None:
        plan, grid = checking.read_either(path_of(file), words(changes), wanted)
    else:
        plan = planned(file, changes, commands, wanted)
    if isinstance(plan, ExperimentFile):
        found, sweep = checking.check(plan, first), None
    else:
        found = sweeping.check(plan, first, grid)
        sweep = sweep_file.about(found, plan)
    if not quiet:
        say(remarks(plan.path, [*plan.notes, *map(str, found.missing)]))
    return Overview(found, sweep)
