"""Configurations: merging them, setting single values in them, and every combination of a grid. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from scheduler.errors import UserError
from scheduler.experiments.configurations.unresolved import Unresolved
from scheduler.experiments.document.values import kind
from scheduler.values import dataclass

Path = tuple[str, ...]
Config = dict[str, object]


@dataclass(frozen=True)
class Axis:
    """One key of a grid and the values it takes, in their order; `beside` it, keys that take theirs in step (a zip)."""

    path: Path
    values: tuple[object, ...]
    beside: tuple[Axis, ...] = ()

    @property
    def name(self) -> str:
        return ".".join(self.path)

    def lanes(self) -> tuple[Axis, ...]:
        """The axis as single keys: itself without its companions, then they."""
        return (Axis(self.path, self.values), *self.beside)


def together(lanes: Sequence[Axis]) -> Axis:
    """One axis of keys that take their values in step; all have as many."""
    return Axis(lanes[0].path, lanes[0].values, tuple(lanes[1:]))


def combinations(config: Config, axes: tuple[Axis, ...]) -> Iterator[Config]:
    """Every combination, the last axis fastest. Parts are shared between them: read them, do not change them."""
    if not axes:
        yield config
        return
    first, rest = axes[0], axes[1:]
    for index, value in enumerate(first.values):
        chosen = put(config, first.path, value)
        for lane in first.beside:
            chosen = put(chosen, lane.path, lane.values[index])
        if rest:
            yield from combinations(chosen, rest)
        else:
            yield chosen


def size(axes: Iterable[Axis]) -> int:
    """How many combinations there are, without making them."""
    return math.prod(len(axis.values) for axis in axes)


def merge(under: Config, over: Config) -> Config:
    """Both in one: a mapping merges into a mapping, anything else replaces. Keys keep their first position.

    A value that must be given (`???`) does not replace one that is there, as in OmegaConf.
    """
    merged = dict(under)
    for key, value in over.items():
        if key in merged and isinstance(value, Unresolved) and value.missing:
            continue
        merged[key] = _merged(merged.get(key), value)
    return merged


def _merged(old: object, value: object) -> object:
    if not isinstance(value, dict):
        return value
    if isinstance(old, Unresolved) and not old.missing:
        next_step = "write the mapping here instead of the interpolation, or set its single keys where they are defined"
        raise old.fault(f"a mapping is to be merged into {old}, which is not worked out yet", next_step)
    return merge(old, value) if isinstance(old, dict) else value


def put(config: Config, path: Path, value: object) -> Config:
    """A copy of `config` with `value` merged in at `path`. Raises UserError if a value on the way is no mapping."""
    head, rest = path[0], path[1:]
    if rest:
        value = put(_inner(config, head, path), rest, value)
    elif isinstance(value, dict):
        value = _merged(config.get(head), value)
    return {**config, head: value}


def _inner(config: Config, head: str, path: Path) -> Config:
    inner = config.get(head, {})
    if not isinstance(inner, dict):
        raise UserError(f'"{".".join(path[1:])}" cannot be set inside "{head}", which is {kind(inner)}')
    return inner


def get(config: Mapping[str, object], path: Path, absent: object = None) -> object:
    """The value at `path`, or `absent` where there is none."""
    value: object = config
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return absent
        value = value[key]
    return value


def without(config: Config, path: Path) -> Config:
    """A copy of `config` without the key at `path`; the very `config` where there is none."""
    head, rest = path[0], path[1:]
    if head not in config:
        return config
    if not rest:
        return {key: value for key, value in config.items() if key != head}
    inner = config[head]
    shorter = without(inner, rest) if isinstance(inner, dict) else inner
    return config if shorter is inner else {**config, head: shorter}


def same(one: object, other: object) -> bool:
    """Equality as in JSON: 1 and 1.0 are the same number, true is not 1; the order of keys does not count."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def leaves(config: Mapping[str, object], above: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every value that is no mapping (or an empty one), with its path, in order."""
    for key, value in config.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*above, key))
        else:
            yield (*above, key), value


def flat(config: Mapping[str, object]) -> dict[str, object]:
    """The same values by their dotted names, in order.

    >>> flat({"a": {"b": 1, "c": {}}, "d.e": [2]})
    {'a.b': 1, 'a.c': {}, 'd.e': [2]}
    """
    found: dict[str, object] = {}
    _flatten(config, "", found)
    return found


def _flatten(config: Mapping[str, object], above: str, found: dict[str, object]) -> None:
    for key, value in config.items():
        if isinstance(value, dict) and value:
            _flatten(value, f"{above}{key}.", found)
        else:
            found[f"{above}{key}"] = value


def differences(configs: Iterable[Mapping[str, object]]) -> list[str]:
    """The dotted keys whose values are not the same in all `configs`, in the order of first appearance."""
    first: dict[str, str | None] = {}
    differing: set[str] = set()
    for number, config in enumerate(configs):
        values = {name: repr(value) for name, value in flat(config).items()}
        for name in values:  # not their difference as a set, whose order another start would change
            if name not in first:
                first[name] = None if number else values[name]
        differing.update(name for name, value in first.items() if name not in differing and values.get(name) != value)
    return [name for name in first if name in differing]
