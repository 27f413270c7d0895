"""The options of config groups: files in the directories beside an experiments file, each read once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from pathlib import Path

from scheduler.errors import UserError, nearest
from scheduler.experiments.configurations.configurations import Config
from scheduler.experiments.document import values
from scheduler.experiments.document.document import Document, open_document
from scheduler.experiments.document.limits import Limits
from scheduler.experiments.document.unusable import usable
from scheduler.experiments.experiment import GROUP_KEY
from scheduler.experiments.groups.defaults_list import Item, read_defaults
from scheduler.values import dataclass

SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class OptionFile:
    """What an option says: its configuration, its own defaults (none: an empty tuple), and its `# @package` line."""

    config: Config
    defaults: tuple[Item, ...]
    package: str | None


@dataclass(frozen=True)
class Options:
    """The options below a directory, by their path such as `db/mysql`."""

    root: Path
    limits: Limits
    read: dict[str, OptionFile | None] = field(default_factory=dict, repr=False)

    def is_group(self, group: str) -> bool:
        return bool(group) and ".." not in group.split("/") and (self.root / group.strip("/")).is_dir()

    def names(self, group: str) -> list[str]:
        """The options of a group, sorted."""
        folder = self.root / group
        return sorted(path.stem for path in folder.iterdir() if path.suffix in SUFFIXES) if folder.is_dir() else []

    def find(self, path: str) -> OptionFile | None:
        """The option, or None where there is no such file. Raises UserError for a wrong file, at its place in it."""
        if path not in self.read:
            files = (self.root / f"{path}{suffix}" for suffix in SUFFIXES)
            found = next((file for file in files if file.is_file()), None)
            self.read[path] = _read(str(found), self.limits) if found else None
        return self.read[path]

    def required(self, path: str, fault: Callable[[str, str], UserError]) -> OptionFile:
        found = self.find(path)
        if found is None:
            group, _, name = path.rpartition("/")
            what = f'the group "{group}" has no option "{name}"' if group else f'there is no file "{name}.yaml" beside this one'
            next_step = nearest(name, self.names(group)) or f"make {self.root / path}.yaml"
            raise fault(what, next_step)
        return found


def _read(path: str, limits: Limits) -> OptionFile:
    document = open_document(path, limits)
    with document.at():
        top = values.mapping(document.value)
    if GROUP_KEY in top:
        next_step = "it is said once, in the experiments file"
        raise document.error(f'"{GROUP_KEY}" belongs to the whole file', GROUP_KEY, key=True, next_step=next_step)
    defaults = read_defaults(document, top["defaults"]) if "defaults" in top else ()
    config = {key: usable(document, value, (key,)) for key, value in top.items() if key != "defaults"}
    return OptionFile(config, defaults, _package(document))


def _package(document: Document) -> str | None:
    """`# @package X` in the comments at the top, as Hydra has it."""
    for line in document.head:
        word, _, package = line.partition(" ")
        if word == "@package":
            return package.strip()
    return None
