"""The styles in which a command can take the arguments of an experiment; the names are W&B's macros.

As in W&B, a list or mapping in a flag is written as Python writes it. Only the Hydra styles take nested mappings apart.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

from scheduler.experiments.configurations.configurations import leaves


def _flags(config: dict) -> list[str]:
    return [f"--{key}={value}" for key, value in config.items()]


def _flags_apart(config: dict) -> list[str]:
    return [part for key, value in config.items() for part in (f"--{key}", str(value))]


def _assignments(config: dict) -> list[str]:
    return [f"{key}={value}" for key, value in config.items()]


def _switches(config: dict) -> list[str]:
    shown = {key: value for key, value in config.items() if value is not False}
    return [f"--{key}" if value is True else f"--{key}={value}" for key, value in shown.items()]


def hydra(config: dict, sign: str, groups: Mapping[str, str]) -> list[str]:
    """One override for each single value, nested ones by dotted keys, so that Hydra reads the same configuration. A name of an
    option has the sign that `groups` has for it instead."""
    return [_override(path, value, sign, groups) for path, value in leaves(config)]


def _override(path: tuple[str, ...], value: object, sign: str, groups: Mapping[str, str]) -> str:
    key = ".".join(path)
    names = isinstance(value, (str, list)) or value is None
    return f"{groups[key] if key in groups and names else sign}{key}={_hydra_value(value)}"


_HYDRA_WORDS = frozenset(["true", "false", "null", "inf", "nan"])


def _hydra_value(value: object) -> str:
    """https://hydra.cc/docs/advanced/override_grammar/basic: text that could be read as something else is quoted."""
    if isinstance(value, str):
        plain = re.fullmatch(r"[A-Za-z_/][\w./@%-]*", value, re.ASCII) and value.lower() not in _HYDRA_WORDS
        if plain:
            return value
        escaped = re.sub(r"(\\*)'", r"\1\1\\'", value)
        return "'" + re.sub(r"(\\+)$", r"\1\1", escaped) + "'"
    if isinstance(value, list):
        return "[" + ",".join(map(_hydra_value, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_hydra_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # nan, inf and -inf, where JSON has other words
    return json.dumps(value)


STYLES = {
    "args": _flags,
    "args_no_equals": _flags_apart,
    "args_no_hyphens": _assignments,
    "args_no_boolean_flags": _switches,
}
HYDRA = {"args_append_hydra": "+", "args_override_hydra": "++"}  # the signs
