"""What a short job costs its runner in statements of the store: counted, so that a creep shows on a busy machine too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from scheduler.queue.kept import kept, unread
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.devices import Devices
from scheduler.runner.logs import BRIEF
from scheduler.runner.notices import Ended, Notice
from scheduler.runner.runner import Runner
from scheduler.runner.sources import QueueAlone

JOBS = 40
# Statements that write, for each that happens to an attempt: to begin; to be seen alive; to end; to be taken back unstarted. The
# change of a job's state counts three times: SQLite tells of the two triggers that look at it.
WRITES = {"starting": 5, "running": 5, "done": 6, "queued": 7}
ONCE = 2  # where they come from, before the first of each launcher
READS_OF_A_TURN, READS_AT_THE_BEGINNING = 9, 12
READS = {"running": 2, "queued": 2}  # of the state of an attempt that is seen alive, or is taken back


class Turns(QueueAlone):
    """Counts the turns of the loop."""

    count = 0

    def stops(self) -> tuple[()]:
        self.count += 1
        return ()


@pytest.fixture
def asked(store: Store, experiments, tmp_path: Path) -> tuple[list[str], int]:
    """What the store was asked while JOBS short jobs ran, and in how many turns of the loop."""
    jobs = submit(store, experiments(f"command: ['true', '${{args}}']\ngrid: {{x: {list(range(JOBS))}}}\n"), str(tmp_path)).jobs
    statements: list[str] = []
    turns = Turns()

    def tell(notice: Notice) -> None:
        if isinstance(notice, Ended):  # whatever this machine takes for one, they are sent ahead
            for _ in range(20):
                runner._jobs.fleet.learn(0.0)

    runner = Runner(Mine(store, jobs), Devices("the test's machine"), 2, tell, turns)
    store.connection.set_trace_callback(statements.append)
    runner.run()
    store.connection.set_trace_callback(None)
    return statements, turns.count


def begun_with(statements: Iterable[str], *words: str) -> int:
    return sum(statement.lstrip().startswith(words) for statement in statements)


def test_a_short_job_costs_no_more_statements_than_its_record_has_rows(store: Store, asked) -> None:
    """Each of a thousand jobs pays for a statement more, and nobody who adds one sees that."""
    statements, _ = asked
    happened = Counter(event["state"] for job in store.jobs() for event in store.events(job.id) if event["attempt"])
    expected = ONCE + sum(WRITES[state] * count for state, count in happened.items())
    assert happened["done"] == JOBS
    assert begun_with(statements, "INSERT", "UPDATE", "DELETE") <= expected


def test_a_turn_of_the_loop_commits_once_and_asks_nine_questions_at_most(store: Store, asked) -> None:
    """However many jobs end and start in it: that is why a thousand short ones take a second."""
    statements, turns = asked
    happened = Counter(event["state"] for job in store.jobs() for event in store.events(job.id) if event["attempt"])
    assert begun_with(statements, "BEGIN") <= turns + happened["running"]
    more = READS_AT_THE_BEGINNING + sum(READS.get(state, 0) * count for state, count in happened.items())
    assert begun_with(statements, "SELECT") <= READS_OF_A_TURN * turns + more


def test_that_a_job_has_logged_nothing_is_written_down_with_its_end(store: Store, experiments, tmp_path: Path) -> None:
    """Its logs were read by a thread, and the record that there was nothing in them written a second time."""
    jobs = submit(store, experiments("command: ['true', '${args}']\ngrid: {x: [1, 2, 3]}\n"), str(tmp_path)).jobs
    at_once: list[bool] = []

    def tell(notice: Notice) -> None:
        if isinstance(notice, Ended) and (notice.duration or 0.0) < BRIEF:
            at_once.append(notice.attempt.name not in {attempt.name for attempt in unread(store)})

    Runner(Mine(store, jobs), Devices("the test's machine"), 1, tell).run()
    assert all(at_once)
    attempts = [attempt for job in jobs for attempt in store.attempts(job.id)]
    assert [found and found.logged.rows for found in kept(store, attempts).values()] == [0, 0, 0]
