"""The experiments of a file: its entries over the base, and what varies in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from itertools import chain, islice
from typing import Any

from scheduler.errors import Place, UserError
from scheduler.experiments.configurations.configurations import (
    Axis,
    Config,
    Path,
    combinations,
    merge,
    put,
)
from scheduler.experiments.configurations.edit_checks import AlreadyThere, EditChecks
from scheduler.experiments.configurations.interpolation import unresolved
from scheduler.experiments.configurations.overrides import Edit, apply
from scheduler.experiments.document import values
from scheduler.experiments.document.document import Document
from scheduler.experiments.experiment import GROUP_KEY
from scheduler.experiments.grid.axes import (
    Where,
    misplaced_group,
    over,
    read_axes,
    refuse_overlap,
)
from scheduler.experiments.grid.clauses import read_clauses, refuse_unknown
from scheduler.experiments.grid.matrix import PLAIN, Block, Clause, Completion
from scheduler.experiments.groups.completion import CHOICES, Finishing
from scheduler.experiments.groups.group_choices import GroupChoices
from scheduler.values import dataclass

VARYING = ("grid", "zip", "include", "exclude")  # keys of an entry that are no configuration
TRIED = 100  # values of an axis
CHECKED = 10_000  # experiments that are made to look for errors, or for one that is not excluded


def blocks(document: Document, top: dict[str, Any], edits: list[Edit], apart: frozenset[str] = frozenset()) -> tuple[Block, ...]:
    """One block for each entry of `experiments`, or one for the base alone; what the file varies varies in all. `apart`: as in
    `GroupChoices`."""
    base = read_config(document, top.get("base", {}), ("base",))
    choices = GroupChoices.read(document, top, base, edits, apart)
    finishing = Finishing(choices.edits, document.limits.depth, choices.groups)
    entries = _Entries(document, choices, finishing, _variation(document, top, (), choices), EditChecks(choices.edits))
    found = entries.all(top, {} if choices.groups else base)
    entries.checks.refuse_unfounded()
    return found


def looked_at(found: Sequence[Block]) -> Iterator[Config]:
    """The configurations in which errors are looked for before anything runs: the first of each block, then the first CHECKED of
    all. Made one at a time."""
    yield from (config for block in found if (config := block.first()) is not None)
    yield from islice(chain.from_iterable(block.configurations() for block in found), CHECKED)


@dataclass(frozen=True)
class _Variation:
    """What the file, or an entry, varies."""

    axes: tuple[Axis, ...]
    exclude: tuple[Clause, ...]
    include: tuple[Clause, ...]
    included_at: tuple[Where, ...]


def _variation(document: Document, sections: dict[str, Any], where: Where, choices: GroupChoices) -> _Variation:
    axes = read_axes(document, sections, where, choices.path)
    clauses = {
        key: read_clauses(document, sections[key], (*where, key), choices.path) if key in sections else ()
        for key in ("exclude", "include")
    }
    places = tuple((*where, "include", index) for index in range(len(clauses["include"])))
    return _Variation(axes, **clauses, included_at=places)


@dataclass(frozen=True)
class _Entries:
    """What all entries share."""

    document: Document
    choices: GroupChoices
    finishing: Finishing
    outer: _Variation
    checks: EditChecks
    seen: list[Config] = field(default_factory=list)  # the first combination of each entry

    def all(self, top: dict[str, Any], base: Config) -> tuple[Block, ...]:
        if "experiments" not in top:
            found: tuple[Block, ...] = (self._block(base, self.outer, ("base",)),)
        else:
            listed = _listed(self.document, top["experiments"])
            found = tuple(self._entry(base, entry, index) for index, entry in enumerate(listed))
        if not self.choices.groups:
            refuse_unknown(self.document, self.outer.exclude, ("exclude",), self.seen)
        self._refuse_emptiness(found)
        return found

    def _entry(self, base: Config, entry: object, index: int) -> Block:
        where = ("experiments", index)
        config = read_config(self.document, entry, where)
        if "defaults" in config:
            next_step = "choose options by their groups here, e.g. network: lenet"
            raise self.document.error('"defaults" belongs to the whole file', *where, "defaults", key=True, next_step=next_step)
        own = _variation(self.document, config, where, self.choices)
        plain = self.choices.placed({key: value for key, value in config.items() if key not in VARYING})
        axes = over(self.outer.axes, own.axes)
        refuse_overlap(self.document, [lane for axis in axes for lane in axis.lanes()], (*where, "grid"))
        both = _Variation(
            axes,
            (*self.outer.exclude, *own.exclude),
            (*self.outer.include, *own.include),
            (*self.outer.included_at, *own.included_at),
        )
        block = self._block(merge(base, plain), both, where)
        if not self.choices.groups:
            refuse_unknown(self.document, own.exclude, (*where, "exclude"), self.seen[-1:])
        return block

    def _block(self, config: Config, variation: _Variation, where: Where) -> Block:
        """The block, once it is known that every axis and override fits into the configuration."""
        self._refuse_missing_options(config, variation.axes, where)
        before = self._first(config, variation.axes, where)
        self.seen.append(before)
        try:
            self.checks.take(before)
        except AlreadyThere as error:
            raise UserError(error.what, where=self._stands(error.path, where), next_step=error.next_step) from None
        except UserError as error:
            raise self.document.error(error.what, *where, next_step=error.next_step) from None
        for edit in self.choices.edits:
            config = edit.applied(config) if edit.removes else config
        axes = apply(variation.axes, self.choices.edits)
        completion = self._completion(config, axes, variation.include)
        given = tuple(edit.path for edit in self.choices.edits if not edit.removes)
        block = Block(config, axes, variation.exclude, variation.include, completion, given)
        self._try_included(config, variation)
        if block.completion is not PLAIN:
            block.first()
            self._try_interpolations(block)
        return block

    def _try_included(self, config: Config, variation: _Variation) -> None:
        """Every `include` must fit, and choose what there is, before the first line is printed."""
        for clause, where in zip(variation.include, variation.included_at, strict=True):
            with self.document.at(*where):
                extended = config
                for path, value in clause:
                    put(self.finishing.over(self.choices.chosen(extended)), path, value)
                    extended = put(extended, path, value)
                self.choices.refuse_missing(extended, self.finishing)

    def _try_interpolations(self, block: Block) -> None:
        """Work out every interpolated value of an axis once: an error should not wait for its line."""
        for axis in block.axes:
            for index, point in enumerate(islice(combinations(block.config, (axis,)), TRIED)):
                if any(unresolved([lane.values[index] for lane in axis.lanes()])):
                    others = tuple(other for other in block.axes if other is not axis)
                    block.completion.complete(next(combinations(point, others)))

    def _refuse_missing_options(self, config: Config, axes: tuple[Axis, ...], where: Where) -> None:
        """Every option that the entry and its axes choose must be there, before the first line is printed."""
        if self.choices.groups is None:
            return
        with self.document.at(*where):
            self.choices.refuse_missing(config, self.finishing)
        for axis in axes:
            for index, point in enumerate(combinations(config, (axis,))) if _chooses(axis) else ():
                with self.document.at(*self._place(axis, where), index):
                    self.choices.refuse_missing(point, self.finishing)

    def _first(self, config: Config, axes: tuple[Axis, ...], where: Where) -> Config:
        before = self.finishing.over(self.choices.chosen(config))
        for axis in axes:
            for lane in axis.lanes():
                before = self._fitted(before, lane, where)
        return before

    def _fitted(self, config: Config, lane: Axis, where: Where) -> Config:
        try:
            return put(config, lane.path, lane.values[0])
        except UserError as error:
            raise self.document.error(error.what, *self._place(lane, where), next_step=error.next_step) from None

    def _place(self, lane: Axis, where: Where) -> Where:
        name = lane.path[1] if lane.path[0] == CHOICES else lane.name
        for section in ((*where, "grid"), (*where, "zip"), ("grid",), ("zip",)):
            if name in self.document.keys(*section):
                return (*section, name)
        return where

    def _stands(self, path: Path, where: Where) -> Place | None:
        """The place of a key of these experiments; None where it stands in another file."""
        varied = [(*outer, section) for outer in (where, ()) for section in ("grid", "zip")]
        own, name = [(*outer, *path[:-1]) for outer in (where, ("base",))], ".".join(path)
        for section, key in [*((each, path[-1]) for each in own), *((each, name) for each in varied)]:
            if key in self.document.keys(*section):
                return self.document.place(*section, key, key=True)
        return None

    def _completion(self, config: Config, axes: tuple[Axis, ...], include: tuple[Clause, ...]) -> Completion:
        varied = [value for axis in axes for lane in axis.lanes() for value in lane.values]
        included = [value for clause in include for _, value in clause]
        edited = bool(include and self.choices.edits)
        waits = any(unresolved([config, varied, included]))
        return replace(self.finishing, waits=waits) if self.choices.groups or edited or waits else PLAIN

    def _refuse_emptiness(self, found: tuple[Block, ...]) -> None:
        if any(block.at_most() > CHECKED or block.first() is not None for block in found):
            return
        raise self.document.error("every experiment is excluded", "exclude", next_step="take values out of it")


def _chooses(axis: Axis) -> bool:
    return any(lane.path[0] == CHOICES for lane in axis.lanes())


def _listed(document: Document, entries: object) -> list:
    if not isinstance(entries, list):
        with document.at("experiments"):
            raise values.expected("a list of experiments", entries, "put [ ] around them, or a dash before each")
    if not entries:
        raise document.error("the list of experiments is empty", "experiments", next_step="add one, or remove the key")
    return entries


def read_config(document: Document, value: object, where: Where) -> Config:
    """A configuration that stands in the file; the group of the whole file has no place in it."""
    with document.at(*where):
        config = values.mapping(value)
    if GROUP_KEY in config:
        raise misplaced_group(document, (*where, GROUP_KEY))
    return config
