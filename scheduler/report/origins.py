"""Where attempts come from, for programs and for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scheduler.experiments.configurations.configurations import leaves
from scheduler.queue.origins import Origin
from scheduler.report.text import plural

SEED = "seed"
SHOWN = 3  # untracked files


def as_object(origin: Origin | None, gpus: Sequence[str]) -> dict[str, Any] | None:
    """For programs, without the patch, which is long."""
    if origin is None:
        return None
    return {
        "checkout": origin.checkout.as_object() if origin.checkout else None,
        "interpreter": origin.interpreter.as_object() if origin.interpreter else None,
        "host": origin.host,
        "kernel": origin.kernel,
        "driver": origin.driver,
        "gpu_models": list(gpus),
    }


def seeds(config: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a configuration that are called so, by their dotted keys.

    >>> seeds({"seed": 1, "data": {"split_seed": 2, "size": 3}})
    {'seed': 1, 'data.split_seed': 2}
    """
    return {".".join(path): value for path, value in leaves(config) if SEED in path[-1].lower()}


def pairs(found: dict[str, Any] | None) -> list[tuple[str, str]]:
    """For people, of `as_object`."""
    if found is None:
        return []
    checkout, python = found["checkout"], found["interpreter"]
    machine = (found["host"], found["kernel"], found["driver"] and f"NVIDIA driver {found['driver']}", *found["gpu_models"])
    return [
        ("commit", _commit(checkout) if checkout else ""),
        ("python", _python(python) if python else ""),
        ("machine", ", ".join(part for part in machine if part)),
    ]


def _commit(checkout: dict[str, Any]) -> str:
    branch = f" on {checkout['branch']}" if checkout["branch"] else ""
    lost = f", {checkout['missing']}" if checkout["missing"] else ""
    patch = ", and what was not committed: --patch prints it" if checkout["dirty"] and not lost else ""
    names = checkout["untracked"]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    others = f"; {plural(len(names), 'untracked file')}: {', '.join(names[:SHOWN])}{more}" if names else ""
    return f"{checkout['commit'][:12]}{branch}{patch}{lost}{others}"


def _python(python: dict[str, Any]) -> str:
    count = len(python["packages"])
    packages = f", {plural(count, 'package')}: --packages prints them" if count else ""
    return f"{python['path']}{python['version'] and ' ' + python['version']}{packages}"
