"""What a job finds in its environment so that a script that logs with W&B or SwanLab runs where there is no account.

It logs offline then, into its attempt's own directory, where it is read. Who has an account, or has said himself what he
wants, is left alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from scheduler.tracking.readers.appended import opened
from scheduler.tracking.readers.places import SWANLOG
from scheduler.tracking.wandb_offline import FLUSH

SITE = Path(__file__).parent / "no_account_site"  # what Python imports at its start where it is first in PYTHONPATH
LARGEST = 1 << 20  # bytes of a program that are looked through


def offline(environment: Mapping[str, str | None], directory: str, cwd: str, program: str | None) -> dict[str, str]:
    """Additions to the `environment` of an attempt that has this private `directory` and working directory. None in it stands for
    a variable that was taken away. `program`: the file with the code that it runs, where that is known."""
    return {**_wandb(environment, directory), **_swanlab(environment, directory, cwd, program)}


def _wandb(environment: Mapping[str, str | None], directory: str) -> dict[str, str]:
    mode = environment.get("WANDB_MODE") or ""
    if mode not in ("", "offline", "dryrun") or (not mode and has_wandb_account(environment)):
        return {}
    defaults = {"WANDB_MODE": "offline", "WANDB_DIR": directory, "WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL": FLUSH}
    return {name: value for name, value in defaults.items() if not environment.get(name)}


def _swanlab(environment: Mapping[str, str | None], directory: str, cwd: str, program: str | None) -> dict[str, str]:
    mode = environment.get("SWANLAB_MODE") or ""
    if mode not in ("", "offline", "local") or (not mode and has_swanlab_account(environment, cwd)):
        return {}
    defaults = {"SWANLAB_MODE": "offline", "SWANLAB_LOG_DIR": f"{directory}/{SWANLOG}"}
    if environment.get("SWANLAB_LOGDIR"):  # its older name
        del defaults["SWANLAB_LOG_DIR"]
    found = {name: value for name, value in defaults.items() if not environment.get(name)}
    if program and "swanlab" in _text(program):  # its `login` fails without an account, offline or not
        found["PYTHONPATH"] = os.pathsep.join(filter(None, [str(SITE), environment.get("PYTHONPATH")]))
    return found


def has_wandb_account(environment: Mapping[str, str | None]) -> bool:
    """Whether W&B would find credentials: a key in the environment, or a login in the netrc file."""
    if environment.get("WANDB_API_KEY"):
        return True
    own = environment.get("WANDB_BASE_URL")
    host, given, home = (own and urlsplit(own).hostname) or "api.wandb.ai", environment.get("NETRC"), _home(environment)
    return any(host in _text(path) for path in ((given,) if given else (f"{home}/.netrc", f"{home}/_netrc")))


def has_swanlab_account(environment: Mapping[str, str | None], cwd: str) -> bool:
    """The same for SwanLab, which also looks for its settings in the working directory."""
    if environment.get("SWANLAB_API_KEY") or "SWANLAB_" in _text(f"{cwd}/.env"):
        return True
    own = environment.get("SWANLAB_ROOT") or environment.get("SWANLAB_SAVE_DIR") or f"{_home(environment)}/.swanlab"
    return any("machine" in _text(f"{folder}/.netrc") for folder in (own, f"{cwd}/.swanlab"))


def _home(environment: Mapping[str, str | None]) -> str:
    return environment.get("HOME") or str(Path.home())


def _text(path: str) -> str:
    """The beginning of a file; "" where it cannot be read. It is asked at every start, and read again when it has changed."""
    try:
        status = os.stat(path)  # noqa: PTH116 (asked at every start)
    except (OSError, ValueError):
        return ""
    return _read(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=64)
def _read(path: str, changed: int, size: int) -> str:
    try:
        with opened(Path(path)) as file:
            return file.read(LARGEST).decode(errors="replace")
    except OSError:
        return ""
