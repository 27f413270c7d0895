"""Which values of an experiments file and its command line are no values but choose an option of a config group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

from scheduler.errors import UserError
from scheduler.experiments.configurations.configurations import Config, Path
from scheduler.experiments.configurations.overrides import Edit, refuse_contradictions
from scheduler.experiments.document.document import Document, OverrideError
from scheduler.experiments.groups.completion import CHOICES, Finishing
from scheduler.experiments.groups.config_groups import ChoiceError, ConfigGroups
from scheduler.experiments.groups.defaults_list import Item, Option, keyed, read_defaults
from scheduler.experiments.groups.options_on_disk import Options
from scheduler.values import dataclass


@dataclass(frozen=True)
class GroupChoices:
    """The config groups of a file, if it has `defaults`, and the changes of the command line.

    In `edits` an option is chosen at the path (CHOICES, group); what adds or removes groups is in `groups` already. `apart` are
    keys that choose an option of the program's own groups: a value in what is chosen, `model.lr`, stands beside `model`.
    """

    groups: ConfigGroups | None
    edits: tuple[Edit, ...]
    apart: frozenset[str] = frozenset()

    @classmethod
    def read(
        cls, document: Document, top: dict[str, Any], base: Config, edits: Sequence[Edit], apart: frozenset[str] = frozenset()
    ) -> GroupChoices:
        """Raises UserError for a wrong list of defaults, and for changes that contradict each other."""
        beside = cls(None, (), apart)
        found = replace(beside, edits=tuple(replace(edit, path=beside.path(edit.path, edit.value)) for edit in edits))
        if "defaults" in top:
            options = Options(FilePath(document.file).parent, document.limits)
            groups = ConfigGroups(options, read_defaults(document, top["defaults"]), base)
            _refuse_choices_in_base(document, cls(groups, ()))
            found = _sorted(groups, edits)
        refuse_contradictions(found.edits)
        return found

    def path(self, path: Path, value: object) -> Path:
        """Where a value stands: at its own path, or among the choices if it is the name of a group's option."""
        key = ".".join(path)
        if path[0] in self.apart:
            return (key,)
        if self.groups is None or isinstance(value, (dict, int, float)) or not self.groups.options.is_group(key.split("@")[0]):
            return path
        return (CHOICES, key)

    def placed(self, config: Config) -> Config:
        """An entry of the file with its choices told apart from its values."""
        chosen = {key: value for key, value in config.items() if self.path((key,), value) != (key,)}
        values = {key: value for key, value in config.items() if key not in chosen}
        return {**values, CHOICES: chosen} if chosen else values

    def chosen(self, config: Config) -> Config:
        """The configuration with the options that the command line chooses."""
        for edit in self.edits:
            config = edit.applied(config) if edit.path[0] == CHOICES else config
        return config

    def refuse_missing(self, config: Config, finishing: Finishing) -> None:
        """Raise UserError without a place for an option of `config` that there is not, OverrideError for the command line's."""
        try:
            finishing.merged(self.chosen(config))
        except ChoiceError as error:
            ours = [edit for edit in self.edits if edit.path == (CHOICES, error.key)]
            if not ours:
                raise
            raise OverrideError(f'the override "{ours[-1].argument}": {error.what}', next_step=error.next_step) from None


def _refuse_choices_in_base(document: Document, choices: GroupChoices) -> None:
    for key, value in choices.groups.base.items() if choices.groups else ():
        if choices.path((key,), value) != (key,):
            next_step = "choose the option in defaults; base holds the values that are set in it"
            raise document.error(f'"{key}" is a config group', "base", key, key=True, next_step=next_step)


def _sorted(groups: ConfigGroups, edits: Sequence[Edit]) -> GroupChoices:
    """The changes of config groups told apart from those of values."""
    plain = GroupChoices(groups, ())
    ours = [edit for edit in edits if "/" in edit.name or plain.path(edit.path, _chosen(edit)) != edit.path]
    added = tuple(_added(edit) for edit in ours if edit.sign == "+")
    removed = {edit.name: _option(edit) for edit in ours if edit.removes}
    kept = [_placed(edit) if edit in ours else edit for edit in edits if edit not in ours or edit.sets]
    return GroupChoices(replace(groups, added=added, removed=removed), tuple(kept))


def _chosen(edit: Edit) -> object:
    return edit.value if edit.has_value else None


def _option(edit: Edit) -> Option:
    value = _chosen(edit)
    return tuple(value) if isinstance(value, list) else value if isinstance(value, str) else None


def _placed(edit: Edit) -> Edit:
    return Edit(edit.argument, "", (CHOICES, edit.name), edit.value)


def _added(edit: Edit) -> Item:
    def fault(what: str, next_step: str) -> UserError:
        return OverrideError(f'the override "{edit.argument}": {what}', next_step=next_step)

    return keyed(edit.name, _option(edit), fault)
