"""The jobs that one runner drives, among all that are in the queue."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from scheduler.queue.changes import LONGEST_PAUSE
from scheduler.queue.job import Attempt, Job
from scheduler.queue.job_list import JobList
from scheduler.queue.rows import attempt_from, job_from
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.values import dataclass

_ALL = (0, 1 << 62)
EVERYTHING = (_ALL,)  # the ranges of all jobs, now and later
_FREE = "job.state = 'queued' AND job.blocked = 0 AND job.begin_at = 0"
_LEVEL = f"SELECT max(priority) FROM job INDEXED BY job_startable WHERE {_FREE}"
_names = count()
_RESOURCES = "SELECT resources FROM job WHERE number IN (SELECT value FROM json_each(?))"
# A due time further away than any pause can be is the work of a clock that was set back.
_PAUSES = "(not_before > ? AND not_before <= ?)"


@dataclass(frozen=True)
class Pending:
    """Jobs that wait for the same other jobs or the same time: the first of them, and the numbers of all."""

    job: Job
    numbers: tuple[int, ...]

    @property
    def key(self) -> tuple[int | None, float]:
        """What they wait for."""
        return (self.job.prerequisite, 0.0) if self.job.blocked else (None, self.job.begin_at)


class Mine:
    """Some jobs of a store, or all that it has, now and later.

    They are ranges of numbers, of 1 job or of 100,000, in tables of the store's own connection: to look among them costs the
    same, however many jobs of others stand in the queue before them.
    """

    def __init__(self, store: Store, jobs: Iterable[Job] | None = None) -> None:
        """`jobs`: None: all that there are, now and later."""
        self.store = store
        self.edition = 0  # another number once there are more of them
        number = next(_names)
        self._mine, self._startable = f"mine_{number}", f"startable_{number}"
        ranges = [_ALL] if jobs is None else ranges_of(_numbers(jobs))
        for table in (self._mine, self._startable):  # gone with the connection
            store.connection.execute(f"CREATE TEMP TABLE {table} (first INTEGER PRIMARY KEY, last INTEGER NOT NULL)")
            self._fill(table, ranges)
        self._queue = (
            f"{self._startable} AS own CROSS JOIN job INDEXED BY job_queued "
            "WHERE job.state = 'queued' AND job.number BETWEEN own.first AND own.last"
        )
        self._active = (
            "SELECT job.id, job.attempts FROM job INDEXED BY job_active "
            f"WHERE job.state IN ('starting', 'running', 'stopping') AND {_within(self._mine)}"
        )
        self._level = (
            f"{self._startable} AS own CROSS JOIN job INDEXED BY job_startable "
            f"WHERE {_FREE} AND job.priority = ? AND job.number BETWEEN own.first AND own.last"
        )
        self._all = f"{self._mine} AS own CROSS JOIN job WHERE job.number BETWEEN own.first AND own.last"

    def add(self, jobs: Iterable[Job]) -> None:
        """These are mine as well, from now on."""
        sql = f"SELECT number FROM job WHERE number IN (SELECT value FROM json_each(?)) AND NOT {_within(self._mine)}"
        fresh = ranges_of({row[0] for row in self.store.read(sql, (json.dumps(list(_numbers(jobs))),))})
        self._fill(self._mine, fresh)
        self._fill(self._startable, fresh)
        self.edition += bool(fresh)

    def leave_out(self, numbers: Iterable[int]) -> None:
        """Speak no longer of these among the jobs that could start, and again of those that were left out before. They stay
        mine, and stay queued."""
        rows = self.store.read(f"SELECT first, last FROM {self._mine} ORDER BY first")
        self.store.connection.execute(f"DELETE FROM {self._startable}")
        self._fill(self._startable, _without([(row[0], row[1]) for row in rows], ranges_of(set(numbers))))

    def jobs(self) -> list[Job]:
        """All of them, oldest first."""
        return [job_from(row) for row in self.store.read(f"SELECT job.* FROM {self._all} ORDER BY own.first, job.number")]

    def ranges(self) -> list[tuple[int, int]]:
        """Their numbers, first and last of each run."""
        return [(row[0], row[1]) for row in self.store.read(f"SELECT first, last FROM {self._mine} ORDER BY first")]

    def ended_since(self, sequence: int) -> list[int]:
        """The numbers of those that have ended after the event with this number, and have not begun again."""
        sql = f"""SELECT DISTINCT job.number FROM event JOIN job ON job.id = event.job
                  WHERE event.sequence > ? AND event.state = job.state AND {_within(self._mine)}
                  AND job.state NOT IN ('queued', 'held', 'starting', 'running', 'stopping')"""
        return [row[0] for row in self.store.read(sql, (sequence,))]

    def counts(self) -> dict[State, int]:
        """How many are in each state."""
        return {
            State(row[0]): row[1] for row in self.store.read(f"SELECT job.state, count(*) FROM {self._all} GROUP BY job.state")
        }

    def by_resources(self) -> list[Job]:
        """The first of the queued for each that asks for something else."""
        rows = self.store.read(f"SELECT min(job.number) FROM {self._queue} GROUP BY resources")  # whole rows would be sorted
        return self.store.by_numbers(row[0] for row in rows)

    def by_asks(self) -> list[Job]:
        """One of the queued for each that asks for something else, in resources, policy or of a cluster, or elsewhere: what other
        machines look at."""
        group = "GROUP BY resources, policy, slurm, cwd"
        return [job_from(row) for row in self.store.read(f"SELECT job.* FROM {self._queue} {group}")]

    def queued(self) -> JobList:
        """The queued that could start, due or not, oldest first."""
        rows = self.store.read(f"SELECT job.number FROM {self._queue} ORDER BY 1")
        return JobList(self.store.by_numbers, [row[0] for row in rows])

    def waiting(self, limit: int, now: float, after: Job | None = None, unlike: Iterable[Job] = ()) -> list[Job]:
        """The first of the queued that are due at `now`: what could start next, by priority and then in the order of their
        submission. With `after` only what stands behind that job and asks for other resources than those of `unlike`."""
        others = f"AND resources NOT IN ({_RESOURCES})" if after else ""
        where = f"{self._level} AND job.number > ? AND NOT {_PAUSES} {others}"
        sql = f"SELECT job.* FROM {where} ORDER BY own.first, job.number LIMIT ?"
        pauses, alike = (now, now + LONGEST_PAUSE), (json.dumps([job.number for job in unlike]),) if after else ()
        found: list[Job] = []
        for level in self._levels(after):
            behind = after.number if after and after.priority == level else 0
            rows = self.store.read(sql, (level, behind, *pauses, *alike, limit - len(found)))
            found += [job_from(row) for row in rows]
            if len(found) >= limit:
                break
        return found

    def _levels(self, after: Job | None) -> Iterator[int]:
        """The priorities that there are among jobs that could start, the highest first, from that of `after` on."""
        level = after.priority if after else self.store.read(_LEVEL)[0][0]
        while level is not None:
            yield level
            level = self.store.read(f"{_LEVEL} AND priority < ?", (level,))[0][0]

    def are_queued(self) -> bool:
        """Whether any is queued, due or not, and no other job stands in its way."""
        first = f"SELECT 1 FROM {self._level} LIMIT 1"
        return any(self.store.read(first, (level,)) for level in self._levels(None)) or self.next_begin() is not None

    def pending(self) -> list[Pending]:
        """The queued that wait for other jobs or for their time, those together that wait for the same, the largest first."""
        what = "job.number, iif(job.blocked, job.prerequisite, NULL), iif(job.blocked, 0, job.begin_at)"
        sql = f"SELECT {what} FROM {self._queue} AND (job.blocked = 1 OR job.begin_at > 0) ORDER BY job.number"
        groups: dict[tuple[int | None, float], list[int]] = {}
        for number, prerequisite, begin in self.store.read(sql):
            groups.setdefault((prerequisite, begin), []).append(number)
        largest = sorted(groups.values(), key=lambda numbers: -len(numbers))
        firsts = {job.number: job for job in self.store.by_numbers(numbers[0] for numbers in largest)}
        return [Pending(firsts[numbers[0]], tuple(numbers)) for numbers in largest]

    def skipped_since(self, event: int, until: int = _ALL[1]) -> dict[str, list[int]]:
        """The numbers of those that were skipped after the event with this number, and not after `until`, by the reason."""
        sql = f"""SELECT event.detail, job.number FROM event CROSS JOIN job ON job.id = event.job
                  WHERE event.sequence > ? AND event.sequence <= ? AND event.state = 'skipped' AND job.state = 'skipped'
                  AND {_within(self._mine)} ORDER BY job.number"""
        found: dict[str, list[int]] = {}
        for detail, number in self.store.read(sql, (event, until)):
            found.setdefault(detail, []).append(number)
        return found

    def alike(self, jobs: Iterable[Job]) -> int:
        """How many of the queued that could start ask for what one of these jobs asks for."""
        sql = f"SELECT count(*) FROM {self._queue} AND job.blocked = 0 AND job.begin_at = 0 AND resources IN ({_RESOURCES})"
        return self.store.read(sql, (json.dumps([job.number for job in jobs]),))[0][0]

    def queued_with(self, codes: Iterable[int]) -> int:
        """How many of the queued were asked for with one of these codes."""
        sql = f"SELECT count(*) FROM {self._queue} AND job.code IN (SELECT value FROM json_each(?))"
        return self.store.read(sql, (json.dumps(list(codes)),))[0][0]

    def next_due(self, now: float) -> float | None:
        """When the first of the queued may start that may not at `now`, in seconds since 1970; None if none pauses."""
        sql = f"""SELECT min(not_before) FROM job INDEXED BY job_due
                  WHERE state = 'queued' AND {_PAUSES} AND {_within(self._startable)}"""
        return self.store.read(sql, (now, now + LONGEST_PAUSE))[0][0]

    def queued_outside(self, ranges: Iterable[tuple[int, int]]) -> int:
        """How many of the queued, due or not, have a number in none of these ranges."""
        rest = list(_without(self.ranges(), _united(ranges)))
        if not rest:
            return 0
        sql = """SELECT count(*) FROM json_each(?) AS own CROSS JOIN job INDEXED BY job_queued
                 WHERE job.state = 'queued' AND job.number
                 BETWEEN json_extract(own.value, '$[0]') AND json_extract(own.value, '$[1]')"""
        return self.store.read(sql, (json.dumps(rest),))[0][0]

    def are_over(self) -> bool:
        """Whether none is queued, active or held: one look, so that none is missed that is put back into the queue meanwhile."""
        sql = f"""SELECT CASE WHEN EXISTS (SELECT 1 FROM {self._queue}) OR EXISTS ({self._active}) THEN 0
                  ELSE NOT EXISTS (SELECT 1 FROM {self._all} AND job.state = 'held') END"""
        return bool(self.store.read(sql)[0][0])

    def first_open(self) -> Job | None:
        """The oldest that is not over."""
        sql = f"""SELECT job.* FROM {self._all} AND job.state IN ('queued', 'held', 'starting', 'running', 'stopping')
                  ORDER BY own.first, job.number LIMIT 1"""
        return next(map(job_from, self.store.read(sql)), None)

    def open_attempts(self) -> list[Attempt]:
        """Attempts that are not over, whoever runs them."""
        sql = f"""SELECT attempt.* FROM ({self._active}) AS own
                  JOIN attempt ON attempt.job = own.id AND attempt.number = own.attempts"""
        return [attempt_from(row) for row in self.store.read(sql)]

    def next_begin(self) -> float | None:
        """When the first of the queued begins that must not begin at once, in seconds since 1970; None if there is none."""
        sql = f"""SELECT begin_at FROM job INDEXED BY job_begin
                  WHERE state = 'queued' AND begin_at > 0 AND {_within(self._startable)} ORDER BY begin_at LIMIT 1"""
        rows = self.store.read(sql)
        return rows[0][0] if rows else None

    def active_names(self) -> list[str]:
        """The names of attempts that are not over, whoever runs them."""
        return [f"{row['id']}/{row['attempts']}" for row in self.store.read(self._active)]

    def _fill(self, table: str, ranges: Iterable[tuple[int, int]]) -> None:
        self.store.connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", ranges)


def before(store: Store, job: Job, limit: int) -> list[Job]:
    """The first of the queued that would start before `job` if there were a slot for all."""
    ahead = "(priority > ?1 OR priority = ?1 AND number < ?2)"
    sql = f"SELECT * FROM job WHERE {_FREE} AND {ahead} ORDER BY priority DESC, number LIMIT ?3"
    return [job_from(row) for row in store.read(sql, (job.priority, job.number, limit))]


def _within(table: str) -> str:
    """SQL: whether a job's number lies in one of the table's ranges."""
    return f"coalesce((SELECT last FROM {table} WHERE first <= job.number ORDER BY first DESC LIMIT 1), 0) >= job.number"


def _numbers(jobs: Iterable[Job]) -> Iterable[int]:
    return jobs.numbers if isinstance(jobs, JobList) else (job.number for job in jobs)


def ranges_of(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """First and last of every run of consecutive numbers."""
    listed = sorted(numbers)
    behind = [place for place in range(1, len(listed)) if listed[place] > listed[place - 1] + 1]
    return [(listed[first], listed[end - 1]) for first, end in zip((0, *behind), (*behind, len(listed)), strict=True) if listed]


def _united(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same numbers in order, as ranges of which no two touch."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            first, last = found[-1][0], max(last, found.pop()[1])
        found.append((first, last))
    return found


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
