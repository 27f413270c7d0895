"""The store on real SQLite."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from scheduler.errors import StateError
from scheduler.experiments import Policy, Ranking, Resources
from scheduler.home import Home, open_home
from scheduler.queue.changes import Changes, job_key
from scheduler.queue.database import Database, Unwritable
from scheduler.queue.in_bulk import KEYS, LATER, in_bulk
from scheduler.queue.job import Ending
from scheduler.queue.mine import Mine
from scheduler.queue.schema import MIGRATIONS
from scheduler.queue.states import ImpossibleTransition, State
from scheduler.queue.store import Store
from scheduler.queue.submit import Verb, submit
from scheduler.runner.endings import apply
from scheduler.runner.recovery import NeverRan, StillThere
from tests.descriptors import open_files

THREE = "command: ['true', '${args}']\ngrid: {x: [1, 2, 3]}\n"


def test_jobs_come_back_as_they_went_in(store: Store, experiments) -> None:
    """Order, command, configuration, resources and policy survive the way through SQLite."""
    text = THREE + "experiment_group: Größe\nresources: {gpus: 0, cpus: 2}\npolicy: {retries: 2, timeout: 90s}\n"
    asked = experiments(text)
    submit(store, asked, "/")
    jobs = store.jobs()
    assert [job.argv for job in jobs] == [each.argv for each in asked]
    assert [job.config for job in jobs] == [{"x": 1}, {"x": 2}, {"x": 3}]
    assert {(job.group, job.resources, job.policy) for job in jobs} == {("Größe", asked[0].resources, asked[0].policy)}


def test_the_same_file_twice_gives_the_same_jobs(store: Store, experiments) -> None:
    """Identity is content and directory, not the moment of submitting."""
    first = submit(store, experiments(THREE), "/")
    second = submit(store, experiments(THREE), "/")
    assert [job.id for job in first.jobs] == [job.id for job in second.jobs]
    assert second.counts == {Verb.QUEUED: 3}
    assert submit(store, experiments(THREE), "/tmp").counts == {Verb.NEW: 3}  # noqa: S108 (a name, nothing is written)


def test_the_newest_job_of_an_experiment_stands_for_it(store: Store, experiments) -> None:
    """After `--again` the old result must not hide the new one."""
    one = "command: ['true', '${args}']\ngrid: {x: [1]}\n"
    for state in (State.DONE, State.FAILED):
        (job,) = submit(store, experiments(one), "/", again=True).jobs
        with store.change() as change:
            attempt = change.begin(job, "launcher", "")
            assert attempt
            change.end(attempt, Ending(state, 0), 1.0)
    submission = submit(store, experiments(one), "/")
    assert submission.counts == {Verb.RETRIED: 1}
    assert submission.jobs[0].id == store.jobs()[-1].id
    assert len(store.jobs()) == 2


def test_an_experiment_that_stands_twice_in_a_file_is_one_job(store: Store, experiments) -> None:
    """`prepare` keeps duplicates as the lab did; `run` runs each once."""
    submission = submit(store, experiments("command: ['true', '${args}']\ngrid: {x: [1, 1, 2]}\n"), "/")
    assert (len(submission.jobs), submission.repeated) == (2, 1)


def test_a_long_submit_is_read_in_pieces_and_keeps_its_order(store: Store, experiments) -> None:
    """Beyond what goes to SQLite together: repeated experiments are told from those that were queued before."""
    asked = experiments(f"command: ['true', '${{args}}']\ngrid: {{x: {list(range(2300))}}}\n")
    before = submit(store, asked[1500:1510], "/")
    found = submit(store, [*asked, *asked[1495:1505]], "/")
    assert found.counts == {Verb.NEW: 2290, Verb.QUEUED: 10}
    assert found.repeated == 10
    assert [job.config["x"] for job in found.jobs] == list(range(2300))
    assert list(found.jobs[1500:1510]) == list(before.jobs)
    assert found.jobs[-1].config == {"x": 2299}
    mine = Mine(store, found.jobs)
    assert mine.counts() == {State.QUEUED: 2300}


def test_a_submit_that_fails_in_the_middle_leaves_nothing(store: Store, experiments) -> None:
    """All of a file is queued, or nothing."""

    def breaks_off():
        yield from experiments(THREE)
        raise RuntimeError("the file turned out to be wrong")

    with pytest.raises(RuntimeError):
        submit(store, breaks_off(), "/")
    assert store.jobs() == []


def test_an_attempt_has_one_final_record_for_ever(store: Store, experiments) -> None:
    """Two who saw it end (a runner and one that adopted its jobs) must not write two histories."""
    (job, *_) = submit(store, experiments(THREE), "/").jobs
    with store.change() as change:
        attempt = change.begin(job, "launcher", "")
        assert attempt
        assert change.end(attempt, Ending(State.DONE, 0), 1.0) is True
        assert change.end(attempt, Ending(State.FAILED, 1), 1.0) is False
    (kept,) = store.attempts(job.id)
    assert kept.ending == Ending(State.DONE, 0)
    assert store.job(job.id).state is State.DONE


def test_of_two_who_start_the_same_job_one_succeeds(store: Store, experiments) -> None:
    """Two runners see the same queue; the transaction decides."""
    (job, *_) = submit(store, experiments(THREE), "/").jobs
    with store.change() as change:
        assert change.begin(job, "one", "") is not None
    with Store(store.home) as other, other.change() as change:
        assert change.begin(job, "two", "") is None
    assert [attempt.launcher for attempt in store.attempts(job.id)] == ["one"]


def test_an_attempt_that_never_ran_is_not_spent(store: Store, experiments) -> None:
    """A crash of ours between commit and start costs the user nothing."""
    (job, *_) = submit(store, experiments(THREE), "/").jobs
    with store.change() as change:
        attempt = change.begin(job, "launcher", "")
        assert attempt
        change.never_ran(attempt)
    again = store.job(job.id)
    assert (again.state, again.attempts, store.attempts(job.id)) == (State.QUEUED, 0, [])


def test_two_who_recover_at_once_do_not_start_a_job_twice(store: Store, experiments) -> None:
    """Both found the same attempt unstarted; one has queued the job and begun it again, under the same number, when the other
    comes to write."""
    (job, *_) = submit(store, experiments(THREE), "/").jobs
    with store.change() as change:
        found = change.begin(job, "killed", "")
        assert found
        assert apply(change, found, NeverRan(), None)
        assert change.begin(job, "living", "")
        assert not apply(change, found, NeverRan(), None)
        assert not change.end(found, Ending(State.LOST), None)
    assert store.job(job.id).state is State.STARTING
    assert [attempt.launcher for attempt in store.attempts(job.id)] == ["living"]


def test_a_verdict_is_written_once_and_says_whether_it_was(store: Store, experiments) -> None:
    """Two runners may have come to it; only the one that wrote goes on to what follows from the end."""
    (job, *_) = submit(store, experiments(THREE), "/").jobs
    with store.change() as change:
        attempt = change.begin(job, "gone", "")
        assert attempt
        assert apply(change, attempt, StillThere(), None) is False
        assert store.job(job.id).state is State.STARTING
        assert apply(change, attempt, Ending(State.FAILED, 3, "exit status 3"), 1.5) is True
        assert apply(change, attempt, Ending(State.LOST), None) is False
        assert apply(change, attempt, NeverRan(), None) is False
    (written,) = store.attempts(job.id)
    assert (written.ending, written.duration) == (Ending(State.FAILED, 3, "exit status 3"), 1.5)


def test_a_job_that_is_cancelled_while_it_starts_is_over_if_it_never_ran(store: Store, experiments) -> None:
    """Its launcher was killed in between: it must neither begin again nor stay `stopping` for ever."""
    (job, *_) = submit(store, experiments(THREE), "/").jobs
    with store.change() as change:
        attempt = change.begin(job, "killed", "")
        assert attempt
        change.stopping(attempt, "cancel")
        assert apply(change, attempt, NeverRan(), None)
    assert store.job(job.id).state is State.CANCELLED


def test_every_state_is_the_replay_of_its_events(store: Store, experiments) -> None:
    """The events are the history; a state that they do not explain would be a lie."""
    (job, other, _) = submit(store, experiments(THREE), "/").jobs
    with store.change() as change:
        attempt = change.begin(job, "launcher", "")
        assert attempt
        change.runs(attempt, os.getpid(), 1)
        change.stopping(attempt, "asked")
        change.end(attempt, Ending(State.CANCELLED, -2), 1.0)
        change.ask_again(job.id, "retry")
        change.move(other.id, State.CANCELLED)
    for each in store.jobs():
        assert store.events(each.id)[-1]["state"] == each.state
    assert [event["state"] for event in store.events(job.id)] == [
        "queued",
        "starting",
        "running",
        "stopping",
        "cancelled",
        "queued",
    ]


def test_an_impossible_transition_changes_nothing(store: Store, experiments) -> None:
    """A defect of ours stops loudly, with the whole transaction undone."""
    (job, *_) = submit(store, experiments(THREE), "/").jobs

    def held_then_done() -> None:
        with store.change() as change:
            change.move(job.id, State.HELD)
            change.move(job.id, State.DONE)

    with pytest.raises(ImpossibleTransition):
        held_then_done()
    assert store.job(job.id).state is State.QUEUED


def _killed_in_a_transaction(root: str) -> None:
    with Store(open_home(Path(root))) as store, store.change() as change:
        change.move(store.jobs()[0].id, State.CANCELLED)
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_writer_killed_in_its_transaction_leaves_the_old_state_and_no_lock(store: Store, experiments) -> None:
    """kill -9 at the worst moment: nothing half written, nobody waits for a dead one."""
    (job, *_) = submit(store, experiments(THREE), "/").jobs
    victim = multiprocessing.get_context("spawn").Process(target=_killed_in_a_transaction, args=(str(store.home.root),))
    victim.start()
    victim.join(60)
    assert victim.exitcode == -signal.SIGKILL
    assert store.job(job.id).state is State.QUEUED
    with store.change() as change:
        change.move(job.id, State.CANCELLED)


def _adds_jobs(root: str, name: str, count: int) -> None:
    with Store(open_home(Path(root))) as store:
        for number in range(count):
            with store.change() as change:
                _insert(change, f"{name}-{number}")


def _insert(change: Changes, key: str) -> None:
    from scheduler.experiments import Experiment

    change.add({key: Experiment(("true",), "{}")}, "/", {})


def test_many_writers_lose_nothing(store: Store) -> None:
    """Eight processes that write at once all get their turn; none sees `database is locked`."""
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_adds_jobs, args=(str(store.home.root), str(n), 25)) for n in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(100)
    assert [writer.exitcode for writer in writers] == [0] * 8
    assert len(store.jobs()) == 200


def test_the_state_directory_and_its_files_are_private(store: Store) -> None:
    """Configurations and logs are nobody else's business."""
    assert stat.S_IMODE(store.home.root.stat().st_mode) == 0o700
    assert stat.S_IMODE(store.home.database.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.home.write_lock.stat().st_mode) == 0o600


def test_no_second_database_is_made_when_two_start_at_once(home: Home) -> None:
    """The file is built beside its place and renamed under the write lock."""
    spawn = multiprocessing.get_context("spawn")
    starters = [spawn.Process(target=_adds_jobs, args=(str(home.root), str(n), 1)) for n in range(4)]
    for each in starters:
        each.start()
    for each in starters:
        each.join(60)
    with Store(home) as opened:
        assert len(opened.jobs()) == 4


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _overwritten(path: Path) -> None:
    path.write_bytes(b"\0" * 4096 + path.read_bytes()[4096:])


def _foreign(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()


def _newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [(_emptied, "is empty"), (_overwritten, "is damaged"), (_foreign, "was not made by exp-queue"), (_newer, "newer exp-queue")],
)
def test_a_file_that_is_not_a_sound_queue_is_refused_and_left_alone(home: Home, spoil, message: str) -> None:
    """Never overwrite what could still be rescued; say what to do."""
    Store(home).close()
    spoil(home.database)
    before = home.database.read_bytes()
    with pytest.raises(StateError, match=message) as caught:
        Store(home)
    assert caught.value.next_step
    assert home.database.read_bytes() == before


@pytest.mark.parametrize("spoil", [_emptied, _overwritten, _foreign, _newer])
def test_of_a_queue_that_is_refused_nothing_stays_open(home: Home, spoil) -> None:
    """A live page or a notebook tries again and again, and each time had one more descriptor of the lock."""
    Store(home).close()
    spoil(home.database)
    with pytest.raises(StateError) as refused:
        Store(home)
    assert refused.tb, "who keeps the error keeps all that its frames hold"
    assert [path for _, path in open_files() if path.startswith(str(home.root))] == []


def test_another_users_state_directory_is_refused(tmp_path: Path) -> None:
    """Never write into what somebody else controls."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a directory that belongs to another user")
    (tmp_path / "theirs").mkdir()
    try:
        os.chown(tmp_path / "theirs", 12345, 12345)
    except OSError:
        pytest.skip("this root (of a container) knows no other users")
    with pytest.raises(StateError, match="belongs to user 12345"):
        open_home(tmp_path / "theirs")


def test_what_failed_first_is_told_where_sqlite_has_rolled_back_by_itself(home: Home) -> None:
    """A full disk: people read "cannot rollback - no transaction is active", and looked for the fault in the queue."""
    database = Database(home)

    def fill() -> None:
        with database.write() as connection:
            connection.execute("ROLLBACK")
            raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(Unwritable, match="disk is full"):
        fill()
    database.close()


def test_a_commit_that_fails_leaves_nothing_open(home: Home) -> None:
    """The next change would fail too, with words about a transaction within a transaction."""
    database = Database(home)

    def violate() -> None:
        with database.write() as connection:
            connection.execute("PRAGMA defer_foreign_keys = ON")
            connection.execute("INSERT INTO event (job, at, state) VALUES ('nobody', 0, 'queued')")

    with pytest.raises(sqlite3.IntegrityError):
        violate()
    with database.write() as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone()[0] == 0
    database.close()


def test_after_a_change_of_many_jobs_sqlite_looks_again_whether_what_is_named_is_there(store: Store, experiments) -> None:
    """It does not look while thousands are written, and that must not outlast them, nor a change that fails."""
    submit(store, experiments(THREE), "/")

    def fail() -> None:
        with store.change(many=True):
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    for many in (True, False):
        with store.change(many=many) as change:
            change.move_all("1", (), frozenset({State.QUEUED}), State.HELD, "held")
        assert store.read("PRAGMA foreign_keys")[0][0] == 1
    assert not store.read("PRAGMA foreign_key_check")


def indexes(store: Store) -> dict[str, str]:
    return {row["name"]: row["sql"] for row in store.read("SELECT name, sql FROM sqlite_master WHERE sql LIKE 'CREATE INDEX%'")}


def test_indexes_that_a_long_submit_builds_at_its_end_are_those_that_were_there(store: Store, experiments) -> None:
    """Without them every look for an id or at the events of a job would go through the whole queue, for ever after."""
    before, cache = indexes(store), store.read("PRAGMA cache_size")[0][0]
    with store.change(many=True) as change, in_bulk(change, many=2, more=2) as added:
        keyed = {job_key(each, "/"): each for each in experiments(THREE)}
        change.add(keyed, "/", {})
        added()
        assert len(indexes(store)) == len(before) - len([*LATER, KEYS])
    assert (indexes(store), store.read("PRAGMA cache_size")[0][0]) == (before, cache)
    assert store.read("PRAGMA integrity_check")[0][0] == "ok"
    assert [event["state"] for event in store.events(store.jobs()[0].id)] == ["queued"]


def test_a_long_submit_behind_a_shorter_queue_can_look_for_its_keys(store: Store, experiments) -> None:
    """It asks for each thousand what the queue has of them, and without the index would read all of it each time."""
    submit(store, experiments(THREE), "/")
    with store.change(many=True) as change, in_bulk(change, many=2) as added:
        for directory in ("/one", "/two"):
            change.add({job_key(each, directory): each for each in experiments(THREE)}, directory, {})
        added()
        assert KEYS in indexes(store)
        assert LATER[0] not in indexes(store)


def test_a_long_submit_behind_a_longer_queue_leaves_the_indexes_alone(store: Store, experiments) -> None:
    """To build them anew costs as much as the whole queue is long."""
    submit(store, experiments(THREE), "/")
    with store.change(many=True) as change, in_bulk(change, many=1) as added:
        change.add({job_key(each, "/other"): each for each in experiments(THREE)}, "/other", {})
        added()
        assert LATER[0] in indexes(store)


def test_a_queued_or_held_job_takes_what_its_file_asks_for_now(store: Store, experiments) -> None:
    """`change its resources and run the file again` was the advice of an error message, and had no effect."""
    first = list(submit(store, experiments(THREE + "resources: {gpus: 5}\n"), "/").jobs)
    with store.change() as change:
        change.move(first[1].id, State.HELD)
        change.begin(first[2], "launcher", "")
    now = THREE + "resources: {gpus: 0, cpus: 2}\npolicy: {retries: 3, max_failures: none}\n"
    again = submit(store, experiments(now), "/")
    assert again.counts == {Verb.RENEWED: 2, Verb.NEXT_TIME: 1}
    assert [job.state for job in again.jobs] == [State.QUEUED, State.HELD, State.STARTING]
    asked = {(job.resources, job.policy) for job in again.jobs}
    assert asked == {(Resources(gpus=0, cpus=2), Policy(retries=3, max_failures=None))}
    assert [job.id for job in again.jobs] == [job.id for job in first], "what it asks for is no part of what it is"
    for job in again.jobs:
        event = store.events(job.id)[-1]
        assert (event["state"], event["attempt"]) == (job.state, None)
        assert "resources" in event["detail"]
    assert submit(store, experiments(now), "/").counts == {Verb.QUEUED: 2, Verb.RUNNING: 1}, "nothing has changed since"


def test_the_objective_of_a_file_is_kept_and_is_no_part_of_a_job(store: Store, experiments) -> None:
    """It ranks the table of whoever looks later; to say it afterwards makes no new job."""
    first = submit(store, experiments(THREE), "/").jobs
    ranked = submit(store, experiments(THREE + "policy: {objective: {metric: loss, goal: minimize}}\n"), "/").jobs
    assert [job.id for job in ranked] == [job.id for job in first]
    assert {job.policy for job in ranked} == {Policy(objective=Ranking("loss", "minimize"))}


def test_a_job_of_an_older_queue_is_not_renewed_for_a_field_that_it_lacks(store: Store, experiments) -> None:
    """A default that nobody has written down is the same as one that somebody has."""
    jobs = submit(store, experiments(THREE), "/").jobs
    with store.change() as change:
        change.connection.execute("UPDATE job SET policy = json_remove(policy, '$.max_failures')")
    assert submit(store, experiments(THREE), "/").counts == {Verb.QUEUED: 3}
    assert jobs[0].policy == Policy()


def test_a_field_that_a_newer_version_has_written_does_not_lock_the_queue(store: Store, experiments) -> None:
    """Two versions of the program on one machine share the queue of their user."""
    jobs = submit(store, experiments(THREE + "policy: {retries: 2}\n"), "/").jobs
    with store.change() as change:
        change.connection.execute("UPDATE job SET policy = json_insert(policy, '$.later', 1)")
        change.connection.execute("UPDATE job SET resources = json_insert(resources, '$.later', 1)")
    assert (jobs[0].policy, jobs[0].resources) == (Policy(retries=2), Resources())


@pytest.mark.parametrize("column", ["argv", "resources", "policy", "state"])
def test_a_row_that_cannot_be_read_is_named(store: Store, experiments, column: str) -> None:
    """A person who has mended the database by hand must hear which job it was, not where our reader stumbled."""
    jobs = submit(store, experiments(THREE), "/").jobs
    first = jobs[0]
    with store.change() as change:
        change.connection.execute(f"UPDATE job SET {column} = 'odd' WHERE id = ?", (first.id,))  # noqa: S608 - a name of ours
    with pytest.raises(StateError, match=f"job {first.short_id} in the queue cannot be read"):
        store.jobs()


def test_a_program_that_keeps_the_database_is_named_and_waited_for(store: Store, experiments) -> None:
    """Somebody has begun a transaction in `sqlite3 queue.db` and gone home: a runner says so, and goes on when it can."""
    code = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE')"
    code += "; print('kept', flush=True); sys.stdin.read()"
    command = [sys.executable, "-I", "-S", "-c", code, str(store.home.database)]
    keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert keeper.stdout
    assert keeper.stdout.readline() == "kept\n"
    store._database.connection.execute("PRAGMA busy_timeout = 10")
    with pytest.raises(Unwritable, match=rf"database is locked.*process {keeper.pid} \(python"):
        submit(store, experiments(THREE), "/")
    keeper.communicate("")
    assert len(submit(store, experiments(THREE), "/").jobs) == 3
