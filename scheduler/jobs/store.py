"""What the queue remembers: jobs, attempts and events. Queries here; every change goes through `changes`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import groupby

from scheduler.jobs.changes import LONGEST_PAUSE, Changes
from scheduler.jobs.database import Database
from scheduler.jobs.home import Home
from scheduler.jobs.job_list import JobList
from scheduler.jobs.packing import GpuUse
from scheduler.jobs.states import State
from scheduler.jobs.values import Attempt, Ending, Job
from scheduler.spec import Policy, Resources


class Store:
    """The durable queue of one user. A change that returned survives a kill and a power cut."""

    def __init__(self, home: Home, say: Callable[[str], None] = lambda _: None) -> None:
        """`say` hears who keeps the queue's lock, if somebody does."""
        self.home = home
        self._database = Database(home, say)
        # A table of its own connection, gone with it.
        self._database.connection.execute("CREATE TEMP TABLE mine (first INTEGER PRIMARY KEY, last INTEGER NOT NULL)")
        self.drive(None)

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def change(self) -> Iterator[Changes]:
        """One durable transaction. All of it happens, or nothing."""
        with self._database.write() as connection:
            yield Changes(connection, self.home)

    def read(self, sql: str, parameters: tuple = ()) -> list[sqlite3.Row]:
        """Rows of a query of ours, never of a user's text: for the tables of this room that have a file of their own."""
        return self._database.read(sql, parameters)

    def jobs(self, where: str = "1", parameters: tuple = (), *, limit: int = -1, newest: bool = False) -> list[Job]:
        """Jobs in the order of their submission, or the newest first. `where` is SQL of ours, never a user's text."""
        order = "DESC" if newest else "ASC"
        sql = f"SELECT * FROM job WHERE {where} ORDER BY number {order} LIMIT ?"
        return [_job(row) for row in self._database.read(sql, (*parameters, limit))]

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
        return [_attempt(row) for row in self._database.read("SELECT * FROM attempt WHERE job = ? ORDER BY number", (job,))]

    def attempt(self, job: str, number: int) -> Attempt | None:
        """One attempt of a job, as it stands now."""
        rows = self._database.read("SELECT * FROM attempt WHERE job = ? AND number = ?", (job, number))
        return _attempt(rows[0]) if rows else None

    def latest_attempts(self, jobs: Iterable[Job]) -> dict[str, Attempt]:
        """The last attempt of each job that has one, by job id."""
        numbers = json.dumps([job.id for job in jobs])
        sql = """SELECT attempt.* FROM json_each(?) AS wanted JOIN job ON job.id = wanted.value
                 JOIN attempt ON attempt.job = job.id AND attempt.number = job.attempts"""
        return {row["job"]: _attempt(row) for row in self._database.read(sql, (numbers,))}

    def attempts_between(self, first: float, last: float) -> list[Attempt]:
        """Attempts of any job that ran at some moment of this time, both in seconds since 1970."""
        sql = "SELECT * FROM attempt WHERE started <= ? AND (ended IS NULL OR ended >= ?)"
        return [_attempt(row) for row in self._database.read(sql, (last, first))]

    def open_attempts(self) -> list[Attempt]:
        """Attempts that have begun and have no final record yet, of every runner."""
        sql = """SELECT attempt.* FROM job INDEXED BY job_active
                 JOIN attempt ON attempt.job = job.id AND attempt.number = job.attempts
                 WHERE job.state IN ('starting', 'running', 'stopping')"""
        return [_attempt(row) for row in self._database.read(sql)]

    def gpu_uses(self, jobs: Iterable[Job]) -> dict[str, tuple[GpuUse, ...]]:
        """What attempts at the experiments of these jobs used of their GPUs, oldest first, by experiment."""
        sql = """SELECT gpu_use.*, attempt.state IN ('done', 'stopped_early') AS succeeded, job.experiment
                 FROM job JOIN gpu_use ON gpu_use.job = job.id
                 JOIN attempt ON attempt.job = job.id AND attempt.number = gpu_use.attempt
                 WHERE job.experiment IN (SELECT value FROM json_each(?)) ORDER BY attempt.started"""
        found: dict[str, tuple[GpuUse, ...]] = {}
        for row in self._database.read(sql, (json.dumps([job.experiment for job in jobs]),)):
            fields = dict(row)
            experiment = fields.pop("experiment")
            flags = {name: bool(fields[name]) for name in ("out_of_memory", "contended", "succeeded")}
            found[experiment] = (*found.get(experiment, ()), GpuUse(**{**fields, **flags}))
        return found

    def uses_of(self, attempt: Attempt) -> tuple[GpuUse, ...]:
        """What an attempt has or had of its GPUs."""
        sql = "SELECT uuid, model, granted FROM gpu_use WHERE job = ? AND attempt = ?"
        rows = self._database.read(sql, (attempt.job, attempt.number))
        return tuple(GpuUse(attempt.job, attempt.number, *row) for row in rows)

    def counts(self) -> dict[str, int]:
        """How many jobs are in each state."""
        return {row[0]: row[1] for row in self._database.read("SELECT state, count(*) FROM job GROUP BY state ORDER BY state")}

    def events(self, job: str) -> list[sqlite3.Row]:
        """Everything that happened to a job: sequence, attempt, at, state, detail."""
        return self._database.read("SELECT * FROM event WHERE job = ? ORDER BY sequence", (job,))

    # The jobs that this process drives.

    def drive(self, jobs: Iterable[Job] | None) -> None:
        """Make `jobs` the ones that `mine_...` speak of; None: all that there are, now and later."""
        self._database.connection.execute("DELETE FROM mine")
        self._add_to_mine([_ALL] if jobs is None else _ranges(_numbers(jobs)))

    def drive_too(self, jobs: Iterable[Job]) -> None:
        """Add to the jobs that `drive` has named."""
        sql = f"SELECT number FROM job WHERE number IN (SELECT value FROM json_each(?)) AND NOT {_IS_MINE}"
        fresh = self._database.read(sql, (json.dumps(list(_numbers(jobs))),))
        self._add_to_mine(_ranges({row[0] for row in fresh}))

    def _add_to_mine(self, ranges: Iterable[tuple[int, int]]) -> None:
        self._database.connection.executemany("INSERT INTO mine VALUES (?, ?)", ranges)

    def mine(self) -> list[Job]:
        """My jobs, oldest first."""
        sql = f"SELECT job.* FROM mine CROSS JOIN job WHERE {_IN_RANGE} ORDER BY mine.first, job.number"
        return [_job(row) for row in self._database.read(sql)]

    def mine_by_resources(self) -> list[Job]:
        """One of my queued jobs for each that asks for something else."""
        return [_job(row) for row in self._database.read(f"SELECT job.* FROM {_MY_QUEUE} GROUP BY resources")]

    def mine_counts(self) -> dict[State, int]:
        """How many of my jobs are in each state."""
        rows = self._database.read(f"SELECT job.state, count(*) FROM mine CROSS JOIN job WHERE {_IN_RANGE} GROUP BY job.state")
        return {State(row[0]): row[1] for row in rows}

    def mine_waiting(self, limit: int, now: float) -> list[Job]:
        """The first of my queued jobs that are due at `now`: what could start next."""
        sql = f"SELECT job.* FROM {_MY_QUEUE} AND NOT {_PAUSES} ORDER BY mine.first, job.number LIMIT ?"
        return [_job(row) for row in self._database.read(sql, (now, now + LONGEST_PAUSE, limit))]

    def mine_are_queued(self) -> bool:
        """Whether any of my jobs is queued, due or not."""
        return bool(self._database.read(f"SELECT 1 FROM {_MY_QUEUE} LIMIT 1"))

    def mine_next_due(self, now: float) -> float | None:
        """When the first of my queued jobs may start that may not at `now`, in seconds since 1970; None if none pauses."""
        sql = f"SELECT min(not_before) FROM job INDEXED BY job_due WHERE state = 'queued' AND {_PAUSES} AND {_IS_MINE}"
        return self._database.read(sql, (now, now + LONGEST_PAUSE))[0][0]

    def mine_active_names(self) -> list[str]:
        """The names of my attempts that are not over, whoever runs them."""
        sql = f"""SELECT id || '/' || attempts FROM job INDEXED BY job_active
                  WHERE state IN ('starting', 'running', 'stopping') AND {_IS_MINE}"""
        return [row[0] for row in self._database.read(sql)]


# The jobs of one process are ranges of numbers, of 1 job or of 100,000: to look among them costs the same, however many jobs
# of others stand in the queue before them.
_ALL = (0, 1 << 62)
_IS_MINE = "coalesce((SELECT last FROM mine WHERE first <= job.number ORDER BY first DESC LIMIT 1), 0) >= job.number"
_IN_RANGE = "job.number BETWEEN mine.first AND mine.last"
_MY_QUEUE = f"mine CROSS JOIN job INDEXED BY job_queued WHERE job.state = 'queued' AND {_IN_RANGE}"
# A due time further away than any pause can be is the work of a clock that was set back.
_PAUSES = "(not_before > ? AND not_before <= ?)"


def _numbers(jobs: Iterable[Job]) -> set[int]:
    return set(jobs.numbers) if isinstance(jobs, JobList) else {job.number for job in jobs}


def _ranges(numbers: set[int]) -> list[tuple[int, int]]:
    """First and last of every run of consecutive numbers."""
    runs = groupby(enumerate(sorted(numbers)), key=lambda pair: pair[1] - pair[0])
    return [(run[0][1], run[-1][1]) for run in (list(pairs) for _, pairs in runs)]


def _job(row: sqlite3.Row) -> Job:
    fields = dict(row)
    fields["group"] = fields.pop("group_name")
    del fields["not_before"]
    fields["argv"] = tuple(json.loads(fields["argv"]))
    fields["resources"] = _resources(fields["resources"])
    fields["policy"] = _policy(fields["policy"])
    fields["state"] = State(fields["state"])
    return Job(**fields)


@lru_cache(maxsize=1024)
def _resources(text: str) -> Resources:
    return Resources(**json.loads(text))


@lru_cache(maxsize=1024)
def _policy(text: str) -> Policy:
    return Policy(**json.loads(text))


def _attempt(row: sqlite3.Row) -> Attempt:
    fields = dict(row)
    state, status, reason = fields.pop("state"), fields.pop("exit_status"), fields.pop("reason")
    ending = Ending(State(state), status, reason or "") if state else None
    return Attempt(**fields, ending=ending)
