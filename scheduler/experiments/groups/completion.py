"""From a combination of a block to a configuration: its config groups composed, its interpolations worked out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from scheduler.experiments.configurations.configurations import Config, Path, merge
from scheduler.experiments.configurations.interpolation import resolve
from scheduler.experiments.configurations.overrides import Edit
from scheduler.experiments.groups.config_groups import Choices, Composition, ConfigGroups
from scheduler.values import dataclass

CHOICES = "\0groups"  # where a combination keeps the options that it chooses; no key of a file can hold NUL

_NOTHING = object()


@dataclass(frozen=True)
class Finishing:
    """What is done with every combination of a file that has config groups or interpolations.

    `waits`: something in the combinations themselves is to be worked out, not only in the options that they choose.
    """

    edits: tuple[Edit, ...]
    depth: int
    groups: ConfigGroups | None = None
    waits: bool = True
    composed: dict[tuple, Composition] = field(default_factory=dict, repr=False, compare=False)

    def edited(self, config: Config) -> Config:
        for edit in self.edits:
            config = edit.applied(config)
        return config

    def complete(self, config: Config) -> Config:
        merged = self.merged(config)
        return resolve(merged, self.depth) if self.waits or self._composition(config).waits else merged

    def merged(self, config: Config) -> Config:
        """The configuration over what its options make; nothing worked out yet."""
        return self.over(config, [edit for edit in self.edits if edit.removes])

    def over(self, config: Config, removals: Sequence[Edit] = ()) -> Config:
        """The same, with these removals alone."""
        if self.groups is None:
            return config
        under = self._composition(config).config
        for edit in removals:
            under = edit.applied(under)
        return merge(under, {key: value for key, value in config.items() if key != CHOICES} if CHOICES in config else config)

    def chosen(self, config: Config, path: Path) -> object:
        if path[0] != CHOICES or self.groups is None:
            return _NOTHING
        return self._composition(config).chosen.get(path[1], _NOTHING)

    def _composition(self, config: Config) -> Composition:
        choices = _choices(config)
        key = tuple(choices.items())
        found = self.composed.get(key)
        if found is None:
            found = self.groups.compose(choices) if self.groups else Composition({}, {}, waits=False)
            self.composed[key] = found
        return found


def _choices(config: Config) -> Choices:
    found = config.get(CHOICES, {})
    assert isinstance(found, dict)
    return {key: tuple(option) if isinstance(option, list) else option for key, option in found.items()}
