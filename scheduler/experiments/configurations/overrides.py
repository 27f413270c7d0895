"""`key=value`, `+key=value`, `++key=value` and `~key` on the command line: changes to every experiment, set last.

The signs are Hydra's (https://hydra.cc/docs/advanced/override_grammar/basic). A value may be one of the words of `sweep_words`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from scheduler.errors import UserError
from scheduler.experiments.configurations.configurations import (
    Axis,
    Config,
    Path,
    get,
    leaves,
    put,
    same,
    together,
    without,
)
from scheduler.experiments.configurations.sweep_words import Interval, Several, Word, read_word
from scheduler.experiments.document.limits import DEFAULT, Limits
from scheduler.experiments.document.unusable import refuse_in_override
from scheduler.experiments.document.yaml_scalars import scalar
from scheduler.values import dataclass

_PLAIN = re.compile(r"""[^\[{"']""")
_SIGNED = re.compile(r"(\+\+|\+|~)?(.*)", re.DOTALL)
_FLOW = re.compile(  # quoted text, text with an interpolation, a bracket or comma, anything else
    r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')"""
    r"""|([^\[\]{},\s"':]*\$\{(?:[^{}]|\$\{[^{}]*\})*\}[^\[\]{},\s"']*)"""
    r"""|([\[\]{},])|([^\[\]{},"'$]+|.)""",
    re.DOTALL,
)
_PAIR = re.compile(r"\\u(d[89ab]..)\\u(d[c-f]..)")  # how JSON writes a character beyond the first 65,536
_ANY = object()  # `~key` removes whatever the value is


@dataclass(frozen=True)
class Edit:
    """One change: `value` is set at `path`, or with the sign `~` the key at `path` is removed.

    `sign` is empty (set it), `++` (the same), `+` (the key must be new) or `~`. A `value` that is a Word stands for several.
    """

    argument: str
    sign: str
    path: Path
    value: object = _ANY

    @property
    def removes(self) -> bool:
        return self.sign == "~"

    @property
    def sets(self) -> bool:
        return self.sign in ("", "++")

    @property
    def has_value(self) -> bool:
        return self.value is not _ANY

    @property
    def name(self) -> str:
        return ".".join(self.path)

    def applied(self, config: Config) -> Config:
        """The configuration with this change in it. Raises UserError if a value on the way is no mapping."""
        if not self.removes:
            return put(config, self.path, self.value)
        return without(config, self.path) if self.fits(config) else config

    def fits(self, config: Config) -> bool:
        """Whether there is something to remove: the key, with the value if `~key=value` names one."""
        found = get(config, self.path, _ANY)
        return found is not _ANY and (self.value is _ANY or same(found, self.value))


def parse(arguments: Iterable[str], limits: Limits = DEFAULT) -> list[Edit]:
    """The changes that the arguments ask for, in order. Raises UserError for what is no override."""
    return [_edit(argument, limits) for argument in arguments]


def spelled(changes: Mapping[str, Any]) -> list[str]:
    """The changes as the command line has them: `{"lr": 1e-3, "+net.width": 64}` is `lr=0.001 +net.width=64`.

    NumPy's numbers and arrays, and paths, stand for what they say. UserError for what JSON cannot hold.
    """
    return [f"{_key(key)}={_json(key, value)}" for key, value in changes.items()]


def _key(key: str) -> str:
    if "=" in key:
        raise UserError(f'the key "{key}" of a change holds a "="', next_step="write {key: value}")
    return key


def _json(key: str, value: object) -> str:
    """As YAML reads it too, which has pairs of surrogates in eight digits."""
    try:
        text = json.dumps(value, default=_plain, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UserError(f'the value of "{key}" cannot be written as JSON ({error})') from None
    return _PAIR.sub(_in_eight_digits, text)


def _in_eight_digits(pair: re.Match[str]) -> str:
    character = json.loads(f'"{pair[0]}"')
    return f"\\U{ord(character):08x}"


def _plain(value: Any) -> object:
    """What JSON has no word for, in one that it has. TypeError where there is none."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"it is a {type(value).__name__}")


def refuse_contradictions(edits: Iterable[Edit]) -> None:
    """Raise UserError where one sets a value inside what another made a single value."""
    config: Config = {}
    for edit in edits:
        try:
            config = edit.applied(config)
        except UserError as error:
            raise UserError(f'the override "{edit.argument}" contradicts one before it: {error.what}') from None


def _edit(argument: str, limits: Limits) -> Edit:
    found = _SIGNED.fullmatch(argument)
    sign, rest = (found[1] or "", found[2]) if found else ("", argument)
    key, equals, text = rest.partition("=")
    if not equals and sign != "~":
        raise UserError(f'the override "{argument}" has no "="', next_step=f"write {argument}=VALUE")
    path = _path(argument, key)
    if not equals:
        return Edit(argument, sign, path)
    value = _value(argument, text, limits)
    if not isinstance(value, (Several, Interval)):
        return Edit(argument, sign, path, refuse_in_override(value, argument, limits.depth))
    if sign == "~":
        raise UserError(
            f'"{argument}" names several values', next_step=f"write {argument.partition('=')[0]} to take the key away"
        )
    return Edit(argument, sign, path, _usable(value, argument, limits))


def _usable(word: Word, argument: str, limits: Limits) -> Word:
    if isinstance(word, Interval):
        return word
    return Several(tuple(refuse_in_override(each, argument, limits.depth) for each in word.values))


def _path(argument: str, key: str) -> Path:
    path = tuple(key.split("."))
    if not all(path) or key != key.strip():
        raise UserError(f'the override "{argument}" has no proper key', next_step="write key=value or outer.inner=value")
    if path[0] == "experiment_group":
        next_step = "it is no part of a configuration: change it in the file"
        raise UserError(f'the override "{argument}" cannot set the group', next_step=next_step)
    return path


def _value(argument: str, text: str, limits: Limits) -> object:
    """A word for several values; else lists, mappings and quoted text are YAML, anything else is one plain YAML scalar, and
    nothing is empty text."""
    try:
        word = read_word(text, lambda part: _single(part, limits), limits.experiments)
        return _single(text, limits) if word is None else word
    except UserError as error:
        raise UserError(f'the value in "{argument}": {error.what}', next_step=error.next_step) from None
    except ValueError:
        raise UserError(f'the value in "{argument[:60]}" has too many digits', next_step="quote it as text") from None


def _single(text: str, limits: Limits) -> object:
    if not text or _PLAIN.match(text):
        return scalar(text) if text else ""
    from scheduler.experiments.document.yaml_reader import parse as parse_yaml

    return parse_yaml(_spaced(text), "", limits)[0]


def _spaced(text: str) -> str:
    """`{a:1,b:{c:2}}` as Hydra takes it, with the space after each key that YAML wants; interpolations are quoted."""
    enclosing: list[str] = []
    spaced: list[str] = []
    for quoted, interpolation, bracket, bare in _FLOW.findall(text):
        at_key = bool(spaced) and spaced[-1] in "{," and enclosing[-1:] == ["{"]
        if bracket in ("[", "{"):
            enclosing.append(bracket)
        elif bracket in ("]", "}"):
            enclosing = enclosing[:-1]
        word = re.sub(r"^(\s*[^\s:]+):(?=\S|$)", r"\1: ", bare) if at_key else bare
        spaced.append(f"'{interpolation}'" if interpolation else quoted or bracket or word)
    return "".join(spaced)


def apply(axes: Sequence[Axis], edits: Iterable[Edit]) -> tuple[Axis, ...]:
    """The axes with every change in them: it takes the place of the axis that it names, else it is an axis of its own."""
    result = list(axes)
    for edit in edits:
        result = _without(result, edit) if edit.removes else _with(result, edit)
    return tuple(result)


def _with(axes: list[Axis], edit: Edit) -> list[Axis]:
    for path, value in _below(edit):
        axes = _with_value(axes, path, value)
    return axes


def _below(edit: Edit) -> list[tuple[Path, object]]:
    if not isinstance(edit.value, dict):
        return [(edit.path, edit.value)]
    return [((*edit.path, *path), value) for path, value in leaves(edit.value)] or [(edit.path, {})]


def _with_value(axes: list[Axis], path: Path, value: object) -> list[Axis]:
    lanes = [lane.path for axis in axes for lane in axis.lanes()]
    if path in lanes:
        return [one for axis in axes for one in _replaced(axis, path, value)]
    if any(path[: len(lane)] == lane for lane in lanes):
        return [together([_inside(lane, path, value) for lane in axis.lanes()]) for axis in axes]
    return [*(axes if value == {} else _dropped(axes, path)), Axis(path, (value,))]


def _replaced(axis: Axis, path: Path, value: object) -> list[Axis]:
    """The axis, or one of a single value in its place; what stands beside it in a zip goes on varying."""
    kept = [lane for lane in axis.lanes() if lane.path != path]
    if len(kept) == len(axis.lanes()):
        return [axis]
    return [*([together(kept)] if kept else []), Axis(path, (value,))]


def _without(axes: list[Axis], edit: Edit) -> list[Axis]:
    """Axes below a removed key end; inside the values of an axis the key is removed from each of them."""
    if edit.value is not _ANY:
        _refuse_one_of_many(axes, edit)
        return axes
    kept = _dropped(axes, edit.path)
    return [together([_shortened(lane, edit.path) for lane in axis.lanes()]) for axis in kept]


def _refuse_one_of_many(axes: list[Axis], edit: Edit) -> None:
    if any(lane.path == edit.path for axis in axes for lane in axis.lanes()):
        what = f'the override "{edit.argument}" names one of several values that the key takes'
        raise UserError(what, next_step=f"write ~{edit.name} to take the key away, or {edit.name}=VALUE to keep one value")


def _dropped(axes: list[Axis], path: Path) -> list[Axis]:
    kept = [[lane for lane in axis.lanes() if lane.path[: len(path)] != path] for axis in axes]
    return [together(lanes) for lanes in kept if lanes]


def _shortened(lane: Axis, path: Path) -> Axis:
    rest = path[len(lane.path) :]
    if path[: len(lane.path)] != lane.path:
        return lane
    return Axis(lane.path, tuple(without(value, rest) if isinstance(value, dict) else value for value in lane.values))


def _inside(lane: Axis, path: Path, value: object) -> Axis:
    """The axis with `value` set inside each of its own values, if `path` leads there."""
    rest = path[len(lane.path) :]
    if path[: len(lane.path)] != lane.path:
        return lane
    return replace(lane, values=tuple(put({"": old}, ("", *rest), value)[""] for old in lane.values))
