"""What a job keeps of the environment of whoever asked for it: what decides which programs and libraries its command means.

Every other variable is that of the runner, and stands nowhere: a value may be a secret.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scheduler.launcher.spawning import find_program
from scheduler.values import dataclass

# A virtual environment, a conda environment and `module load` each set some of these together: of two shells mixed, none works.
KEPT = ("PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "LD_LIBRARY_PATH")
# Where these are set, a job keeps them too; of one that was asked for without them, its runner decides.
KEPT_IF_SET = ("EXP_QUEUE_TRACKERS",)


@dataclass(frozen=True)
class Surroundings:
    """Variables by name, None for one that was not set; and the path of the program that the command began with, None where it
    was named by a path, or was not there."""

    variables: tuple[tuple[str, str | None], ...] = ()
    program: str | None = None

    @property
    def path(self) -> str:
        """In which folders its programs are looked for: those that it keeps, else the present ones."""
        return next((value for name, value in self.variables if name == "PATH" and value), os.environ.get("PATH", os.defpath))

    def differing(self, environment: Mapping[str, str]) -> dict[str, str | None]:
        """The variables that are others in `environment`."""
        return {name: value for name, value in self.variables if environment.get(name) != value}

    def as_object(self) -> dict[str, Any]:
        return {"variables": dict(self.variables), "program": self.program}

    def as_text(self) -> str:
        """As JSON, with the bytes that are no UTF-8 escaped."""
        return json.dumps(self.as_object())


def surroundings_from(text: str) -> Surroundings:
    """The reverse of `as_text`."""
    found = json.loads(text)
    return Surroundings(tuple(found["variables"].items()), found["program"])


def surroundings_of(environment: Mapping[str, str], argv: Sequence[str], names: Iterable[str], cwd: str) -> Surroundings:
    """What a job with this command line and directory keeps of `environment`; `names`: what it keeps beyond KEPT."""
    chosen = [name for name in KEPT_IF_SET if environment.get(name)]
    variables = {name: environment.get(name) for name in (*KEPT, *chosen, *names)}
    return Surroundings(tuple(variables.items()), resolved(environment, argv, cwd))


def resolved(environment: Mapping[str, str], argv: Sequence[str], cwd: str) -> str | None:
    """The path of the program that the first word means there; None where that is a path itself, or no program."""
    if not argv or "/" in argv[0]:
        return None
    try:
        found = find_program(argv[0], environment.get("PATH", os.defpath), cwd)
    except FileNotFoundError:
        return None
    return found if os.access(found, os.X_OK) else None
