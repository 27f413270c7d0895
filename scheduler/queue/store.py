"""What the queue remembers: jobs, attempts and events. Queries here; every change goes through `changes`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scheduler.home import Home
from scheduler.queue.database import Database

# What is asked of a queue is mostly little: what makes values of its rows, and what changes it, is imported when it is used.
if TYPE_CHECKING:
    from scheduler.gpus.packing import GpuUse
    from scheduler.queue.changes import Changes
    from scheduler.queue.code import Code
    from scheduler.queue.job import Attempt, Job
    from scheduler.queue.surroundings import Surroundings
    from scheduler.tracking.logged import Logged

_USES = """SELECT gpu_use.*, attempt.state IN ('done', 'stopped_early') AS succeeded, job.experiment
           FROM job JOIN gpu_use ON gpu_use.job = job.id
           JOIN attempt ON attempt.job = job.id AND attempt.number = gpu_use.attempt"""


class Store:
    """The durable queue of one user. A change that returned survives a kill and a power cut."""

    def __init__(
        self,
        home: Home,
        say: Callable[[str], None] = lambda _: None,
        summaries: Summaries | None = None,
        *,
        only_looks: bool = False,
    ) -> None:
        """`say` hears who keeps the queue's lock, if somebody does; `summaries` reads what jobs have logged (None: it is not
        asked for); `only_looks` as for a `Database`."""
        self.home = home
        self._summaries = summaries
        self._database = Database(home, say, only_looks=only_looks)
        self._surroundings: dict[int, Surroundings] = {}
        self._codes: dict[int, Code] = {}

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def frozen(self) -> str:
        """Why nothing can be written as long as this is open; "" where it can."""
        return self._database.frozen

    @property
    def connection(self) -> sqlite3.Connection:
        """For a copy of all of it."""
        return self._database.connection

    @contextmanager
    def change(self, *, many: bool = False) -> Iterator[Changes]:
        """One durable transaction. All of it happens, or nothing. `many`: it is about thousands of jobs, and about none that
        it has not found in the queue or put there itself."""
        from scheduler.queue.changes import Changes
        from scheduler.queue.dependencies import resolve

        with self._database.write(many=many) as connection:
            change = Changes(connection, self.home, self._database.writer)
            yield change
            resolve(change)

    def summaries(self, jobs: Sequence[Job]) -> Mapping[str, Logged]:
        """By job id what the latest attempt of each has logged, as far as whoever has opened this store can read it."""
        return self._summaries(self, jobs) if self._summaries else {}

    def read(self, sql: str, parameters: tuple = ()) -> list[sqlite3.Row]:
        """Rows of a query of ours, never of a user's text: for the tables of this room that have a file of their own."""
        return self._database.read(sql, parameters)

    def jobs(self, where: str = "1", parameters: tuple = (), *, limit: int = -1, newest: bool = False) -> list[Job]:
        """Jobs in the order of their submission, or the newest first. `where` is SQL of ours, never a user's text."""
        order = "DESC" if newest else "ASC"
        sql = f"SELECT * FROM job WHERE {where} ORDER BY number {order} LIMIT ?"
        return _jobs(self._database.read(sql, (*parameters, limit)))

    def numbers(self, where: str, parameters: tuple = ()) -> list[int]:
        """The numbers of jobs, in the order of their submission. `where` as for `jobs`."""
        return [row[0] for row in self._database.read(f"SELECT number FROM job WHERE {where} ORDER BY number", parameters)]

    def job(self, job: str) -> Job:
        return self.jobs("id = ?", (job,))[0]

    def by_ids(self, ids: Iterable[str]) -> list[Job]:
        """The jobs with these ids, in the order of their submission."""
        return self.jobs("id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),))

    def by_numbers(self, numbers: Iterable[int]) -> list[Job]:
        """The jobs with these numbers, in the order of their submission."""
        return self.jobs("number IN (SELECT value FROM json_each(?))", (json.dumps(list(numbers)),))

    def attempts(self, job: str) -> list[Attempt]:
        """The attempts of a job, first to last."""
        return _attempts(self._database.read("SELECT * FROM attempt WHERE job = ? ORDER BY number", (job,)))

    def attempt(self, job: str, number: int) -> Attempt | None:
        """One attempt of a job, as it stands now."""
        found = _attempts(self._database.read("SELECT * FROM attempt WHERE job = ? AND number = ?", (job, number)))
        return found[0] if found else None

    def latest_attempts(self, jobs: Iterable[Job]) -> dict[str, Attempt]:
        """The last attempt of each job that has one, by job id."""
        numbers = json.dumps([job.id for job in jobs])
        sql = """SELECT attempt.* FROM json_each(?) AS wanted JOIN job ON job.id = wanted.value
                 JOIN attempt ON attempt.job = job.id AND attempt.number = job.attempts"""
        return {attempt.job: attempt for attempt in _attempts(self._database.read(sql, (numbers,)))}

    def attempts_between(self, first: float, last: float) -> list[Attempt]:
        """Attempts of any job that ran at some moment of this time, both in seconds since 1970."""
        sql = "SELECT * FROM attempt WHERE started <= ? AND (ended IS NULL OR ended >= ?)"
        return _attempts(self._database.read(sql, (last, first)))

    def open_attempts(self) -> list[Attempt]:
        """Attempts that have begun and have no final record yet, of every runner."""
        sql = """SELECT attempt.* FROM job INDEXED BY job_active
                 JOIN attempt ON attempt.job = job.id AND attempt.number = job.attempts
                 WHERE job.state IN ('starting', 'running', 'stopping')"""
        return _attempts(self._database.read(sql))

    def gpu_uses(self, jobs: Iterable[Job]) -> dict[str, tuple[GpuUse, ...]]:
        """What attempts at the experiments of these jobs used of their GPUs, oldest first, by experiment. Where another queue has
        sent such a job and told that, this stands for what is known here, which is a part of it."""
        from scheduler.gpus.packing import uses_from

        experiments = (json.dumps([job.experiment for job in jobs]),)
        sql = f"{_USES} WHERE job.experiment IN (SELECT value FROM json_each(?)) ORDER BY attempt.started"
        found: dict[str, tuple[GpuUse, ...]] = {}
        for row in self._database.read(sql, experiments):
            found[row["experiment"]] = (*found.get(row["experiment"], ()), _use(row))
        told = "SELECT experiment, uses FROM taught WHERE experiment IN (SELECT value FROM json_each(?))"
        return found | {row[0]: uses_from(json.loads(row[1])) for row in self._database.read(told, experiments)}

    def uses_of(self, attempt: Attempt) -> tuple[GpuUse, ...]:
        """What an attempt has or had of its GPUs."""
        sql = f"{_USES} WHERE gpu_use.job = ? AND gpu_use.attempt = ?"
        return tuple(_use(row) for row in self._database.read(sql, (attempt.job, attempt.number)))

    def surroundings(self, job: Job) -> Surroundings:
        """What a job keeps of the environment of whoever asked for it: nothing, for one of an old queue."""
        from scheduler.queue.surroundings import Surroundings, surroundings_from

        if job.surroundings is None:
            return Surroundings()
        if job.surroundings not in self._surroundings:  # a row never changes
            (row,) = self._database.read("SELECT content FROM surroundings WHERE number = ?", (job.surroundings,))
            self._surroundings[job.surroundings] = surroundings_from(row[0])
        return self._surroundings[job.surroundings]

    def code(self, number: int | None) -> Code | None:
        """What a job or an attempt refers to by this number; None for one of an old queue, and where nothing was known."""
        if number is None:
            return None
        from scheduler.queue.code import Code

        if number not in self._codes:  # a row never changes
            (row,) = self._database.read("SELECT program, digest, commits FROM code WHERE number = ?", (number,))
            self._codes[number] = Code(*row)
        return self._codes[number]

    def codes_at(self, program: str) -> dict[int, Code]:
        """All that was ever found at this path, by number."""
        from scheduler.queue.code import Code

        rows = self._database.read("SELECT number, program, digest, commits FROM code WHERE program = ?", (program,))
        return {number: Code(*code) for number, *code in rows}

    def ran_with(self, jobs: Iterable[int]) -> dict[int, list[int]]:
        """With which code the last attempts of these jobs ran, as far as that is known: the jobs' numbers by that of the code."""
        sql = """SELECT attempt.code, job.number FROM json_each(?) AS wanted JOIN job ON job.number = wanted.value
                 JOIN attempt ON attempt.job = job.id AND attempt.number = job.attempts WHERE attempt.code IS NOT NULL"""
        found: dict[int, list[int]] = {}
        for code, job in self._database.read(sql, (json.dumps(list(jobs)),)):
            found.setdefault(code, []).append(job)
        return found

    def counts(self) -> dict[str, int]:
        """How many jobs are in each state."""
        return {row[0]: row[1] for row in self._database.read("SELECT state, count(*) FROM job GROUP BY state ORDER BY state")}

    def events(self, job: str) -> list[sqlite3.Row]:
        """Everything that happened to a job: sequence, attempt, at, state, detail."""
        return self._database.read("SELECT * FROM event WHERE job = ? ORDER BY sequence", (job,))

    def has_begun(self, attempt: Attempt) -> bool:
        """Whether somebody has heard that it runs, or ran."""
        from scheduler.queue.changes import HAS_BEGUN

        return bool(self.read(HAS_BEGUN, (attempt.job, attempt.number))[0][0])

    def still_queued(self, numbers: Iterable[int]) -> set[int]:
        """Those of these jobs that are queued now."""
        sql = "SELECT number FROM job WHERE state = 'queued' AND number IN (SELECT value FROM json_each(?))"
        return {row[0] for row in self._database.read(sql, (json.dumps(list(numbers)),))}

    def asked_since(self, sequence: int) -> list[Job]:
        """The jobs that a person has queued, or queued again, after the event with this number."""
        sql = """job.number IN (SELECT job.number FROM event JOIN job ON job.id = event.job
                 WHERE event.sequence > ? AND event.state = 'queued' AND event.attempt IS NULL)"""
        return self.jobs(sql, (sequence,))

    def last_event(self) -> int:
        """The number of the latest event; 0 before the first."""
        return self._database.read("SELECT coalesce(max(sequence), 0) FROM event")[0][0]


def _jobs(rows: Sequence[sqlite3.Row]) -> list[Job]:
    if not rows:
        return []
    from scheduler.queue.rows import job_from

    return [job_from(row) for row in rows]


def _use(row: sqlite3.Row) -> GpuUse:
    from scheduler.gpus.packing import GpuUse

    fields = dict(row)
    del fields["experiment"]
    flags = {name: bool(fields[name]) for name in ("out_of_memory", "contended", "succeeded")}
    return GpuUse(**{**fields, **flags})


def _attempts(rows: Sequence[sqlite3.Row]) -> list[Attempt]:
    if not rows:
        return []
    from scheduler.queue.rows import attempt_from

    return [attempt_from(row) for row in rows]


if TYPE_CHECKING:
    Summaries = Callable[[Store, Sequence[Job]], Mapping[str, Logged]]
