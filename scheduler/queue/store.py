"""What the queue remembers: jobs, attempts and events. Queries here; every change goes through `changes`."""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from scheduler.errors import StateError
from scheduler.gpus.packing import GpuUse
from scheduler.home import Home
from scheduler.queue.changes import LONGEST_PAUSE, Changes, policy_from, resources_from
from scheduler.queue.database import Database
from scheduler.queue.job import Attempt, Ending, Job
from scheduler.queue.job_list import JobList
from scheduler.queue.states import State
from scheduler.queue.surroundings import Surroundings, surroundings_from


class Store:
    """The durable queue of one user. A change that returned survives a kill and a power cut."""

    def __init__(self, home: Home, say: Callable[[str], None] = lambda _: None) -> None:
        """`say` hears who keeps the queue's lock, if somebody does."""
        self.home = home
        self._database = Database(home, say)
        self._surroundings: dict[int, Surroundings] = {}
        for table in ("mine", "startable"):  # of this connection, and gone with it
            self._database.connection.execute(f"CREATE TEMP TABLE {table} (first INTEGER PRIMARY KEY, last INTEGER NOT NULL)")
        self.drive(None)

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def connection(self) -> sqlite3.Connection:
        """For a copy of all of it."""
        return self._database.connection

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
        return [attempt_from(row) for row in self._database.read("SELECT * FROM attempt WHERE job = ? ORDER BY number", (job,))]

    def attempt(self, job: str, number: int) -> Attempt | None:
        """One attempt of a job, as it stands now."""
        rows = self._database.read("SELECT * FROM attempt WHERE job = ? AND number = ?", (job, number))
        return attempt_from(rows[0]) if rows else None

    def latest_attempts(self, jobs: Iterable[Job]) -> dict[str, Attempt]:
        """The last attempt of each job that has one, by job id."""
        numbers = json.dumps([job.id for job in jobs])
        sql = """SELECT attempt.* FROM json_each(?) AS wanted JOIN job ON job.id = wanted.value
                 JOIN attempt ON attempt.job = job.id AND attempt.number = job.attempts"""
        return {row["job"]: attempt_from(row) for row in self._database.read(sql, (numbers,))}

    def attempts_between(self, first: float, last: float) -> list[Attempt]:
        """Attempts of any job that ran at some moment of this time, both in seconds since 1970."""
        sql = "SELECT * FROM attempt WHERE started <= ? AND (ended IS NULL OR ended >= ?)"
        return [attempt_from(row) for row in self._database.read(sql, (last, first))]

    def open_attempts(self) -> list[Attempt]:
        """Attempts that have begun and have no final record yet, of every runner."""
        sql = """SELECT attempt.* FROM job INDEXED BY job_active
                 JOIN attempt ON attempt.job = job.id AND attempt.number = job.attempts
                 WHERE job.state IN ('starting', 'running', 'stopping')"""
        return [attempt_from(row) for row in self._database.read(sql)]

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

    def surroundings(self, job: Job) -> Surroundings:
        """What a job keeps of the environment of whoever asked for it: nothing, for one of an old queue."""
        if job.surroundings is None:
            return Surroundings()
        if job.surroundings not in self._surroundings:  # a row never changes
            (row,) = self._database.read("SELECT content FROM surroundings WHERE number = ?", (job.surroundings,))
            self._surroundings[job.surroundings] = surroundings_from(row[0])
        return self._surroundings[job.surroundings]

    def counts(self) -> dict[str, int]:
        """How many jobs are in each state."""
        return {row[0]: row[1] for row in self._database.read("SELECT state, count(*) FROM job GROUP BY state ORDER BY state")}

    def events(self, job: str) -> list[sqlite3.Row]:
        """Everything that happened to a job: sequence, attempt, at, state, detail."""
        return self._database.read("SELECT * FROM event WHERE job = ? ORDER BY sequence", (job,))

    # The jobs that this process drives.

    def drive(self, jobs: Iterable[Job] | None) -> None:
        """Make `jobs` the ones that `mine_...` speak of; None: all that there are, now and later."""
        ranges = [_ALL] if jobs is None else _ranges(_numbers(jobs))
        self._set("mine", ranges)
        self._set("startable", ranges)

    def drive_too(self, jobs: Iterable[Job]) -> None:
        """Add to the jobs that `drive` has named."""
        sql = f"SELECT number FROM job WHERE number IN (SELECT value FROM json_each(?)) AND NOT {_IS_MINE}"
        fresh = _ranges({row[0] for row in self._database.read(sql, (json.dumps(list(_numbers(jobs))),))})
        self._add("mine", fresh)
        self._add("startable", fresh)

    def leave_out(self, numbers: Iterable[int]) -> None:
        """Speak no longer of these among the jobs that could start, and again of those that were left out before. They stay
        mine, and stay queued."""
        rows = self._database.read("SELECT first, last FROM mine ORDER BY first")
        self._set("startable", _without([(row[0], row[1]) for row in rows], _ranges(set(numbers))))

    def _set(self, table: str, ranges: Iterable[tuple[int, int]]) -> None:
        self._database.connection.execute(f"DELETE FROM {table}")
        self._add(table, ranges)

    def _add(self, table: str, ranges: Iterable[tuple[int, int]]) -> None:
        self._database.connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", ranges)

    def mine(self) -> list[Job]:
        """My jobs, oldest first."""
        sql = f"SELECT job.* FROM mine CROSS JOIN job WHERE {_IN_RANGE} ORDER BY mine.first, job.number"
        return [_job(row) for row in self._database.read(sql)]

    def mine_by_resources(self) -> list[Job]:
        """One of my queued jobs for each that asks for something else."""
        return [_job(row) for row in self._database.read(f"SELECT job.* FROM {_MY_QUEUE} GROUP BY resources")]

    def mine_queued(self) -> JobList:
        """My queued jobs that could start, due or not, oldest first."""
        return JobList(self.by_numbers, [row[0] for row in self._database.read(f"SELECT job.number FROM {_MY_QUEUE} ORDER BY 1")])

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

    def mine_counts(self) -> dict[State, int]:
        """How many of my jobs are in each state."""
        rows = self._database.read(f"SELECT job.state, count(*) FROM mine CROSS JOIN job WHERE {_IN_RANGE} GROUP BY job.state")
        return {State(row[0]): row[1] for row in rows}

    def mine_waiting(self, limit: int, now: float, after: Job | None = None, unlike: Iterable[Job] = ()) -> list[Job]:
        """The first of my queued jobs that are due at `now`: what could start next. With `after` only what stands behind that
        job and asks for other resources than those of `unlike`."""
        others = f"AND job.number > ? AND resources NOT IN ({_RESOURCES})" if after else ""
        behind = (after.number, json.dumps([job.number for job in unlike])) if after else ()
        sql = f"SELECT job.* FROM {_MY_QUEUE} AND NOT {_PAUSES} {others} ORDER BY startable.first, job.number LIMIT ?"
        return [_job(row) for row in self._database.read(sql, (now, now + LONGEST_PAUSE, *behind, limit))]

    def mine_are_queued(self) -> bool:
        """Whether any of my jobs is queued, due or not."""
        return bool(self._database.read(f"SELECT 1 FROM {_MY_QUEUE} LIMIT 1"))

    def mine_next_due(self, now: float) -> float | None:
        """When the first of my queued jobs may start that may not at `now`, in seconds since 1970; None if none pauses."""
        sql = f"SELECT min(not_before) FROM job INDEXED BY job_due WHERE state = 'queued' AND {_PAUSES} AND {_CAN_START}"
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
_CAN_START = _IS_MINE.replace("mine", "startable")
_IN_RANGE = "job.number BETWEEN mine.first AND mine.last"
_CAN_START_RANGE = _IN_RANGE.replace("mine", "startable")
_MY_QUEUE = f"startable CROSS JOIN job INDEXED BY job_queued WHERE job.state = 'queued' AND {_CAN_START_RANGE}"
_RESOURCES = "SELECT resources FROM job WHERE number IN (SELECT value FROM json_each(?))"
# A due time further away than any pause can be is the work of a clock that was set back.
_PAUSES = "(not_before > ? AND not_before <= ?)"


def _numbers(jobs: Iterable[Job]) -> set[int]:
    return set(jobs.numbers) if isinstance(jobs, JobList) else {job.number for job in jobs}


def _ranges(numbers: set[int]) -> list[tuple[int, int]]:
    """First and last of every run of consecutive numbers."""
    runs = groupby(enumerate(sorted(numbers)), key=lambda pair: pair[1] - pair[0])
    return [(run[0][1], run[-1][1]) for run in (list(pairs) for _, pairs in runs)]


def _without(ranges: Iterable[tuple[int, int]], gaps: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What the ranges hold beyond the gaps. Both are in order, and no two of either touch."""
    for first, last in ranges:
        for gap_first, gap_last in gaps[bisect_left(gaps, first, key=lambda gap: gap[1]) :]:
            if gap_first > last:
                break
            if first < gap_first:
                yield first, gap_first - 1
            first = gap_last + 1
        if first <= last:
            yield first, last


def _job(row: sqlite3.Row) -> Job:
    """The job of a row. StateError, naming it, for one that was changed by something else than this program."""
    try:
        return _read(dict(row))
    except (ValueError, TypeError, AttributeError) as error:
        raise StateError(
            f"job {row['id'][:8]} in the queue cannot be read ({error}); nothing was changed",
            next_step="restore queue.db from a backup, or mend the row with sqlite3",
        ) from error


def _read(fields: dict[str, Any]) -> Job:
    fields["group"] = fields.pop("group_name")
    del fields["not_before"]
    fields["argv"] = tuple(json.loads(fields["argv"]))
    fields["resources"] = resources_from(fields["resources"])
    fields["policy"] = policy_from(fields["policy"])
    fields["state"] = State(fields["state"])
    return Job(**fields)


def attempt_from(row: sqlite3.Row) -> Attempt:
    """An attempt from its row."""
    fields = dict(row)
    state, status, reason = fields.pop("state"), fields.pop("exit_status"), fields.pop("reason")
    ending = Ending(State(state), status, reason or "") if state else None
    return Attempt(**fields, ending=ending)
