"""The logs of an attempt, wherever it writes them: who reads them while it runs, and reads them whole when it is over."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from contextlib import closing, suppress
from pathlib import Path

from scheduler.attempt_files import LOG
from scheduler.errors import StateError
from scheduler.linux import processes
from scheduler.queue.evidence import is_elsewhere
from scheduler.queue.job import Attempt, Ending, Job
from scheduler.queue.kept import keep, with_curves
from scheduler.queue.store import Store
from scheduler.tracking import left
from scheduler.tracking.logged import Gathering, Logged, Series
from scheduler.tracking.metric_log import Objective
from scheduler.tracking.readers.follower import Follower
from scheduler.tracking.readers.open_files import event_files_of, opened_by

SMALL = 8 << 20  # bytes of logs that any command may read in passing
BRIEFLY = 1 << 18  # bytes that are read while others wait
BRIEF = 0.2  # seconds: what lived no longer has not loaded a library that logs into a place of its own


def follower_of(
    store: Store, job: Job, attempt: Attempt, metrics: tuple[str, ...] = (), *, gather: bool = True, awake: bool = True
) -> Follower:
    """Follows whatever the attempt writes. Its processes are looked up when files outside its directory are wanted. `awake`: for
    `selectors`, and not only to be read now."""
    pids: set[int] = set()  # also those that are gone: their event files stay

    def written_elsewhere() -> list[Path]:
        latest = store.attempt(attempt.job, attempt.number)
        if latest is None or latest.pid is None or (latest.duration is not None and latest.duration < BRIEF):
            return []
        pids.update([latest.pid, *processes.pids_below(latest.pid)])
        return [*opened_by(pids), *event_files_of(pids, Path(job.cwd), attempt.started)]

    return Follower(
        *(Path(attempt.directory), metrics, written_elsewhere),
        run_id=job.additions(attempt).get("WANDB_RUN_ID") or attempt.run_id,  # of a sweep at a server: the server's
        gather=gather,
        awake=awake,
        far=is_elsewhere(attempt),
        judged_by=(job.policy.objective.metric,) if job.policy.objective else (),
        before=_earlier(store, job, attempt) if gather else None,
    )


def _earlier(store: Store, job: Job, attempt: Attempt) -> Logged | None:
    """What the last of the attempts before this one has logged that has logged anything."""
    earlier = [each for each in store.attempts(job.id) if each.number < attempt.number] if attempt.number > 1 else []
    logs = (with_curves(store, each) or read_whole(store, job, each)[0] for each in reversed(earlier))
    return next((found for found in logs if found.last), None)


def is_cut(ending: Ending | None) -> bool:
    """Whether an attempt that has ended so, or still runs (None), may have been amid a line."""
    return ending is None or ending.exit_status is None or ending.exit_status < 0


def read_out(follower: Follower, ending: Ending | None, hurry: Callable[[], bool] = lambda: False) -> bool:
    """Read what is left of the logs of an attempt, piece by piece; False where `hurry` has broken that off."""
    follower.read()
    while follower.is_behind:
        if hurry():
            return False
        follower.read()
    follower.finish(cut=is_cut(ending))
    return True


def read_whole(store: Store, job: Job, attempt: Attempt) -> tuple[Logged, Objective | None]:
    """All that an attempt has logged until now, whether it is over or runs, and the objective that it has declared."""
    with closing(follower_of(store, job, attempt, awake=False)) as follower:
        read_out(follower, attempt.ending)
        return follower.logged(), follower.objective


def read_curves(store: Store, job: Job, attempt: Attempt, names: Collection[str]) -> Mapping[str, Series]:
    """What the logs of an attempt say under these names, as far as they are still there: of the curves of a run that logs very
    many numbers only the first are kept."""
    gathering = Gathering(names)
    with closing(follower_of(store, job, attempt, awake=False)) as follower:
        rows = follower.read()
        while True:
            gathering = Gathering(names) if follower.anew else gathering
            gathering.take(rows)
            if not follower.is_behind:
                break
            rows = follower.read()
        rows = follower.finish(cut=is_cut(attempt.ending))
        gathering = Gathering(names) if follower.anew else gathering
        gathering.take(rows)
        return gathering.logged(follower.source).series


def is_silent(attempt: Attempt, duration: float | None) -> bool:
    """Whether an attempt that is over, after so many seconds, has certainly logged nothing: as most of a thousand short ones."""
    if duration is None or duration >= BRIEF:
        return False
    with suppress(OSError), os.scandir(attempt.directory) as entries:
        return all(entry.name == LOG and not entry.stat().st_size for entry in entries)
    return False


def said_at_its_end(attempt: Attempt, ending: Ending) -> Logged:
    """What an attempt that has just ended has logged in its own directory, as far as that is quickly read; else what was last
    seen of it."""
    directory = Path(attempt.directory)
    with suppress(OSError), closing(Follower(directory, (), run_id=attempt.run_id, gather=True, awake=False)) as follower:
        if attempt.log.stat().st_size < BRIEFLY:
            read_out(follower, ending)
            return follower.logged()
    return left.left(directory) or Logged()


def keep_what_is_small(store: Store, job: Job, attempt: Attempt) -> None:
    """Keep what an attempt has logged that is over and was not followed; what takes long to read is left to the next runner. A
    log that cannot be read, and a disk without room, are no reason not to go on."""
    with suppress(OSError, StateError), closing(follower_of(store, job, attempt, awake=False)) as follower:
        if sum(path.stat().st_size for path in (attempt.log, attempt.metrics) if path.is_file()) < SMALL:
            read_out(follower, attempt.ending)
            keep_logged(store, attempt, follower.logged(), follower.objective)


def keep_logged(store: Store, attempt: Attempt, found: Logged, objective: Objective | None) -> None:
    """Write down what the logs of an attempt that is over say. Unwritable where there is no room."""
    with store.change() as change:
        keep(change, attempt, found, objective)
    left.clear(Path(attempt.directory))
