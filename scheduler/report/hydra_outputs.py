"""Hydra's directories, which are named by the second in which a job begins: jobs of one second write into the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scheduler.experiments.command.command import Launch
from scheduler.experiments.command.hydra_program import PLACES, application
from scheduler.queue.job import Attempt, Job
from scheduler.report.text import plural

LATER = 1.0  # seconds: times of files are coarse
PLACE = "outputs/*/*/.hydra"  # Hydra's default for hydra.run.dir, by day and second
OWN = '"hydra.run.dir=\\\\${oc.env:EXP_QUEUE_RUN_DIR}"'  # as it stands in YAML


def announcement(launch: Launch) -> list[str]:
    """What is done about the directories of the program, if it is Hydra's."""
    found = application(launch)
    return [found.remark] if found and found.remark else []


def directories(job: Job, attempt: Attempt) -> list[Path]:
    """The attempt's own directories below the job's, where the scheduler has named them: see `OwnDirectory`."""
    key, _, value = "".join(job.argv[-1:]).partition("=")
    if key not in PLACES or not value.startswith(f"{PLACES[key]}/${{now:"):
        return []
    mark, found = value.rpartition("}")[2], []
    for path in Path(job.cwd).glob(f"{PLACES[key]}/*/*{mark}"):
        try:
            began = path.stat().st_mtime >= attempt.started - LATER
        except OSError:  # it has just been removed
            continue
        found += [path] if began else []
    return sorted(found)


def note_of_sharing(cwd: str, attempts: Sequence[Attempt]) -> str:
    """A sentence where attempts that succeeded have made fewer of Hydra's directories than there are of them; else empty."""
    ends = [attempt.ended for attempt in attempts if attempt.ended is not None]
    if not ends:
        return ""
    first, last = min(attempt.started for attempt in attempts), max(ends)
    made = sum(first - 1 <= time <= last + 1 for time in _times(Path(cwd)))
    if not 0 < made < len(attempts):
        return ""
    what = f"{plural(len(attempts), 'trial')} share {made} of Hydra's directories below {cwd}/outputs"
    return f"{what}: what lies there may be another's. `{OWN}` at the end of `command` gives each its own"


def _times(cwd: Path) -> list[float]:
    found = []
    for path in cwd.glob(PLACE):
        try:
            found.append(path.stat().st_mtime)
        except OSError:  # it has just been removed
            continue
    return found
