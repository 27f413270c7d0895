"""The plain words of a YAML file that W&B reads otherwise: its reader follows YAML 1.1, ours YAML 1.2."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from scheduler.errors import Place, Remark
from scheduler.experiments.document.document import Document
from scheduler.experiments.document.yaml_scalars import scalar
from scheduler.values import dataclass

SHOWN = 8  # different words of one file
MERGE = "<<"  # no value, and the same in both


@dataclass(frozen=True)
class _Unreadable:
    """What YAML 1.1 takes for a date or a sign of its own, and cannot read as one."""


def differences(document: Document) -> Iterator[Remark]:
    """A remark on each word of the file that the two read as different values, at its first place; of many, on the first ones.

    A number in exponent notation without a point or a sign, such as 1e-5, is a text to W&B; that is not said each time, for
    whoever writes one means the number.
    """
    found = dict(_differing(document))
    for word, place in list(found.items())[:SHOWN]:
        yield Remark(_sentence(word, scalar(word), in_yaml_1_1(word)), place)
    if len(found) > SHOWN:
        last = list(found.values())[SHOWN]
        yield Remark(f"{len(found) - SHOWN} more words from here on are other values to W&B, which reads YAML 1.1", last)


def _differing(document: Document) -> Iterator[tuple[str, Place]]:
    seen = {MERGE}
    for event in _scalars(document.text):
        if event.value in seen:
            continue
        seen.add(event.value)
        ours, theirs = scalar(event.value), in_yaml_1_1(event.value)
        if (type(ours), str(ours)) != (type(theirs), str(theirs)) and not (isinstance(ours, float) and theirs == event.value):
            yield event.value, Place(document.file, event.start_mark.line + 1, event.start_mark.column + 1)


def _scalars(text: str) -> Iterator[Any]:
    import yaml

    events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) if text else ()
    return (event for event in events if isinstance(event, yaml.ScalarEvent) and event.implicit[0] and event.tag is None)


def in_yaml_1_1(word: str) -> object:
    """The value of a plain word to PyYAML's own safe loader, which W&B's client uses."""
    import yaml

    loader = yaml.SafeLoader("")
    node = yaml.ScalarNode(loader.resolve(yaml.ScalarNode, word, (True, False)), word)
    try:
        return loader.construct_object(node)
    except (yaml.YAMLError, ValueError):
        return _Unreadable()
    finally:
        loader.dispose()


def _sentence(word: str, ours: object, theirs: object) -> str:
    ways = [json.dumps(each, ensure_ascii=False) for each in (ours, theirs) if isinstance(each, (bool, int, float, str))]
    return (
        f"{word} is {_described(ours)} here, by YAML 1.2, and {_described(theirs)} to W&B, by YAML 1.1; write {' or '.join(ways)}"
    )


def _described(value: object) -> str:
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return "a text"
    return "nothing that it can read" if isinstance(value, _Unreadable) else "a date"
