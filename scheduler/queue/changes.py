"""The changes that the store knows, inside one transaction. Each moves a job along the transition table and leaves an event."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable, Mapping

from scheduler.experiments import Experiment
from scheduler.gpus.packing import GpuUse
from scheduler.home import Home
from scheduler.linux.processes import boot_id
from scheduler.queue.asks import as_json, wishes_as_json
from scheduler.queue.job import Attempt, Ending, Job, where
from scheduler.queue.latest import Latest, latest_of
from scheduler.queue.new_rows import Kept, runs_of, write
from scheduler.queue.states import ACTIVE, FOLLOWS, ImpossibleTransition, State, in_sql
from scheduler.queue.surroundings import Surroundings
from scheduler.queue.writer import Writer

LONGEST_PAUSE = 60.0  # seconds before a policy's next attempt
ASIDE = 500  # new jobs: for fewer a thread costs more than it saves
UNREAD = (None, 0, None)  # what is kept of the logs of an attempt that has just ended: they are to be read; see `kept`
HAS_BEGUN = "SELECT EXISTS (SELECT 1 FROM event WHERE job = ? AND attempt = ? AND state = 'running')"

# For each state, as SQL, the states that it may follow.
_BEFORE = {after: ", ".join(f"'{before}'" for before in State if after in FOLLOWS[before]) for after in State}


class Changes:
    """Use only inside `Store.change()`; nothing is durable before that block ends."""

    def __init__(self, connection: sqlite3.Connection, home: Home, writer: Writer | None = None) -> None:
        """`writer`: that of this connection, where it may write aside."""
        self._writer, self._home = writer or Writer(connection), home
        self._next: int | None = None  # number: nobody else adds jobs meanwhile

    @property
    def connection(self) -> sqlite3.Connection:
        """For the tables of this room that have a file of their own; when nothing is being written aside any more."""
        return self._writer.connection

    def add(
        self,
        experiments: Mapping[str, Experiment],
        cwd: str,
        earlier: Mapping[str, int],
        kept: Kept = lambda experiment: (None, None),
        file: str | None = None,
    ) -> dict[str, str]:
        """Queue new jobs for experiments by their keys, numbered from `next_number` on; returns the jobs' ids by key.

        `earlier` says how many jobs of a key there are already, where there are any: that tells their ids apart.
        What `kept` gives for an experiment, and `file`: `surroundings`, `code` and `file` as in `Job`. Very many may still be on
        their way to the file when this returns; whoever uses the connection waits for them.
        """
        if not experiments:
            return {}
        ids = {key: job_id(key, earlier.get(key, 0)) for key in experiments}
        runs, first = runs_of(experiments, ids, kept, (cwd, file, time.time())), self.next_number()
        self._next = first + len(ids)
        if len(ids) >= ASIDE and len(runs) == 1:  # of many statements each would wait for its turn in the interpreter
            self._writer.aside(lambda connection: write(connection, runs, first))
        else:
            write(self.connection, runs, first)
        return ids

    def next_number(self) -> int:
        """The number of the job that is added next."""
        if self._next is None:
            self._next = int(self.connection.execute("SELECT coalesce(max(number), 0) + 1 FROM job").fetchone()[0])
        return self._next

    def state(self, job: str) -> State:
        return State(self.connection.execute("SELECT state FROM job WHERE id = ?", (job,)).fetchone()[0])

    def number(self, job: str) -> int:
        return self.connection.execute("SELECT number FROM job WHERE id = ?", (job,)).fetchone()[0]

    def latest(self, keys: Iterable[str]) -> dict[str, Latest]:
        """The newest job of each key that has one."""
        cursor = self.connection.cursor()
        cursor.row_factory = None
        return latest_of(cursor.execute, keys)

    def move(self, job: str, after: State, detail: str = "", attempt: int | None = None) -> None:
        """Bring a job into a state that may follow its present one; ImpossibleTransition otherwise."""
        # The table of transitions, asked within the statement: a second one to read the state would cost as much again.
        sql = f"UPDATE job SET state = ? WHERE id = ? AND state IN ({_BEFORE[after]})"
        if not self.connection.execute(sql, (after.value, job)).rowcount:
            raise ImpossibleTransition(f"{self.state(job)} -> {after}")
        self._event(job, attempt, after, detail)

    def move_all(self, where: str, parameters: tuple, before: frozenset[State], after: State, detail: str) -> int:
        """Bring those of these jobs that are in a state of `before` into `after`, in one go; returns how many there were. `where`
        is SQL of ours."""
        assert all(after in FOLLOWS[state] for state in before)
        chosen = f"({where}) AND state IN {in_sql(before)}"
        event = f"INSERT INTO event (job, at, state, detail) SELECT id, ?, ?, ? FROM job WHERE {chosen}"
        self.connection.execute(event, (time.time(), after.value, detail, *parameters))
        return self.connection.execute(f"UPDATE job SET state = ? WHERE {chosen}", (after.value, *parameters)).rowcount

    def asked(self, directory: str, job: int | None = None) -> None:
        """The newest job, by its number, of what somebody has asked for in this directory (a real path); None: the one that was
        added last."""
        sql = "INSERT OR REPLACE INTO asked VALUES (?, coalesce(?, (SELECT max(number) FROM job)))"
        self.connection.execute(sql, (directory, job))

    def ask_again(self, job: str, detail: str, renewed: Experiment | None = None) -> None:
        """Queue an ended job for another attempt because a person asked; `renewed` brings what its file says now."""
        self.move(job, State.QUEUED, detail)
        self.connection.execute("UPDATE job SET failures = 0, not_before = 0, begin_at = 0 WHERE id = ?", (job,))
        if renewed:
            self._renew(job, renewed)

    def renew(self, job: str, renewed: Experiment, detail: str) -> None:
        """Bring a job that is queued, held or running its present resources, policy and command line: for its next attempt."""
        self._renew(job, renewed)
        self._event(job, None, self.state(job), detail)  # an event that repeats the state: what changed is not the state

    def _renew(self, job: str, renewed: Experiment) -> None:
        # A priority that a person gave the job itself stays until its file says another.
        self.connection.execute(
            """UPDATE job SET resources = ?1, policy = ?2, argv = ?3, environment = ?4, priority = CASE
               WHEN coalesce(json_extract(policy, '$.priority'), 0) = ?5 THEN priority ELSE ?5 END, slurm = ?6 WHERE id = ?7""",
            (
                *(as_json(renewed.resources), as_json(renewed.policy), renewed.argv_as_json, renewed.environment),
                *(renewed.policy.priority, wishes_as_json(renewed.slurm), job),
            ),
        )

    def asked_by(self, jobs: Iterable[int], file: str) -> None:
        """A file has asked for these jobs, by their numbers, whether they are new or not."""
        if numbers := list(jobs):
            sql = "UPDATE job SET file = ?1 WHERE number IN (SELECT value FROM json_each(?2)) AND file IS NOT ?1"
            self.connection.execute(sql, (file, json.dumps(numbers)))

    def remember(self, surroundings: Surroundings) -> int:
        """The number by which jobs refer to these; the same for the same."""
        text = (surroundings.as_text(),)
        self.connection.execute("INSERT OR IGNORE INTO surroundings (content) VALUES (?)", text)
        return self.connection.execute("SELECT number FROM surroundings WHERE content = ?", text).fetchone()[0]

    def surround(self, jobs: Iterable[int], surroundings: int) -> None:
        """The next attempts of these jobs, by their numbers, find other surroundings."""
        sql = """UPDATE job SET surroundings = ?1
                 WHERE number IN (SELECT value FROM json_each(?2)) AND surroundings IS NOT ?1"""
        self.connection.execute(sql, (surroundings, json.dumps(list(jobs))))

    def begin(
        self,
        job: Job,
        launcher: str,
        gpus: str,
        slot: int | None = None,
        ports: str = "",
        code: int | None = None,
        origin: int | None = None,
        home: Home | None = None,
    ) -> Attempt | None:
        """Open the next attempt of a queued job, or None if somebody else was quicker. A number whose directory is there already
        is passed over: a database that was restored or moved does not know of all attempts that were. From `gpus` on the values
        are the attempt's; `home`: where its directory lies, if not with the store."""
        row = self.connection.execute(
            "UPDATE job SET state = 'starting', attempts = attempts + 1 WHERE id = ? AND state = 'queued' RETURNING attempts",
            (job.id,),
        ).fetchone()
        if row is None:
            return None
        number = (home or self._home).free_attempt(job.id, row[0])
        if number != row[0]:
            self.connection.execute("UPDATE job SET attempts = ? WHERE id = ?", (number, job.id))
        which = (job.id, number, launcher, (home or self._home).attempt(job.id, number), time.time())
        attempt = Attempt(*which, boot=boot_id(), gpus=gpus, slot=slot, ports=ports, code=code, origin=origin)
        self._insert(attempt)
        self._event(job.id, attempt.number, State.STARTING, launcher)
        return attempt

    def found(self, job: str, number: int, started: float, reason: str) -> None:
        """An attempt of which there is a directory and nothing else: its outcome is unknown."""
        if self.state(job) is not State.QUEUED:
            self.move(job, State.QUEUED, "an attempt was found", number)
        self.move(job, State.STARTING, "an attempt was found", number)
        attempt = Attempt(job, number, "", self._home.attempt(job, number), started)
        self._insert(attempt)
        self.connection.execute("UPDATE job SET attempts = ? WHERE id = ?", (number, job))
        self.end(attempt, Ending(State.LOST, None, reason), None)

    def _insert(self, attempt: Attempt) -> None:
        a = attempt
        self.connection.execute(
            "INSERT INTO attempt (job, number, launcher, directory, started, boot, gpus, slot, ports, code, origin) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (a.job, a.number, a.launcher, a.directory, a.started, a.boot, a.gpus, a.slot, a.ports, a.code, a.origin),
        )

    def runs(self, attempt: Attempt, pid: int | None, birth: int | None, began: float | None = None) -> None:
        """The attempt's process is there; without `birth`, what it has left behind is; without `pid`, on another machine.
        `began`: since when, in seconds since 1970, where it was only handed over before."""
        self.connection.execute(
            "UPDATE attempt SET pid = ?, birth = ? WHERE job = ? AND number = ?", (pid, birth, attempt.job, attempt.number)
        )
        if began is not None:
            sql = "UPDATE attempt SET started = ? WHERE job = ? AND number = ? AND launcher = ?"
            self.connection.execute(sql, (began, attempt.job, attempt.number, attempt.launcher))
        if self.state(attempt.job) is State.STARTING:
            self.move(attempt.job, State.RUNNING, f"pid {pid}" if pid else f"on {where(attempt.launcher)}", attempt.number)

    def has_begun(self, attempt: Attempt) -> bool:
        """As `Store.has_begun`."""
        return bool(self.connection.execute(HAS_BEGUN, (attempt.job, attempt.number)).fetchone()[0])

    def astray(self, attempt: Attempt, elsewhere: str, detail: str) -> None:
        """The attempt computes on GPUs that it was not given. It stays in its state, and its record says so for good."""
        which = (attempt.job, attempt.number, attempt.launcher)
        sql = "UPDATE attempt SET elsewhere = ? WHERE job = ? AND number = ? AND launcher = ?"
        if self.connection.execute(sql, (elsewhere, *which)).rowcount:
            self._event(attempt.job, attempt.number, self.state(attempt.job), detail)

    def stopping(self, attempt: Attempt, detail: str) -> None:
        """The attempt is asked to stop; one that is over, or asked already, stays as it is."""
        if self.state(attempt.job) in (State.STARTING, State.RUNNING):
            self.move(attempt.job, State.STOPPING, detail, attempt.number)

    def remark(self, attempt: Attempt, detail: str) -> None:
        """Something befell an attempt that is not over: an event that repeats the state."""
        if (state := self.state(attempt.job)) in ACTIVE:
            self._event(attempt.job, attempt.number, state, detail)

    def never_ran(self, attempt: Attempt) -> bool:
        """The attempt's command certainly did not start: the attempt is not spent. False if somebody else has found that out,
        and the job may have begun again under the same number, with another launcher."""
        which = (attempt.job, attempt.number, attempt.launcher)
        gone = self.connection.execute("DELETE FROM attempt WHERE job = ? AND number = ? AND launcher = ?", which)
        if not gone.rowcount:
            return False
        self.connection.execute("DELETE FROM gpu_use WHERE job = ? AND attempt = ?", (attempt.job, attempt.number))
        sql = "UPDATE job SET attempts = coalesce((SELECT max(number) FROM attempt WHERE job = job.id), 0) WHERE id = ?"
        self.connection.execute(sql, (attempt.job,))
        self.move(attempt.job, State.QUEUED, "never ran", attempt.number)
        return True

    def end(self, attempt: Attempt, ending: Ending, duration: float | None, logged: tuple = UNREAD) -> bool:
        """Write the attempt's final record; False if it had one already, which then stays as it is. `logged`: as the columns
        source, rows and summary have it."""
        what = (time.time(), duration, ending.state.value, ending.exit_status, ending.reason)
        written = self.connection.execute(
            "UPDATE attempt SET ended = ?, duration = ?, state = ?, exit_status = ?, reason = ? "
            "WHERE job = ? AND number = ? AND launcher = ? AND state IS NULL",
            (*what, attempt.job, attempt.number, attempt.launcher),
        ).rowcount
        if written:
            self.move(attempt.job, ending.state, ending.reason, attempt.number)
            sql = "INSERT OR IGNORE INTO logged (job, attempt, source, rows, summary) VALUES (?, ?, ?, ?, ?)"
            self.connection.execute(sql, (attempt.job, attempt.number, *logged))
        return bool(written)

    def retry_by_policy(self, attempt: Attempt) -> None:
        """Queue the job again because its policy says so."""
        self.move(attempt.job, State.QUEUED, "retry by policy", attempt.number)
        # 1, 2, 4 ... seconds: what fails at once for an outer reason must not burn its retries within a second.
        sql = "UPDATE job SET failures = failures + 1, not_before = ? + min(?, 1 << min(failures, 30)) WHERE id = ?"
        self.connection.execute(sql, (time.time(), LONGEST_PAUSE, attempt.job))

    def repeat_free_of_charge(self, attempt: Attempt, detail: str) -> None:
        """Queue the job again without spending one of its retries."""
        self.move(attempt.job, State.QUEUED, detail, attempt.number)

    def used(self, uses: Iterable[GpuUse]) -> None:
        """Remember what an attempt had and used of its GPUs."""
        rows = [(u.job, u.attempt, u.uuid, u.model, u.granted, u.peak, u.out_of_memory, u.contended) for u in uses]
        if rows:
            self.connection.executemany("INSERT OR REPLACE INTO gpu_use VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def _event(self, job: str, attempt: int | None, state: State, detail: str) -> None:
        self.connection.execute(
            "INSERT INTO event (job, attempt, at, state, detail) VALUES (?, ?, ?, ?, ?)",
            (job, attempt, time.time(), state.value, detail),
        )


def job_id(key: str, earlier: int) -> str:
    """The id of a job whose key has so many jobs already."""
    return hashlib.sha256(f"{key} {earlier}".encode()).hexdigest()[:32]


def job_key(experiment: Experiment, directory: str) -> str:
    """What makes two requests the same job: the experiment and the real path of the working directory."""
    return hashlib.sha256(f"{experiment.id} {directory}".encode()).hexdigest()
