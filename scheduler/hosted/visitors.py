"""A job as it has to look on this machine: paths below the state directory over there lie below ours here, and its Python is
that of over there only where it is here too."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace

from scheduler.queue.guests import Guest
from scheduler.queue.surroundings import KEPT, Surroundings


def at_home_here(guest: Guest, home_there: str, home: str, environment: Mapping[str, str] = os.environ) -> Guest:
    """The guest with its paths and its surroundings. `environment`: what it would find here otherwise."""
    return replace(
        guest,
        argv=tuple(word.replace(f"{home_there}/", f"{home}/") for word in guest.argv),
        environment=json.dumps(_moved(json.loads(guest.environment), home_there, home)),
        surroundings=_surroundings(guest, environment),
    )


def _moved(variables: Mapping[str, str | None], there: str, here: str) -> dict[str, str | None]:
    return {name: text and text.replace(f"{there}/", f"{here}/") for name, text in variables.items()}


def _surroundings(guest: Guest, environment: Mapping[str, str]) -> Surroundings:
    """Of over there, where its program lies under the same path here; else the Python of this exp-queue comes first."""
    kept = guest.surroundings
    if kept.program is None or os.access(kept.program, os.X_OK):
        return kept
    others = tuple((name, value) for name, value in kept.variables if name not in KEPT)
    path = os.pathsep.join([os.path.dirname(sys.executable), environment.get("PATH", os.defpath)])  # noqa: PTH120 (not resolved)
    return Surroundings((("PATH", path), *others), None)
