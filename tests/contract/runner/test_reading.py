"""What jobs log is read while they run and kept when they are over: a real runner, real processes, a real store."""

from __future__ import annotations

import json
import os
import resource
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.actions.logged import logged, summaries
from scheduler.actions.results import lines
from scheduler.home import Home
from scheduler.linux.wakeups import Wakeups
from scheduler.queue.job import Attempt, Ending, Job
from scheduler.queue.kept import kept, unread, with_curves
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.attempts import End, Running
from scheduler.runner.devices import Devices
from scheduler.runner.notices import Notice, Started, StillReading
from scheduler.runner.reading import Reading
from scheduler.runner.runner import Runner
from scheduler.runner.settling import settle
from scheduler.tracking.left import left
from scheduler.tracking.readers.kinds import METRIC_LOG, OUTPUT, WANDB
from tests.descriptors import open_files
from tests.unit.tracking import transaction_logs

JOB = "command: [sh, -c, {command}, '${{args}}']\ngrid: {{x: [1]}}\n"


def queued(store: Store, experiments, command: str, policy: str = "") -> Job:
    (job,) = submit(store, experiments(JOB.format(command=json.dumps(command)) + policy), "/").jobs
    return job


def ran(store: Store, job: Job, tell: Callable[[Notice], None] = lambda notice: None) -> Attempt:
    Runner(Mine(store, [job]), Devices(""), 1, tell).run()
    return store.attempts(job.id)[-1]


def over(store: Store, experiments, write: Callable[[Path], object], command: str = "true") -> tuple[Job, Attempt]:
    """A job whose attempt is over, with these logs, which nobody has read."""
    job = queued(store, experiments, command)
    with store.change() as change:
        attempt = change.begin(job, "launcher", "")
        assert attempt
        Path(attempt.directory).mkdir(parents=True)
        write(Path(attempt.directory))
        change.end(attempt, Ending(State.DONE, 0), 1.0)
    return store.job(job.id), store.attempts(job.id)[-1]


def read(store: Store, home: Home) -> None:
    """Have all be read that is over."""
    reading = Reading(home)
    reading.catch_up(store)
    read_out(reading)


def read_out(reading: Reading) -> None:
    """Wait until all is read and written down that it has heard of."""
    with Wakeups(lambda number: None) as wakeups:
        reading.wait(wakeups)
        reading.leave()


def test_a_runner_without_a_descriptor_to_spare_reads_later(store: Store, home: Home, experiments) -> None:
    """It may hear of its first job just then, and must not die of it."""
    job, attempt = over(store, experiments, lambda place: (place / "log.txt").write_text("loss=0.5\nloss=0.25\n"))
    reading = Reading(home)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        reading.began(job, attempt)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    reading.ended(End(Running(job, attempt), Ending(State.DONE, 0), 1.0), Ending(State.DONE, 0))
    read_out(reading)
    assert logged(store, job, attempt).last == {"loss": 0.25}
    assert unread(store) == []


def test_what_a_plain_script_prints_stands_in_the_tables_when_its_log_is_gone(store: Store, experiments) -> None:
    """A log may be deleted for room; what came out of a job may not go with it."""
    job = queued(store, experiments, "for n in 1 2 4; do echo epoch=$n, loss=0.$n; done")
    attempt = ran(store, job)
    shutil.rmtree(attempt.directory)
    (line,) = lines(store, [store.job(job.id)])
    assert (dict(line.outcome.last), line.outcome.rows) == ({"epoch": 4, "loss": 0.4}, 3)
    found = logged(store, job, attempt)
    assert (found.source, found.series["loss"].best("minimize")) == (OUTPUT, (0.1, 0))
    assert [point.last for point in found.series["loss"].curve] == [0.1, 0.2, 0.4]
    assert summaries(store, [job])[job.id].series["loss"].curve == ()


def test_the_objective_that_a_metric_log_declares_is_kept_with_its_values(store: Store, experiments) -> None:
    """The table is sorted by it, also without the log."""
    head = '{"_config": {}, "_objective": {"name": "acc", "goal": "maximize"}}'
    job = queued(store, experiments, f"printf '%s\\n' '{head}' '{{\"acc\": 0.5}}' > $EXP_QUEUE_METRICS")
    attempt = ran(store, job)
    attempt.metrics.unlink()
    (line,) = lines(store, [store.job(job.id)])
    assert line.outcome.objective
    assert (line.outcome.objective.goal, line.outcome.objective_value) == ("maximize", 0.5)


def test_a_running_job_shows_to_others_what_it_has_printed_by_now(store: Store, experiments, tmp_path: Path) -> None:
    """`status` in another window, while the training goes on."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    job = queued(store, experiments, f"echo loss=0.5; read line < {gate}; echo loss=0.25")
    seen: list[float] = []

    def let_go(attempt: Attempt) -> None:
        deadline = threading.Event()
        for _ in range(1000):
            if found := left(Path(attempt.directory)):
                seen.append(found.last["loss"])
                break
            deadline.wait(0.1)
        gate.write_text("on\n")

    def tell(notice: Notice) -> None:
        if isinstance(notice, Started):
            threading.Thread(target=let_go, args=(notice.attempt,)).start()

    attempt = ran(store, job, tell)
    assert seen == [0.5]
    assert left(Path(attempt.directory)) is None
    assert logged(store, job, attempt).last["loss"] == 0.25


def test_a_job_that_was_silent_for_a_while_is_heard_again(store: Store, experiments, tmp_path: Path) -> None:
    """One that logs all the time is looked at without being listened to; an epoch that takes an hour must end that."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    silence = 4  # seconds, as long as anything that wakes the reader by itself; more or less of it never fails a sound reader
    job = queued(store, experiments, f"echo loss=0.5; sleep {silence}; echo loss=0.25; read line < {gate}")
    heard: list[float] = []

    def let_go(attempt: Attempt) -> None:
        pause = threading.Event()
        for _ in range(300):
            found = left(Path(attempt.directory))
            heard[:] = [found.last["loss"]] if found else []
            if heard == [0.25] or pause.wait(0.1):
                break
        gate.write_text("on\n")

    def tell(notice: Notice) -> None:
        if isinstance(notice, Started):
            threading.Thread(target=let_go, args=(notice.attempt,)).start()

    ran(store, job, tell)
    assert heard == [0.25]


def test_an_attempt_whose_runner_was_killed_before_it_was_read_is_read_by_the_next(store: Store, home: Home, experiments) -> None:
    """The end is on disk, what was logged is not: it must not be forgotten."""
    job, attempt = over(store, experiments, lambda folder: (folder / "log.txt").write_text("loss=0.5\n"))
    assert [each.name for each in unread(store)] == [attempt.name]
    assert kept(store, [attempt]) == {attempt.name: None}
    read(store, home)
    assert unread(store) == []
    found = with_curves(store, attempt)
    assert found
    assert dict(found.last) == {"loss": 0.5}
    assert dict(lines(store, [job])[0].outcome.last) == {"loss": 0.5}


def test_an_end_that_is_settled_later_is_read_then(store: Store, experiments) -> None:
    """The runner was killed and the launcher has ended meanwhile: whoever comes next writes down what there is."""
    job = queued(store, experiments, "true")
    with store.change() as change:
        attempt = change.begin(job, "gone", "")
        assert attempt
    folder = Path(attempt.directory)
    folder.mkdir(parents=True)
    (folder / "log.txt").write_text("loss=0.5\nloss=0.2")  # cut: perhaps of 0.25
    assert settle(store) == []
    shutil.rmtree(folder)
    assert dict(logged(store, job, store.attempts(job.id)[-1]).last) == {"loss": 0.5}


def test_of_a_log_that_takes_long_it_is_said_how_far_it_is_read(store: Store, home: Home, experiments) -> None:
    """A command whose jobs are over and that does not end looks as if it hung."""
    rows = "".join(f'{{"_step": {n}, "loss": {n / 7}, "acc": {n / 3}}}\n' for n in range(50_000))
    over(store, experiments, lambda folder: (folder / "metrics.jsonl").write_text(rows))
    heard: list[StillReading] = []
    reading = Reading(home)
    reading.catch_up(store)
    with Wakeups(lambda number: None) as wakeups:
        reading.wait(wakeups, tell=heard.append, silence=0.0)
        reading.leave()
    assert heard
    assert 0 < heard[0].share <= 1
    assert not unread(store)


def test_what_is_kept_is_written_once(store: Store, home: Home, experiments) -> None:
    """Two runners may read the same end; the second may find less, where the log was deleted meanwhile."""
    job, attempt = over(store, experiments, lambda folder: (folder / "log.txt").write_text("loss=0.5\n"))
    read(store, home)
    shutil.rmtree(attempt.directory)
    assert attempt.ending
    late = Reading(home)
    late.ended(End(Running(job, attempt), attempt.ending, attempt.duration), attempt.ending)
    read_out(late)
    found = with_curves(store, attempt)
    assert found
    assert dict(found.last) == {"loss": 0.5}


def test_what_is_over_is_written_down_while_others_go_on(store: Store, home: Home, experiments, until) -> None:
    """A run may take days: what its first job has logged must not wait for its last, nor for another word about others."""
    reading = Reading(home)
    for value in (0.5, 0.25):  # the second one when it sleeps
        text = f"loss={value}\n"
        job, attempt = over(store, experiments, lambda folder, text=text: (folder / "log.txt").write_text(text), f"true {value}")
        reading.ended(End(Running(job, attempt), Ending(State.DONE, 0), 1.0), Ending(State.DONE, 0))
        until(lambda attempt=attempt: kept(store, [attempt])[attempt.name])
        assert logged(store, job, attempt).last == {"loss": value}
    read_out(reading)


def test_a_log_that_cannot_be_read_harms_neither_its_run_nor_the_others(store: Store, home: Home, experiments) -> None:
    """A folder of that name, a pipe, a W&B log of noise."""

    def noise(folder: Path) -> None:
        (folder / "metrics.jsonl").mkdir()
        os.mkfifo(folder / "log.txt")
        run = folder / "wandb/offline-run-1-x"
        run.mkdir(parents=True)
        (run / "run-x.wandb").write_bytes(os.urandom(1 << 16))

    _, attempt = over(store, experiments, noise)
    read(store, home)
    assert unread(store) == []
    found = with_curves(store, attempt)
    assert found
    assert found.rows == 0


def test_the_values_of_a_wandb_run_are_kept_with_its_summary(store: Store, home: Home, experiments) -> None:
    """What the script says in the end of its run is its last word."""

    def write(folder: Path) -> None:
        run = folder / "wandb/offline-run-1-x"
        run.mkdir(parents=True)
        rows = [transaction_logs.row(n, loss=1 / (n + 1)) for n in range(3)]
        (run / "run-x.wandb").write_bytes(transaction_logs.framed([*rows, transaction_logs.summary(final_loss=0.125)]))

    job, attempt = over(store, experiments, write)
    read(store, home)
    assert logged(store, job, attempt).source == WANDB
    assert dict(lines(store, [job])[0].outcome.last)["final_loss"] == 0.125


def test_an_attempt_of_before_is_read_from_its_metric_log(store: Store, experiments) -> None:
    """A queue of the version before opens, and shows what it showed."""
    job, attempt = over(store, experiments, lambda folder: (folder / "metrics.jsonl").write_text('{"loss": 0.5, "_step": 3}\n'))
    with store.change() as change:
        change.connection.execute("DELETE FROM logged")
    assert dict(lines(store, [job])[0].outcome.last) == {"loss": 0.5}
    assert (logged(store, job, attempt).source, logged(store, job, attempt).step) == (METRIC_LOG, 3)


def test_a_reader_whose_store_fails_it_keeps_no_watch(store: Store, home: Home, experiments, until) -> None:
    """A notebook lives on, and a user has 128 such watches in all."""
    before, job = open_files(), queued(store, experiments, "true")
    with store.change() as change:
        attempt = change.begin(job, "launcher", "")
        assert attempt
    Path(attempt.directory).mkdir(parents=True)
    attempt.log.write_text("loss=0.5\n")
    reading = Reading(home)
    reading.began(job, attempt)
    until(lambda: reading.grown(job, attempt).rows)
    ended, last = over(store, experiments, lambda folder: (folder / "log.txt").write_text("loss=0.25\n"), "true 2")
    with store.change() as change:
        change.connection.execute("DROP TABLE logged")
    reading.ended(End(Running(ended, last), Ending(State.DONE, 0), 1.0), Ending(State.DONE, 0))
    until(lambda: not reading.is_busy)
    reading.leave()
    assert [path for _, path in open_files() - before if "inotify" in path] == []


@pytest.mark.slow
def test_a_long_log_keeps_nobody_waiting_for_his_start(store: Store, experiments, tmp_path: Path) -> None:
    """The thread reads it; the loop goes on."""
    text = "command: [sh, -c, 'if [ ${x} = 1 ]; then yes \"epoch=3, loss=0.5\" | head -c 4000000; fi']\ngrid: {x: [1, 2, 3]}\n"
    jobs = submit(store, experiments(text), "/").jobs
    told: list[str] = []
    Runner(Mine(store, jobs), Devices(""), 1, lambda notice: told.append(type(notice).__name__)).run()
    assert told.count("Ended") == 3
    rows = [logged(store, job, store.attempts(job.id)[-1]).rows for job in jobs]
    assert rows[0] > 100_000
    assert rows[1:] == [0, 0]
