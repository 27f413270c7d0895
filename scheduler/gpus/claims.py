"""Claims: the hold on GPU memory or whole GPUs, alive exactly as long as the processes that hold it.

A claim is a file with an flock(2) on an open descriptor. The descriptor is inherited by the job and lives through
exec, setsid and fork; the kernel frees the lock when the last copy is closed, however its holder ended. So no claim
is ever stale. A claim is released only by closing descriptors: an explicit unlock would free the GPU under a job
that still runs.

    admit.lock       the short mutex around every decision; released by unlocking, never by closing alone
    <id>.claim       JSON: id, memory {uuid: MiB or null}, exclusive, split, pid, uid, since (seconds of the epoch), label
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from scheduler.errors import StateError
from scheduler.gpus.directory import VARIABLE
from scheduler.gpus.mutex import TIMEOUT, MutexBusy, admission_mutex, created
from scheduler.gpus.ownership import COOKIE, SUFFIX, user_name
from scheduler.gpus.placement import ClaimRecord, Placement, Refusal
from scheduler.gpus.survey import look, survey, with_holders
from scheduler.linux.inotify import IN_CLOSE_WRITE, FolderWatch

Decide = Callable[[tuple[ClaimRecord, ...]], Placement | Refusal]  # given the claims that live now


def watch_claims(directory: Path) -> FolderWatch:
    """Readable when a claim may have ended: the kernel reports IN_CLOSE_WRITE when the last inherited copy of its descriptor is
    closed, also by a kill -9. A foreign process leaves a GPU without such a word."""
    return FolderWatch(IN_CLOSE_WRITE, directory)


class Claim:
    """A claim that this process holds a descriptor of. Whoever inherits a copy of `fd` keeps the claim alive as
    well."""

    def __init__(self, record: ClaimRecord, fd: int, placement: Placement, path: Path) -> None:
        self.record, self.fd, self.placement, self.path = record, fd, placement, path

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def memory(self) -> Mapping[str, int | None]:
        """MiB per UUID; None for a whole GPU."""
        return self.record.memory

    @property
    def exclusive(self) -> bool:
        return self.record.exclusive

    @property
    def indices(self) -> tuple[int, ...]:
        """The claimed GPUs by PCI bus order; empty where only UUIDs are certain."""
        return tuple(s.index for s in self.placement.shares if s.index is not None)

    @property
    def deleted(self) -> bool:
        """Whether someone removed the file of this living claim: nobody else can see it any more."""
        return os.fstat(self.fd).st_nlink == 0

    def environment(self) -> dict[str, str]:
        """What a job must find in its environment to use this claim and nothing else."""
        return {COOKIE: self.id, VARIABLE: str(self.path.parent), **self.placement.environment()}

    def close(self) -> None:
        """Close our copy of the descriptor. The claim ends with its last copy. A second call does nothing."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def take(
    directory: Path,
    decide: Decide,
    *,
    label: str = "",
    timeout: float = TIMEOUT,
) -> Claim | Refusal:
    """A claim on what `decide` chose, given the claims that live now, or its refusal. Takes well under a millisecond.

    `decide` runs under the machine's mutex, so it must be quick and pure: `admission.admit` with everything else
    bound. Several GPUs are claimed all at once or not at all. MutexBusy if another process keeps the mutex for
    `timeout` seconds.
    """
    user = user_name(os.getuid())  # may ask a network directory: not under the mutex
    with admission_mutex(directory, timeout):
        placement = decide(survey(directory, clean=True).claims)
        if isinstance(placement, Refusal):
            return placement
        return _create(directory, placement, label, user)


class Claimant:
    """Takes claims for one who must not stand still: a mutex that somebody keeps for `patience` seconds is a refusal, which
    names him, and a reason to look again later."""

    def __init__(self, directory: Path, patience: float) -> None:
        self._directory, self._patience = directory, patience
        self._busy_since = ""
        self._tried_at = float("-inf")

    def take(self, decide: Decide, label: str) -> Claim | Refusal:
        """As `take`. After a mutex was found busy, all further claims of the same moment are refused at once."""
        begun = time.monotonic()
        try:
            # Who has waited for one claim does not wait for the next of a whole row of jobs.
            timeout = 0.0 if begun - self._tried_at < self._patience else self._patience
            answer = take(self._directory, decide, label=label, timeout=timeout)
        except MutexBusy as busy:
            self._tried_at = time.monotonic()
            self._busy_since = self._busy_since or time.strftime("%H:%M:%S")
            return Refusal(
                f"{busy.path} is held by {busy.holder}, since {self._busy_since} at least, and without it nobody can claim a "
                "GPU; if that process is stopped (Ctrl-Z, a debugger), fg or kill -CONT lets it go on"
            )
        self._busy_since = ""
        return answer


def live_claims(directory: Path) -> tuple[ClaimRecord, ...]:
    """All living claims, oldest first. One that we cannot look into counts as living, on GPUs unknown."""
    return with_holders(directory, survey(directory).claims)


def living_claim(directory: Path, claim_id: str) -> ClaimRecord | None:
    """The record of the claim with this id, if some process still holds it, else None."""
    path = directory / f"{claim_id}{SUFFIX}"
    found = look(path) if path.parent == directory else None
    return found if isinstance(found, ClaimRecord) and not found.unreadable else None


def _create(directory: Path, placement: Placement, label: str, user: str) -> Claim:
    """Write and lock the file before it gets its name, so that a claim without a lock is dead for ever."""
    record = ClaimRecord(
        id=os.urandom(8).hex(),
        memory={s.uuid: s.memory for s in placement.shares},
        exclusive=placement.exclusive,
        split=placement.split,
        pid=os.getpid(),
        uid=os.getuid(),
        user=user,
        since=time.time(),
        label=label[:200],
    )
    path = directory / f"{record.id}{SUFFIX}"
    return Claim(record, _written(path, record), placement, path)


def _written(path: Path, record: ClaimRecord) -> int:
    """A descriptor of the new, locked file with the record in it. StateError if the folder does not take it."""
    from filelock import lock_descriptor

    fresh = path.with_suffix(f"{SUFFIX}.new")
    fd = created(fresh)
    content = {key: value for key, value in asdict(record).items() if key not in ("unreadable", "locked_by", "unseen")}
    try:
        lock_descriptor(fd, blocking=False)
        os.write(fd, json.dumps(content).encode())
        fresh.rename(path)
    except OSError as error:
        os.close(fd)
        raise StateError(f"cannot write {fresh}: {error.strerror}", next_step=f"make room, or set {VARIABLE}") from error
    return fd
