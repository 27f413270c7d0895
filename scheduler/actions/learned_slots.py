"""How many slots `-j auto` gives to a job, and by which jobs that was found out: as clauses for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scheduler.pacing import kept
from scheduler.pacing.program import program_key
from scheduler.runner.presence import bounds

if TYPE_CHECKING:
    from scheduler.pacing.kept import Found
    from scheduler.queue.job import Job
    from scheduler.queue.store import Store
    from scheduler.runner.devices import Devices


def by_auto(store: Store, job: Job) -> str:
    """How many slots a living runner that has this job has by `-j auto`, and by what; "" where it was given another number, as
    when only other runners find it out for the same program."""
    its = {bound.pid for bound in bounds(store.home) if bound.has(job.number) and not bound.on}
    program = program_key(job.argv, job.cwd)
    found = next((each for each in kept.all_followed(store.home.root, program) if each.pid in its), None)
    if found is None:
        return ""
    how = "the fewest of several programs that run" if found.beside else _how(program, found)
    return f"{found.now} slot{'s' * (found.now != 1)} by -j auto ({how})"


def as_learned(store: Store, job: Job, devices: Devices) -> str:
    """With how many slots a runner with `-j auto` would begin it, as a further clause; "" where nothing is known."""
    program = program_key(job.argv, job.cwd)
    found = kept.found(store.home.root, program, devices.offer)
    if found is None:
        return ""
    many = f"{found.slots} slot{'s' * (found.slots != 1)}"
    return f"; -j auto begins with {many} ({_how(program, found)}; on a machine with: {devices.offer})"


def _how(program: str, found: Found) -> str:
    """By what slots were found, and of which jobs: of all with this program, whatever else their command lines say."""
    tried = ", ".join(f"{level} at once: x {gain:.2f}" for level, gain in found.gains.items())
    state = "settled" if found.settled else "still being found out"
    return f"{state}{f'; {tried}' if tried else ''}; learned of all jobs of {program}, whatever their arguments"
