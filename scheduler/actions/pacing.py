"""What runners that find out how many jobs are best at once (`-j auto`) allow at the moment, as any process can see it."""

from __future__ import annotations

from collections.abc import Iterable

from scheduler.home import Home
from scheduler.pacing.kept import Found, followed
from scheduler.pacing.program import program_key
from scheduler.queue.job import Job

Pace = tuple[str, Found]  # a program, and what its runner has found so far


def paces(home: Home, jobs: Iterable[Job]) -> list[Pace]:
    """Of the programs of these jobs those that a living runner finds it out for."""
    programs = dict.fromkeys(program_key(job.argv, job.cwd) for job in jobs)
    known = ((program, followed(home.root, program)) for program in programs)
    return [(program, each) for program, each in known if each]
