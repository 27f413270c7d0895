"""The single values of an experiments file: what kind they are, and the sizes and durations that people write."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence

from scheduler.errors import UserError, nearest

_MIB = {"m": 1, "g": 1024, "t": 1024 * 1024}
_MEMORY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([mgt])(?:i?b)?", re.IGNORECASE)
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
OURS = ("CUDA_", "EXP_QUEUE_")  # how the names of variables begin that tell a job of its claim and its attempt
MOST_URGENT = 1_000_000
LARGEST = sys.float_info.max
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?[dhms])+", re.IGNORECASE)


def kind(value: object) -> str:
    """What a value is, in the words of the messages: `a list`, `the text "6G"`, `nothing`."""
    if value is None:
        return "nothing"
    if isinstance(value, (dict, list)):
        name = "mapping" if isinstance(value, dict) else "list"
        return f"a {name}" if value else f"an empty {name}"
    if isinstance(value, str):
        return f"the text {json.dumps(_short(value), ensure_ascii=False)}"
    return _short(json.dumps(value))


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


def expected(what: str, value: object, next_step: str = "") -> UserError:
    return UserError(f"expected {what}, found {kind(value)}", next_step=next_step)


def text(value: object) -> str:
    if not isinstance(value, str):
        raise expected("text", value, "put quotes around it" if isinstance(value, (int, float)) else "")
    return value


def mapping(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise expected("a mapping", value, "write key: value")
    return value


def truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise expected("true or false", value, "write true or false, without quotes")
    return value


def truth_or_modules(value: object) -> bool | tuple[str, ...]:
    """True, false, or the names of modules of Python."""
    if isinstance(value, bool):
        return value
    names = value if isinstance(value, list) else [value]
    for name in names:
        if not isinstance(name, str) or not all(part.isidentifier() for part in name.split(".")):
            raise expected("true, false, or a list of modules", value, "write warm: [torch, torchvision]")
    return tuple(names)


def finite(value: object, next_step: str = "") -> float:
    """A number that is neither infinite nor NaN, and not too large for a float; a whole one stays one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise expected("a number", value, next_step)
    if not -LARGEST <= value <= LARGEST:
        raise expected("a finite number", value)
    return value


def whole_number(value: object, least: int, most: int | None = None) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        raise expected(f"a whole number of {least} or more" if most is None else f"a whole number from {least} to {most}", value)
    return value


def priority(value: object) -> int:
    """A whole number, also one below 0. Raises UserError."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MOST_URGENT:
        raise expected(
            f"a whole number from -{MOST_URGENT:,} to {MOST_URGENT:,}", value, "0 is usual, and the higher starts first"
        )
    return value


def count_or_none(value: object) -> int | None:
    """A whole number of 1 or more, or None for `none`. Raises UserError."""
    if value == "none":
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise expected("a whole number of 1 or more, or none", value)
    return value


def whole(found: object) -> object:
    """3 for 3.0, which W&B takes for a whole number; anything else as it is."""
    return int(found) if isinstance(found, float) and found.is_integer() else found


def memory(value: object) -> int:
    """GPU memory in MiB from `6G`, `6GiB`, `6GB`, `6144MiB`: all of them binary. Raises UserError."""
    match = _MEMORY.fullmatch(value.strip()) if isinstance(value, str) else None
    mib = int(float(match[1]) * _MIB[match[2].lower()]) if match else 0
    if not mib:
        raise expected("memory such as 6GiB or 6144MiB", value, "write the number and its unit")
    return mib


def choice(value: object, known: Sequence[str]) -> str:
    """One of the known words. Raises UserError."""
    if value not in known:
        raise expected(f"one of {', '.join(known)}", value, nearest(str(value), known))
    return str(value)


def pause(value: object) -> float:
    """As `duration`, but 0 is one too. Raises UserError."""
    none_at_all = not isinstance(value, bool) and value in (0, "0", "0s")
    return 0.0 if none_at_all else duration(value)


def duration(value: object) -> float:
    """Seconds from `2h`, `90m`, `30s`, `1h30m` or a number of seconds; more than none. Raises UserError."""
    if isinstance(value, str) and _DURATION.fullmatch(value.strip()):
        parts = re.findall(r"([0-9.]+)([dhms])", value.lower())
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    else:
        seconds = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0
    if not seconds > 0:
        raise expected("a duration such as 2h, 90m or 30s", value, "a bare number counts seconds")
    return seconds


def variables(value: object) -> tuple[str, ...]:
    """Names of environment variables, each once. Raises UserError, also for those that only exp-queue sets."""
    if not isinstance(value, list):
        raise expected("a list of names of environment variables", value, "put [ ] around them")
    for name in value:
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
            raise expected("the name of an environment variable", name, "its value is taken when the job is submitted")
        if name.startswith(OURS):
            what = f'"{name}" cannot be kept: CUDA_* and EXP_QUEUE_* tell a job of its GPUs and its attempt'
            raise UserError(what, next_step="take it out; ${envvar:NAME} in the command hands over a value of your own")
    return tuple(dict.fromkeys(value))
