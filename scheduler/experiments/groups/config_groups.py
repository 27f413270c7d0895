"""Config groups: from a defaults list and the chosen options to one configuration, as Hydra composes it.

The rules are those of Hydra 1.3 (https://hydra.cc/docs/advanced/defaults_list and .../overriding_packages): later
items win; an option's own defaults come before it; `override` and the choices of the command line hold wherever the
group appears; an option's values stand at its package, which is the path of its group unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from functools import partial

from scheduler.errors import UserError, nearest
from scheduler.experiments.configurations.configurations import Config, merge
from scheduler.experiments.configurations.interpolation import unresolved
from scheduler.experiments.configurations.unresolved import MISSING
from scheduler.experiments.document.document import OverrideError
from scheduler.experiments.groups.defaults_list import Item, Option
from scheduler.experiments.groups.options_on_disk import OptionFile, Options
from scheduler.values import dataclass

GLOBAL = "_global_"
NESTED = 50  # levels of defaults within defaults; more is a circle

Choices = Mapping[str, Option]
Part = tuple[str, Config]  # a package (dotted, empty for the root) and what is merged there


class ChoiceError(UserError):
    """An option that there is not was chosen for the group `key`, by an entry or on the command line."""

    def __init__(self, key: str, what: str, next_step: str) -> None:
        self.key = key
        super().__init__(what, next_step=next_step)


@dataclass(frozen=True)
class Composition:
    """The configuration that the options make together, and the option of each group by its key.

    `waits`: some of it is still to be worked out.
    """

    config: Config
    chosen: Choices
    waits: bool


@dataclass(frozen=True)
class ConfigGroups:
    """The defaults of an experiments file, whose own part (`_self_`) is `base`.

    `added` are groups of the command line, `removed` their keys that it takes away (with the option, or None for any).
    """

    options: Options
    items: tuple[Item, ...]
    base: Config
    added: tuple[Item, ...] = ()
    removed: Mapping[str, Option] = field(default_factory=dict)

    def compose(self, choices: Choices) -> Composition:
        """Raises UserError at the place of a wrong file or default, and ChoiceError for a wrong one of `choices`."""
        walk = _Walk(self.options, dict(choices), self.removed, frozenset(choices))
        parts = walk.parts(_Node("", "", self.base, (*self.items, *self.added)))
        self._refuse_unused(walk, choices)
        config: Config = {}
        for package, part in parts:
            config = merge(config, _wrapped(part, package))
        return Composition(config, walk.chosen, any(unresolved(config)))

    def _refuse_unused(self, walk: _Walk, choices: Choices) -> None:
        for key in choices:
            if key not in walk.chosen:
                close = nearest(key, walk.chosen)
                next_step = close if close.startswith("did") else f"add it there, or on the command line with +{key}=OPTION"
                raise ChoiceError(key, f'no group "{key}" is in the defaults', next_step)
        for key, item in walk.overrides.items():
            if key not in walk.chosen:
                raise item.fault(f'no group "{key}" is in the defaults', nearest(key, walk.chosen) or "leave out override")
        for key in self.removed.keys() - walk.gone:
            found = f'the option chosen is "{walk.chosen[key]}"' if key in walk.chosen else "no such group is in the defaults"
            next_step = f"write ~{key}" if key in walk.chosen else nearest(key, walk.chosen)
            raise OverrideError(f'the override "~{key}": {found}', next_step=next_step)


def _wrapped(config: Config, package: str) -> Config:
    for key in reversed(package.split(".")) if package else ():
        config = {key: config}
    return config


@dataclass(frozen=True)
class _Node:
    """A configuration in the tree of defaults: the path of its group, its package, what it says."""

    group: str
    package: str
    config: Config
    items: tuple[Item, ...]


@dataclass
class _Walk:
    """One walk through the tree of defaults. The first to choose an option for a group wins: the outermost, the last."""

    options: Options
    choices: dict[str, Option]
    removed: Mapping[str, Option]
    asked: frozenset[str]  # the groups that the choices from outside are about
    chosen: dict[str, Option] = field(default_factory=dict)
    by: dict[str, Item] = field(default_factory=dict)  # who chose it
    overrides: dict[str, Item] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    nested: int = 0

    def parts(self, node: _Node, *, late: bool = False) -> list[Part]:
        """What the node and all below it contribute, in the order in which they are merged.

        `late`: below an interpolated choice, where overriding another group would come too late.
        """
        self._refuse_a_circle(node)
        self._note_overrides(node, late)
        found: dict[int, list[Part]] = {}
        waiting = []
        for index, item in reversed(list(enumerate(node.items))):
            if item.is_self:
                found[index] = [(node.package, node.config)]
            elif not item.override:
                option = self._option(item, node)
                if isinstance(option, str) and "${" in option:
                    waiting.append((index, item, option))
                else:
                    found[index] = self._item(item, option, node, late)
        for index, item, option in waiting:
            found[index] = self._item(item, _interpolated(item, option, self.chosen), node, True)
        self.nested -= 1
        return [part for index in sorted(found) for part in found[index]]

    def _refuse_a_circle(self, node: _Node) -> None:
        self.nested += 1
        if self.nested > NESTED:
            raise node.items[0].fault("these defaults lead back to themselves", "break the circle")

    def _note_overrides(self, node: _Node, late: bool) -> None:
        for item in node.items:
            if item.override and late:
                raise item.fault("an override below an interpolated option comes too late", "choose the option by its name")
            if item.override:
                self.overrides[_key(item, node)] = item
                self.choices.setdefault(_key(item, node), item.option)

    def _option(self, item: Item, node: _Node) -> Option:
        return self.choices.get(_key(item, node), item.option) if item.group else item.option

    def _item(self, item: Item, option: Option, node: _Node, late: bool) -> list[Part]:
        group = _group(item, node)
        if item.group and not self._enter(item, option, node):
            return []
        names = (option,) if isinstance(option, str) else option or ()
        parts: list[Part] = []
        for name in reversed(names):
            path = f"{group}/{name}" if item.group and group else _joined(node.group, name)
            parts = self._file(item, path, node, late) + parts
        return parts

    def _enter(self, item: Item, option: Option, node: _Node) -> bool:
        """Note the choice; False if the command line removed the group."""
        key = _key(item, node)
        if key in self.removed and self.removed[key] in (None, option):
            self.gone.add(key)
            return False
        if key in self.chosen:
            raise self.by[key].fault(f'an option of "{key}" is chosen already', f"to change it, override {key}")
        if option == MISSING:
            known = ", ".join(self.options.names(_group(item, node)))
            raise item.fault(f'an option of the group "{key}" must be chosen', f"add {key}=OPTION to the command line: {known}")
        self.chosen[key], self.by[key] = option, item
        return True

    def _file(self, item: Item, path: str, node: _Node, late: bool) -> list[Part]:
        file = self.options.find(path) if item.optional else self.options.required(path, self._fault(item, node))
        if file is None:
            return []
        below = _Node(path.rpartition("/")[0], _package(item, node, file), file.config, file.defaults)
        if not file.defaults:
            return [(below.package, below.config)]
        return self.parts(below, late=late)

    def _fault(self, item: Item, node: _Node) -> Callable[[str, str], UserError]:
        """An option that is missing is the fault of the one who chose it."""
        key = _key(item, node) if item.group else ""
        return partial(ChoiceError, key) if key in self.asked else item.fault


def _interpolated(item: Item, option: str, chosen: Choices) -> str:
    """The option with `${group}` in it replaced by the option of that group, by OmegaConf's rules."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        return str(OmegaConf.create({**chosen, "\0option": option})["\0option"])
    except OmegaConfBaseException:
        next_step = f"chosen are: {', '.join(chosen)}" if chosen else "no group is chosen before it"
        raise item.fault(f"{option} names no chosen group", next_step) from None


def _joined(*parts: str) -> str:
    path = ""
    for part in parts:
        path = part[1:] if part.startswith("/") else f"{path}/{part}".strip("/")
    return path


def _group(item: Item, node: _Node) -> str:
    """The path of the item's group, from the directory of the experiments file."""
    return _joined(node.group, item.group) if item.group else node.group


def _key(item: Item, node: _Node) -> str:
    """What a choice calls the group: its path, with `@package` where the package is not the usual one."""
    group, package = _group(item, node), _package(item, node, None)
    return group if package == group.replace("/", ".") else f"{group}@{package or GLOBAL}"


def _package(item: Item, node: _Node, file: OptionFile | None) -> str:
    """Where the values of an option stand: below the package of the list that names it, unless it says `_global_`."""
    package = item.package
    if package is not None and "_group_" in package:
        package = f"{GLOBAL}.{package.replace('_group_', _group(item, node).replace('/', '.'))}"
    if package is None and file is not None and file.package is not None:
        package = file.package if file.package.startswith(GLOBAL) else f"{GLOBAL}.{file.package}"
    if package is None:
        named = item.group or (item.option if isinstance(item.option, str) else "").rpartition("/")[0]
        package = named.strip("/").replace("/", ".")
    parts = [part for part in (node.package, "" if package == "_here_" else package) if part]
    return ".".join(parts).rpartition(GLOBAL)[2].strip(".")
