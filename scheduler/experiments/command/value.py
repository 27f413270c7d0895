"""A value of the configuration as a part of a command."""

from __future__ import annotations

from typing import Any

from scheduler.errors import Place, UserError
from scheduler.values import dataclass

Config = dict[str, Any]
WITHOUT = "give it one in `base`, or take it out of the command"
ABSENT = object()


@dataclass(frozen=True)
class Value:
    """The value of one key of the configuration, dotted where it is nested, as text. `source` is the file that asks for it."""

    name: str
    source: str = ""

    def of(self, config: Config) -> str:
        """As `${args}` writes it: text as it is, anything else as Python writes it. UserError where the key is not there."""
        value = found(config, self.name)
        if value is ABSENT:
            what = f'the command has ${{{self.name}}}, and an experiment has no "{self.name}"'
            raise UserError(what, where=Place(self.source) if self.source else None, next_step=WITHOUT)
        return str(value)


def found(config: Config, name: str) -> Any:
    """What stands at a dotted name, which may be one key that holds dots itself; ABSENT if nothing does.

    >>> found({"net": {"lr": 1}, "a.b": 2}, "net.lr"), found({"a.b": 2}, "a.b"), found({}, "x") is ABSENT
    (1, 2, True)
    """
    if name in config:
        return config[name]
    head, dot, rest = name.partition(".")
    inner = config.get(head)
    return found(inner, rest) if dot and isinstance(inner, dict) else ABSENT
