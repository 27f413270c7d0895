"""The `defaults` of an experiments file or of an option: which options of which config groups make the configuration.

The form and its meaning are Hydra's (https://hydra.cc/docs/advanced/defaults_list).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from scheduler.errors import UserError
from scheduler.experiments.document import values
from scheduler.experiments.document.document import Document
from scheduler.experiments.document.marks import Key
from scheduler.values import dataclass

SELF = "_self_"
_KEY = re.compile(r"(?:(optional|override)\s+)?(/?[^\s@]+?)(?:@([\w.-]*))?")
_NAME = re.compile(r"(?!.*(^|/)\.\.?(/|$))[^\s@]+")

Where = tuple[Key, ...]
Option = str | tuple[str, ...] | None  # the name of an option, several, or none


@dataclass(frozen=True)
class Item:
    """One line of the list: an option of `group`, or, where `group` is empty, one configuration by its own name.

    `package` is what stands behind `@`, or None. `fault` makes an error at the item's place.
    """

    group: str
    option: Option
    package: str | None
    fault: Callable[[str, str], UserError]
    optional: bool = False
    override: bool = False

    @property
    def is_self(self) -> bool:
        return not self.group and self.option == SELF


def read_defaults(document: Document, value: object) -> tuple[Item, ...]:
    """The items of a defaults list, `_self_` last where it is not said. Raises UserError at the wrong item."""
    where = ("defaults",)
    if not isinstance(value, list):
        with document.at(*where):
            raise values.expected("a list", value, "write, for example, [_self_, network: lenet]")
    items = [_item(document, written, (*where, index)) for index, written in enumerate(value)]
    _refuse_disorder(document, items, where)
    if not any(item.is_self for item in items):
        items.append(Item("", SELF, None, lambda what, next_step: document.error(what, *where, next_step=next_step)))
    return tuple(items)


def _refuse_disorder(document: Document, items: list[Item], where: Where) -> None:
    for index, item in enumerate(items):
        if item.is_self and any(earlier.is_self for earlier in items[:index]):
            raise document.error(f"{SELF} is given twice", *where, index, next_step="keep one")
        if not item.override and not item.is_self and any(earlier.override for earlier in items[:index]):
            raise document.error(
                "this stands behind an override", *where, index, next_step="put overrides at the end of the list"
            )


def _item(document: Document, written: object, where: Where) -> Item:
    def fault(what: str, next_step: str) -> UserError:
        return document.error(what, *where, next_step=next_step)

    if isinstance(written, str):
        return _single(written, fault)
    if not isinstance(written, dict) or len(written) != 1:
        raise fault(
            f"expected a group and its option, found {values.kind(written)}", "write group: option, each in a line of its own"
        )
    ((key, option),) = written.items()
    return keyed(key, _option(option, fault), fault)


def _single(written: str, fault: Callable[[str, str], UserError]) -> Item:
    optional, name, package = _split(written, fault)
    if name == SELF and (package is not None or optional):
        raise fault(f"{SELF} stands alone", f"write {SELF}")
    return Item("", _name(name, fault), package, fault, optional=optional == "optional", override=_no_override(optional, fault))


def _no_override(word: str, fault: Callable[[str, str], UserError]) -> bool:
    if word == "override":
        raise fault("only the option of a group can be overridden", "write override group: option")
    return False


def keyed(key: str, option: Option, fault: Callable[[str, str], UserError]) -> Item:
    """The item `key: option`, where key is `group`, `group@package`, `optional group` or `override group`."""
    word, group, package = _split(key, fault)
    _name(group, fault)
    return Item(group, option, package, fault, optional=word == "optional", override=word == "override")


def _split(text: str, fault: Callable[[str, str], UserError]) -> tuple[str, str, str | None]:
    found = _KEY.fullmatch(text.strip())
    if not found:
        raise fault(f'"{text}" is no group', "write group, group@package, optional group or override group")
    return found[1] or "", found[2], found[3]


def _option(option: object, fault: Callable[[str, str], UserError]) -> Option:
    if option is None:
        return None
    if isinstance(option, list) and all(isinstance(name, str) for name in option):
        return tuple(_name(name, fault) for name in option)
    if not isinstance(option, str):
        raise fault(f"expected the name of an option, found {values.kind(option)}", "write the name of a file without its suffix")
    return _name(option, fault)


def _name(name: str, fault: Callable[[str, str], UserError]) -> str:
    """A name that stays below the directory of the experiments file."""
    if "${" not in name and not _NAME.fullmatch(name):
        raise fault(f'"{name}" is no name of a file beside this one', "leave out dots, blanks and @")
    return name
