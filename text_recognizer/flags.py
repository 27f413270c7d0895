"""The command line of an experiment: JSON and flags in any order, into one mapping.

Values of flags are read as JSON or as scalars of YAML 1.2 (core schema): `1e-3` is a number, `no` a text, `010` ten.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from text_recognizer import experiment as experiments
from text_recognizer import labs
from text_recognizer.errors import ExperimentError, nearest
from text_recognizer.options import Options, kinds_of, names_of

SWITCHES = ("save", "wandb", "help")
VALUED = ("gpu", "gpus", "trackers")
"""Flags of the program itself, beside the switches."""
BARE = (*SWITCHES, "watch", "compile", *labs.BARE)
"""Flags that mean true where no value stands beside them."""

RENAMED = {"data_class": "dataset", "model_class": "network", "loss": "model"}
"""Flags of older experiments whose words differ from the keys here."""

_NESTED = ("train_args", "network_args", "dataset_args")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False} | dict.fromkeys(
    ("null", "Null", "NULL", "~", "")
)


@dataclass(frozen=True)
class Request:
    """What a command line asks for. `gpu` is nothing, -1 (any free GPU) or a number; `cpu` rules out all of them; `trackers` are
    names, with commas; `told` are sentences about what was passed over."""

    experiment: Mapping[str, Any] = field(default_factory=dict)
    gpu: int | None = None
    cpu: bool = False
    save: bool = False
    wandb: bool = False
    trackers: str = ""
    help: bool = False
    told: tuple[str, ...] = ()


def parse(arguments: list[str]) -> Request:
    """The request that these arguments (without the program's name) make. Raises ExperimentError for wrong usage.

    Flags win over the JSON. A dotted flag names its place; another one belongs to the first of the experiment itself,
    train_args, network_args and dataset_args that knows the name.
    """
    tokens = list(_tokens(arguments))
    given = [value for name, value in tokens if not name]
    if len(given) > 1:
        raise ExperimentError("two JSON experiments were given; give one, and flags for the rest")
    flags = [(RENAMED.get(name, name), value) for name, value in tokens if name]
    switches = {name: _switch(name, value) for name, value in flags if name in SWITCHES}
    last = {name: value for name, value in flags if name in VALUED}
    gpu, sentence = _gpu(last["gpu"]) if "gpu" in last else None, ""
    if "gpus" in last and "gpu" not in last:
        gpu, sentence = labs.gpu_of(last["gpus"])
    rest = [(name, value) for name, value in flags if name not in (*SWITCHES, *VALUED)]
    experiment, passed_over = _with_flags(_json_object(given[0]) if given else {}, rest)
    told = tuple(filter(None, (sentence, labs.told(passed_over))))
    cpu = "gpus" in last and gpu is None
    return Request(experiment, gpu, cpu, trackers=last.get("trackers", ""), told=told, **switches)


def scalar(text: str) -> Any:
    """The value of a flag: JSON where it is JSON (NaN and Infinity are not), else a scalar of YAML 1.2."""
    if text[:1] in ("{", "[", '"'):
        return _json(text)
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return _integer(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _integer(text: str) -> int:
    try:
        return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
    except ValueError:  # Python's own limit on the digits of a whole number
        raise ExperimentError(f"a whole number of too many digits: {_excerpt(text)}") from None


def value_of(text: str, kind: type | None) -> Any:
    """The value of a flag whose key holds a `kind`. Of a text only JSON's quotes are taken off: a folder may be named 0042."""
    return text if kind is str and text[:1] != '"' else scalar(text)


def pairs_of(flags: Iterable[str]) -> dict[str, str]:
    """The keys and values of flags of the form --KEY=VALUE. Raises ExperimentError for any other."""
    pairs = {}
    for flag in flags:
        key, equals, value = flag.removeprefix("--").partition("=")
        if not flag.startswith("--") or not equals:
            raise ExperimentError(f"{flag!r} is not of the form --KEY=VALUE")
        pairs[key] = value
    return pairs


def _tokens(arguments: list[str]) -> Iterator[tuple[str, str]]:
    """(flag, its value) and ("", JSON) in their order; a switch without a value counts as true."""
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument == "-h":
            yield "help", "true"
        elif argument.startswith("--"):
            name, equals, value = argument[2:].partition("=")
            yield name, value if equals else _next(name, rest)
        else:
            yield "", argument


def _next(name: str, rest: list[str]) -> str:
    if name in BARE:
        return "true"
    if not rest or rest[0].startswith("--"):
        raise ExperimentError(f"--{name} needs a value: --{name}=VALUE")
    return rest.pop(0)


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise ExperimentError(f"not JSON at character {error.pos + 1} ({error.msg}): {_excerpt(text)}") from error
    except RecursionError:
        raise ExperimentError(f"JSON of too many brackets, one in another: {_excerpt(text)}") from None
    except ValueError:
        raise ExperimentError(f"JSON with a whole number of too many digits: {_excerpt(text)}") from None


def _refuse(word: str) -> NoReturn:
    raise ExperimentError(f"{word} is not JSON; give a finite number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ExperimentError(f"the JSON gives {twice!r} twice; keep one of them")
    return mapping


def _json_object(text: str) -> dict[str, Any]:
    if not text.lstrip().startswith("{"):
        raise ExperimentError(f"neither a flag nor a JSON object: {_excerpt(text)}; see --help")
    return _json(text)


def _excerpt(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _switch(name: str, value: str) -> bool:
    on = scalar(value)
    if not isinstance(on, bool):
        raise ExperimentError(f"--{name} is a switch: --{name}, --{name}=true or --{name}=false, not {value!r}")
    return on


def _gpu(value: str) -> int:
    number = scalar(value)
    if type(number) is not int or number < -1:
        raise ExperimentError(f"--gpu is {value!r}; give -1 for any free GPU, or the number of one")
    return number


def _with_flags(given: Mapping[str, Any], flags: list[tuple[str, str]]) -> tuple[dict[str, Any], list[str]]:
    """The experiment with the flags in their places, and what was passed over. The names come first, for they decide which keys
    there are."""
    of_itself = {name: value_of(text, None if name in _NESTED else str) for name, text in flags if name in experiments.KEYS}
    merged = {**given, **of_itself}
    nested = [(name, text) for name, text in flags if name not in experiments.KEYS]
    if not nested and not any(where in merged for where in _NESTED):
        return merged, []
    classes = _nested_options(merged, [name for name, _ in nested])
    keys = {where: names_of(options) for where, options in classes.items()}
    passed_over = _old_keys(merged, keys)
    for name, text in nested:
        if _means_nothing(name, keys):
            passed_over.append(name.rpartition(".")[2])
            continue
        where, key = _place(name, keys)
        value = value_of(text, kinds_of(classes[where]).get(key))
        merged[where] = _put(merged.get(where, {}), key, value, keys[where])
    return merged, passed_over


def _old_keys(merged: dict[str, Any], keys: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Takes out of the nested mappings what means nothing, and gives the names."""
    passed_over: list[str] = []
    for where in _NESTED:
        if isinstance(options := merged.get(where), Mapping):
            old = [key for key in options if key in labs.PASSED_OVER and key not in keys[where]]
            merged[where] = {key: value for key, value in options.items() if key not in old}
            passed_over += old
    return passed_over


def _means_nothing(name: str, keys: Mapping[str, Mapping[str, str]]) -> bool:
    where, _, key = name.rpartition(".")
    known = [keys[where]] if where in keys else keys.values()
    return key in labs.PASSED_OVER and not any(key in names for names in known)


def _nested_options(merged: Mapping[str, Any], wanted: list[str]) -> dict[str, type[Options]]:
    """The options class of each of the nested mappings. `wanted` are the flags, for the message."""
    if not any(noun in merged for noun in ("dataset", "model", "network")):
        for name in wanted:
            if difflib.get_close_matches(name, names := [*experiments.KEYS, *RENAMED, *SWITCHES, *VALUED]):
                raise ExperimentError(f"unknown flag --{name}; {nearest(name, names)}")
    dataset, model, network = experiments.chosen(merged)
    return {where: e.options for where, e in zip(_NESTED, (model, network, dataset), strict=True)}


def _place(name: str, keys: Mapping[str, Mapping[str, str]]) -> tuple[str, str]:
    """The nested mapping and the key that a flag means."""
    where, dot, key = name.partition(".")
    if dot and where in keys:
        return where, key
    for nested in _NESTED:
        if name in keys[nested]:
            return nested, name
    known = [*SWITCHES, *VALUED, *experiments.KEYS, *RENAMED, *(known for names in keys.values() for known in names)]
    raise ExperimentError(f"unknown flag --{name}; {nearest(name, known)}")


def _put(options: Any, key: str, value: Any, names: Mapping[str, str]) -> Any:
    """The options with one more; the same key under another name is replaced."""
    if not isinstance(options, Mapping):
        return options  # not a mapping: reading the experiment will say so
    same = names.get(key, key)
    return {**{k: v for k, v in options.items() if names.get(k, k) != same}, same: value}
