"""Interpolations and values that must be given, worked out by OmegaConf, which owns their meaning.

Syntax and resolvers: https://omegaconf.readthedocs.io/en/latest/grammar.html. OmegaConf is imported when a
configuration holds such text, and never for a plain one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scheduler.errors import UserError, nearest
from scheduler.experiments.configurations.configurations import Config, leaves
from scheduler.experiments.configurations.unresolved import MISSING, Unresolved
from scheduler.experiments.document.marks import Key
from scheduler.experiments.document.unusable import unusable_result

Where = tuple[Key, ...]


def resolve(config: Config, depth: int) -> Config:
    """The configuration with every interpolation replaced by what it stands for; itself where there is none.

    Interpolations see this configuration alone. Raises UserError at the place of the text: for a value that was not
    given, a key that leads nowhere, a variable that is not set, or a result that JSON cannot hold.
    """
    waiting = list(unresolved(config))
    for path, text in waiting:
        if text.missing:
            raise not_given(path, text)
    if not waiting:
        return config
    tree = _tree(config, waiting)
    return _replaced(config, {path: _value(tree, path, text, config, depth) for path, text in waiting})


def unresolved(value: object, above: Where = ()) -> Iterator[tuple[Where, Unresolved]]:
    """Every text that waits, with its path."""
    if isinstance(value, Unresolved):
        yield above, value
    elif isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(inner, (Unresolved, dict, list)):  # most are none of these
                yield from unresolved(inner, (*above, key))


def not_given(path: Where, text: Unresolved) -> UserError:
    name = ".".join(map(str, path))
    return text.fault(f'"{name}" must be given', f"add {name}=VALUE to the command line, or write the value here")


def _tree(config: Config, waiting: list[tuple[Where, Unresolved]]) -> Any:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        return OmegaConf.create(_guarded(config))
    except (OmegaConfBaseException, RecursionError):
        for _, text in waiting:
            try:
                OmegaConf.create({"x": str(text)})
            except OmegaConfBaseException as error:
                raise text.fault(f"not a valid interpolation: {_reason(error)}", "close every ${ with a }") from None
        what = "this configuration is nested too deeply for interpolation"
        raise waiting[0][1].fault(what, "flatten it, or write the value") from None


def _guarded(value: Any) -> Any:
    """The value for OmegaConf, in which literal text that looks special is broken up by NUL, which no text can hold."""
    if isinstance(value, dict):
        return {key: _guarded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_guarded(inner) for inner in value]
    if isinstance(value, Unresolved) or not isinstance(value, str):
        return str(value) if isinstance(value, str) else value
    return value + "\0" if value == MISSING else value.replace("${", "$\0{")


def _bare(value: object) -> object:
    if isinstance(value, dict):
        return {_bare(key): _bare(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_bare(inner) for inner in value]
    return value.replace("\0", "") if isinstance(value, str) else value


def _value(tree: Any, path: Where, text: Unresolved, config: Config, depth: int) -> object:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        node = tree
        for key in path:
            node = node[key]
        value = OmegaConf.to_container(node, resolve=True, throw_on_missing=True) if OmegaConf.is_config(node) else node
    except (OmegaConfBaseException, RecursionError) as error:
        raise _failure(error, text, config) from None
    found = _bare(value)
    if fault := unusable_result(found, depth):
        raise text.fault(f"the result of {text} cannot be used: {fault.what}", fault.next_step)
    return found


def _failure(error: Exception, text: Unresolved, config: Config) -> UserError:
    from omegaconf.errors import InterpolationKeyError, InterpolationToMissingValueError, UnsupportedInterpolationType

    if isinstance(error, RecursionError) or "ecursi" in str(error):
        return text.fault(f"{text} leads back to itself", "break the circle")
    if isinstance(error, InterpolationKeyError):
        wanted = _reason(error).split("'")[1].lstrip(".")
        known = dict.fromkeys(path[-1] if text.startswith("${.") else ".".join(path) for path, _ in leaves(config))
        return text.fault(f'{text}: there is no "{wanted}" here', nearest(wanted, list(known)[:50]))
    if isinstance(error, InterpolationToMissingValueError):
        return text.fault(f"{text} leads to a value that must be given", "give it on the command line: key=VALUE")
    if isinstance(error, UnsupportedInterpolationType):
        kind = _reason(error).split()[-1]
        return text.fault(f'{text}: there is no resolver "{kind}"', "oc.env, oc.select, oc.decode and oc.create are known")
    reason = _reason(error).rpartition("raised while resolving interpolation: ")[2].strip('"')
    return text.fault(
        f"{text} cannot be worked out: {reason}", "${oc.env:NAME,default} has a default" if "oc.env" in text else ""
    )


def _reason(error: Exception) -> str:
    """The first line of OmegaConf's message; the rest says where it was in OmegaConf's own words."""
    return str(error).splitlines()[0].strip().removesuffix(".")


def _replaced(value: Any, found: dict[Where, object], above: Where = ()) -> Any:
    if isinstance(value, Unresolved):
        return found[above]
    if isinstance(value, dict):
        return {key: _replaced(inner, found, (*above, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, found, (*above, index)) for index, inner in enumerate(value)]
    return value
