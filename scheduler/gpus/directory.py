"""Where the claims of this machine lie. All users must choose the same folder, so it is chosen by what exists."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from scheduler.errors import StateError
from scheduler.gpus.kinds import strange, whose

VARIABLE = "EXP_QUEUE_LOCK_DIR"
# Not /dev/shm and not $XDG_RUNTIME_DIR: both are emptied at logout. The first is made by the administrator.
CHOICES = (Path("/run/exp-queue"), Path("/run/lock/exp-queue"), Path("/tmp/exp-queue"))  # noqa: S108 - sticky, checked below


def lock_directory(environment: Mapping[str, str] = os.environ, choices: Sequence[Path] = CHOICES) -> Path:
    """The folder that holds the claims: $EXP_QUEUE_LOCK_DIR (made if missing), else the first of `choices` that
    exists, else the first that can be made (mode 1777: everyone may add files, nobody may remove another's).

    StateError if there is none that we can use. The owner of a folder can remove and hide what others put there, so that of
    a third user, who is neither root nor we, is used only where $EXP_QUEUE_LOCK_DIR names it."""
    if environment.get(VARIABLE):
        chosen = Path(environment[VARIABLE]).absolute()
        return _usable(chosen if chosen.exists() else _made(chosen))
    return _trusted(_usable(_existing(choices) or _first_made(choices)), choices)


def _existing(choices: Sequence[Path]) -> Path | None:
    return next((c for c in choices if os.path.lexists(c)), None)


def _first_made(choices: Sequence[Path]) -> Path:
    reasons = []
    for choice in choices:
        try:
            _made(choice)
        except StateError as error:
            reasons.append(error.what)
            continue
        # Another user may have made one at the same moment: what exists decides, not who was first.
        return _existing(choices) or choice
    raise StateError("; ".join(reasons), next_step=f"set {VARIABLE} to a local folder that all users of the GPUs share")


def _made(place: Path) -> Path:
    try:
        place.mkdir(exist_ok=True)
        if place.stat().st_uid == os.geteuid():
            place.chmod(0o1777)  # the umask took some of it
    except OSError as error:
        raise StateError(
            f"cannot make the claims' folder {place}: {error.strerror}",
            next_step=f"set {VARIABLE} to another local folder",
        ) from error
    return place


def _trusted(place: Path, choices: Sequence[Path]) -> Path:
    status = place.lstat()
    if strange(status):
        raise StateError(
            f"the claims' folder {place} belongs to {whose(status)}, who could remove or hide the claims of others",
            next_step=f"an administrator makes {choices[0]} for all users (`exp-queue doctor --set-up`); or, if you trust its "
            f"owner, set {VARIABLE}={shlex.quote(str(place))}",
        )
    return place


def _usable(place: Path) -> Path:
    """The folder, if we may list it and add files to it. A link or a file in its place is refused, not followed."""
    if not stat.S_ISDIR(place.lstat().st_mode):
        raise StateError(f"{place} is not a folder", next_step=f"remove it, or set {VARIABLE} to another local folder")
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        raise StateError(
            f"the claims' folder {place} cannot be used by this user",
            next_step=f"ask its owner ({whose(place.stat())}) for mode 1777, so that all users share one folder",
        )
    return place
