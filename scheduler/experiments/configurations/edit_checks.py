"""Whether the changes of the command line find what they speak of in the experiments of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from scheduler.errors import UserError, nearest
from scheduler.experiments.configurations.configurations import Config, get, leaves
from scheduler.experiments.configurations.overrides import Edit

_NOTHING = object()


class AlreadyThere(UserError):
    """A change adds what is there at `path`."""

    def __init__(self, edit: Edit) -> None:
        what = f'"{edit.argument}" adds what is there already'
        super().__init__(what, next_step=f"write {edit.argument[1:]} to change it")
        self.path = edit.path


@dataclass
class EditChecks:
    """Takes the first combination of each entry, and remembers what was found in it."""

    edits: Sequence[Edit]
    found: set[int] = field(default_factory=set)
    names: dict[str, None] = field(default_factory=dict)

    def take(self, config: Config) -> None:
        """Try the changes in this order. Raises UserError where one does not fit, AlreadyThere where one adds what is."""
        if not self.edits:
            return
        self.names.update(dict.fromkeys(".".join(path) for path, _ in leaves(config)))
        for number, edit in enumerate(self.edits):
            there = get(config, edit.path, _NOTHING) is not _NOTHING
            if edit.sign == "+" and there:
                raise AlreadyThere(edit)
            if edit.fits(config) if edit.removes else there:
                self.found.add(number)
            config = self._tried(edit, config)

    def _tried(self, edit: Edit, config: Config) -> Config:
        try:
            return edit.applied(config)
        except UserError as error:
            what = f'the override of "{edit.name}" does not fit here: {error.what}'
            raise UserError(what, next_step="override the outer key") from None

    def refuse_unfounded(self) -> None:
        """Raise UserError for `~key` that no experiment has."""
        for number, edit in enumerate(self.edits):
            if edit.removes and number not in self.found:
                what = f'the override "{edit.argument}" removes what no experiment has'
                raise UserError(what, next_step=nearest(edit.name, self.names))
