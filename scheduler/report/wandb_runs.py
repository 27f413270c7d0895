"""W&B runs that jobs have logged offline: where they lie, and how to send them."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from scheduler.home import Home
from scheduler.queue.job import Attempt, Job
from scheduler.report.text import plural
from scheduler.tracking.readers.appended import text_at_end

SHOWN = 3  # runs whose directories are named one by one
END = 1 << 16  # bytes of a log in which W&B's last words are looked for
_WORDS = re.compile(r"(?:sync |locally in )([^\r\n\x1b]*?offline-run-[0-9]{8}_[0-9]{6}-[A-Za-z0-9_-]+)")


def offline_runs(job: Job, attempt: Attempt) -> list[Path]:
    """The runs of an attempt that were not sent yet: those in its directory, and those that W&B has named at the end of its
    log, of a script that logs below the working directory."""
    found = set(Path(attempt.directory).glob("wandb/offline-run-*")) if _has_runs(attempt.directory) else set()
    if _has_runs(job.cwd):
        found |= {Path(job.cwd, name.strip()) for name in _WORDS.findall(text_at_end(attempt.log, END))}
    return sorted(path for path in found if path.is_dir() and not any(path.glob("*.wandb.synced")))


def _has_runs(folder: str) -> bool:
    return os.path.isdir(f"{folder}/wandb")  # noqa: PTH112 (asked of each of a thousand jobs)


def how_to_send(pairs: Iterable[tuple[Job, Attempt | None]], home: Home) -> list[str]:
    """A sentence about the offline runs of these attempts; none where there are none."""
    found = list(dict.fromkeys(path for job, attempt in pairs if attempt for path in offline_runs(job, attempt)))
    if not found:
        return []
    some = f"{plural(len(found), 'W&B run')} {'was' if len(found) == 1 else 'were'} logged offline; "
    if len(found) <= SHOWN:
        return [f"{some}to send {'it' if len(found) == 1 else 'them'}: {send(found)}"]
    places = dict.fromkeys(_place(path, home) for path in found)
    return [f"{some}to send all that lie there, these and older ones: wandb sync {' '.join(places)}"]


def _place(run: Path, home: Home) -> str:
    """A pattern of the shell's for that run and those beside it."""
    attempts = home.root / "attempts"
    ours = f"{shlex.quote(str(attempts))}/*/*/wandb/offline-run-*"
    return ours if attempts in run.parents else f"{shlex.quote(str(run.parent))}/offline-run-*"


def send(runs: Sequence[Path | str]) -> str:
    """The command that sends these runs."""
    return " ".join(["wandb sync", *(shlex.quote(str(path)) for path in runs)])
