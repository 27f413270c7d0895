"""The one loop, on a real store and real launchers, with a door to devices that the test holds in its hand."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scheduler.actions.drive import Terms, drive
from scheduler.errors import StateError, UserError
from scheduler.gpus.ports import NAME, port_folder
from scheduler.home import Home
from scheduler.launcher.client import open_slot
from scheduler.linux import processes
from scheduler.queue.job import Attempt, Ending, Job
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.devices import Devices
from scheduler.runner.notices import (
    Ended,
    Joined,
    Notice,
    Started,
    Trouble,
)
from scheduler.runner.runner import Runner
from scheduler.runner.sources import EarlyStop, QueueAlone
from tests.contract.runner.one_of_three import ONE_OF_THREE
from tests.descriptors import open_files

SCRIPT = "import sys; open('ledger', 'a').write(sys.argv[1] + chr(10)); sys.exit('fail' in sys.argv[1])"


@pytest.fixture
def run(store: Store, experiments, tmp_path: Path) -> Callable[..., list[Notice]]:
    """Submit the experiments of a text and run them to the end; returns what the runner told."""

    def started(text: str, slots: int = 2, *, short: bool = False) -> list[Notice]:
        """`short`: whatever this machine takes for a job, the runner believes that they are over at once."""
        told: list[Notice] = []

        def tell(notice: Notice) -> None:
            told.append(notice)
            for _ in range(20 if short and isinstance(notice, Ended) else 0):
                runner._jobs.fleet.learn(0.0)

        submission = submit(store, experiments(text), str(tmp_path))
        mine = Mine(store, submission.jobs)
        runner = Runner(mine, Devices("the test's machine"), slots, tell)
        runner.run()
        return told

    return started


def grid(values: list, policy: str = "{}") -> str:
    command = json.dumps([sys.executable, "-c", SCRIPT, "${args_no_hyphens}"])
    return f"command: {command}\ngrid: {{x: {values}}}\npolicy: {policy}\n"


def ledger(tmp_path: Path) -> list[str]:
    return sorted((tmp_path / "ledger").read_text().split())


def most_at_once(store: Store) -> int:
    """As the queue has it: with those that were sent ahead."""
    begun, most = 0, 0
    for (state,) in store.read("SELECT state FROM event WHERE state IN ('starting', 'done') ORDER BY sequence"):
        begun += 1 if state == "starting" else -1
        most = max(most, begun)
    return most


def test_all_jobs_run_once_with_never_more_than_the_slots(run, store: Store, tmp_path: Path) -> None:
    """The whole life of a queue: everything ends, nothing twice, N at once and never more. (The jobs themselves tell: the
    queue counts those that were sent ahead and wait, too.)"""
    command = json.dumps([sys.executable, "-I", "-S", "-c", ONE_OF_THREE, "${args_no_hyphens}"])
    run(f"command: {command}\ngrid: {{x: {list(range(12))}}}\npolicy: {{timeout: 100s}}\n", slots=3)
    assert len(ledger(tmp_path)) == len(set(ledger(tmp_path))) == 12
    assert {job.state for job in store.jobs()} == {State.DONE}


def test_the_declared_retries_are_made_and_counted(run, store: Store, tmp_path: Path) -> None:
    """Two retries are three attempts; each has its own final record."""
    told = run(grid(["fail"], policy="{retries: 2}"))
    (job,) = store.jobs()
    assert ledger(tmp_path) == ["x=fail"] * 3
    assert [attempt.ending.exit_status for attempt in store.attempts(job.id) if attempt.ending] == [1, 1, 1]
    assert [notice.again for notice in told if isinstance(notice, Ended)] == [True, True, False]


class Counted(QueueAlone):
    """No source, but one that the loop asks at every turn."""

    turns = 0

    def stops(self) -> Sequence[EarlyStop]:
        self.turns += 1
        return ()


def test_a_job_that_waits_for_cores_does_not_keep_the_runner_awake(store: Store, experiments, tmp_path: Path) -> None:
    """The loop looked a thousand times a second, for days, and took a core's time from what runs."""
    devices, source = Devices("the test's machine"), Counted()
    text = f"command: [sh, -c, 'sleep 1', '${{args}}']\ngrid: {{x: [1, 2]}}\nresources: {{cpus: {devices.cores}}}\n"
    mine = Mine(store, submit(store, experiments(text), str(tmp_path)).jobs)
    begun = time.monotonic()
    Runner(mine, devices, 2, lambda _: None, source).run()
    assert [job.state for job in store.jobs()] == [State.DONE] * 2
    assert source.turns < 20 + 5 * (time.monotonic() - begun), "a look a second, and a few at each start and end"


def test_nothing_is_left_when_the_loop_is_over(run, store: Store) -> None:
    """No launcher, no journal, no socket, no zombie. (Libraries of other tests may keep a process of their own.)"""
    before = {process.pid for process in processes.descendants(os.getpid())}
    run(grid([1, 2]))
    assert list(store.home.launchers.iterdir()) == []
    assert {process.pid for process in processes.descendants(os.getpid())} - before == set()


def test_launchers_that_cannot_start_end_the_run_with_a_reason(run, store: Store, tmp_path: Path, monkeypatch) -> None:
    """A machine without memory for a launcher must not be asked for ever; no attempt is spent."""
    broken = tmp_path / "broken-python"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(StateError, match="launchers in a row ended"):
        run("command: ['true', '${args}']\ngrid: {x: [1]}\n")
    assert [(job.state, job.attempts) for job in store.jobs()] == [(State.QUEUED, 0)]


def test_short_jobs_are_sent_ahead_and_still_run_one_at_a_time(run, store: Store, tmp_path: Path) -> None:
    """Sent ahead is not run at once: an exact probe (a lock taken by the job) finds no overlap on one slot."""
    command = json.dumps(["sh", "-c", "exec 9> probe; flock -n 9 || exit 9", "sh", "${args}"])
    run(f"command: {command}\ngrid: {{x: {list(range(60))}}}\n", slots=1, short=True)
    assert {job.state for job in store.jobs()} == {State.DONE}
    assert most_at_once(store) > 1, "no job was sent ahead: the test shows nothing"


def test_what_is_sent_ahead_is_told_when_it_begins(run, store: Store) -> None:
    """With one slot a brief job was told as started before the one in front of it was done: as if two ran."""
    told = run(f"command: [sh, -c, 'exit 0', sh, '${{args}}']\ngrid: {{x: {list(range(60))}}}\n", slots=1, short=True)
    course = [(type(each), each.job.id) for each in told if isinstance(each, (Started, Ended))]
    assert most_at_once(store) > 1, "no job was sent ahead: the test shows nothing"
    pairs = list(zip(course[::2], course[1::2], strict=True))
    assert pairs == [((Started, job), (Ended, job)) for (_, job), _ in pairs]  # one may be taken back, and begin later
    assert {job for (_, job), _ in pairs} == {job.id for job in store.jobs()}


def test_a_long_job_does_not_keep_back_what_was_sent_behind_it(run, store: Store, tmp_path: Path) -> None:
    """What waits in a launcher behind a job that turns out long is taken back and runs elsewhere."""
    script = "if [ $1 = --x=40 ]; then while [ $(ls done | wc -l) -lt 79 ]; do sleep 0.01; done; fi; : > done/$1"
    (tmp_path / "done").mkdir()
    command = json.dumps(["sh", "-c", script, "sh", "${args}"])
    run(f"command: {command}\ngrid: {{x: {list(range(80))}}}\npolicy: {{timeout: 100s}}\n", slots=2, short=True)
    assert {job.state for job in store.jobs()} == {State.DONE}
    assert {job.attempts for job in store.jobs()} == {1}, "an attempt that was taken back is not spent"


def test_a_full_disk_pauses_the_run_and_loses_nothing(store: Store, experiments, tmp_path: Path) -> None:
    """The store cannot be written: said once, nothing started meanwhile, everything done when there is room again."""
    told: list[Notice] = []
    connection = store._database.connection
    submission = submit(store, experiments(grid(list(range(6)))), str(tmp_path))
    mine = Mine(store, submission.jobs)

    def tell(notice: Notice) -> None:
        told.append(notice)
        if isinstance(notice, Ended) and not any(isinstance(each, Trouble) for each in told):
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")
        if isinstance(notice, Trouble):
            connection.execute("PRAGMA max_page_count = 1000000")

    # Events with long texts, so that the database must grow while it may not.
    grow = "UPDATE event SET detail = hex(zeroblob(9000)) WHERE sequence = NEW.sequence;"
    connection.execute(f"CREATE TEMP TRIGGER grow AFTER INSERT ON main.event BEGIN {grow} END")
    Runner(mine, Devices("the test's machine"), 2, tell).run()
    assert [notice.what for notice in told if isinstance(notice, Trouble)], "the disk was never full: the test shows nothing"
    assert {job.state for job in store.jobs()} == {State.DONE}
    assert len(ledger(tmp_path)) == len(set(ledger(tmp_path))) == 6


def joined_meanwhile(store: Store, job: Job, happens: Callable[[Store, Attempt], object]) -> list[Notice]:
    """What a runner tells that joins an attempt of another one, whose launcher lives and says nothing, while `happens`."""
    launcher, told = open_slot(store.home), []
    with store.change() as change:
        attempt = change.begin(job, launcher.id, "")
    assert attempt

    def tell(notice: Notice) -> None:
        told.append(notice)
        if isinstance(notice, Joined):
            with Store(store.home) as theirs:
                happens(theirs, attempt)

    mine = Mine(store, [job])
    Runner(mine, Devices("the test's machine"), 1, tell).run()
    launcher.close()
    launcher.process.wait()
    return told


@pytest.mark.timeout(200)
def test_an_attempt_that_its_runner_took_back_is_begun_again_by_the_one_who_joined_it(
    store: Store, experiments, tmp_path: Path
) -> None:
    """Sent ahead, then revoked: its launcher never runs it and never speaks of it again. Two runners that each waited for what
    the other had taken back would wait for ever."""

    def take_back(theirs: Store, attempt: Attempt) -> None:
        with theirs.change() as change:
            assert change.never_ran(attempt)

    (job,) = submit(store, experiments(grid([1])), str(tmp_path)).jobs
    told = joined_meanwhile(store, job, take_back)
    assert [type(notice) for notice in told] == [Joined, Started, Ended]
    assert ledger(tmp_path) == ["x=1"]


@pytest.mark.timeout(200)
def test_an_end_that_its_runner_wrote_down_is_believed_without_hearing_of_it(store: Store, experiments, tmp_path: Path) -> None:
    """A launcher tells an end to those who listen; who comes to listen at that moment may miss it."""

    def end(theirs: Store, attempt: Attempt) -> None:
        with theirs.change() as change:
            assert change.end(attempt, Ending(State.FAILED, 7, "exit status 7"), 1.5)

    (job,) = submit(store, experiments(grid([1])), str(tmp_path)).jobs
    told = joined_meanwhile(store, job, end)
    assert [type(notice) for notice in told] == [Joined, Ended]
    assert isinstance(told[-1], Ended)
    assert (told[-1].ending, told[-1].duration) == (Ending(State.FAILED, 7, "exit status 7"), 1.5)


@pytest.mark.timeout(200)
def test_a_job_that_comes_while_the_runner_decides_is_not_overlooked(
    store: Store, home: Home, experiments, tmp_path: Path
) -> None:
    """It was not there when the runner looked, and is there when it asks whether to stay: nobody would wake it."""
    asked = experiments(grid([1]))

    class Overtaken(Mine):
        def waiting(self, *looked_for) -> list[Job]:
            found = super().waiting(*looked_for)
            if asked:
                with Store(home) as theirs:
                    submit(theirs, [asked.pop()], str(tmp_path))
            return found

    Runner(Overtaken(store), Devices("the test's machine"), 1, lambda notice: None).run()
    assert ledger(tmp_path) == ["x=1"]


def _no_attempt_can_be_written(store: Store) -> None:
    refuse = "SELECT RAISE(ABORT, 'planted')"
    store.connection.execute(f"CREATE TEMP TRIGGER refuse BEFORE INSERT ON main.attempt BEGIN {refuse}; END")


def _the_second_job_cannot_be_made_ready(store: Store) -> None:
    store.connection.execute("PRAGMA foreign_keys = OFF")
    store.connection.execute("UPDATE job SET surroundings = 1000 WHERE number = 2")
    store.connection.execute("PRAGMA foreign_keys = ON")


@pytest.mark.parametrize("spoil", [_no_attempt_can_be_written, _the_second_job_cannot_be_made_ready])
def test_a_run_that_ends_by_a_defect_holds_nothing_for_jobs_that_it_has_not_begun(
    store: Store, experiments, tmp_path: Path, spoil
) -> None:
    """A notebook lives on: their GPUs and ports would be kept from everybody until it is closed."""
    text = "command: ['true', '${args}']\ngrid: {x: [1, 2]}\npolicy: {ports: 2}\n"
    mine = Mine(store, submit(store, experiments(text), str(tmp_path)).jobs)
    spoil(store)
    before = open_files()
    with pytest.raises((sqlite3.IntegrityError, ValueError)) as ended:
        Runner(mine, Devices("the test's machine"), 2, lambda notice: None).run()
    assert ended.tb, "who keeps the error keeps all that its frames hold"
    ports = str(port_folder(store.home.root) / NAME)
    assert [path for _, path in open_files() - before if path.startswith(ports)] == []


class Closed(QueueAlone):
    """No source, but one that says whether it was closed."""

    is_closed = False

    def close(self) -> None:
        self.is_closed = True


class Stuck(Devices):
    """Launchers of which nobody can let go."""

    def fleet(self, *_: object) -> Any:
        def leave() -> None:
            raise OSError("planted")

        return SimpleNamespace(capacity=1, resize=lambda limit: None, recall=lambda now: None, leave=leave)


def test_what_fails_on_the_way_out_keeps_nothing_else_open(store: Store) -> None:
    """The source of a sweep has files and threads: whatever is wrong with launchers, it hears that the loop is over."""
    source = Closed()
    with pytest.raises(OSError, match="planted"):
        Runner(Mine(store, []), Stuck("the test's machine"), 1, lambda notice: None, source).run()
    assert source.is_closed


@pytest.mark.parametrize("variable", ["EXP_QUEUE_LOG_CAP", "EXP_QUEUE_COPY_CAP", "EXP_QUEUE_SYSTEM_METRICS"])
def test_a_setting_that_is_no_number_is_refused_before_anything_begins(
    store: Store, experiments, tmp_path: Path, monkeypatch, variable: str
) -> None:
    """The first job was begun, and then the run ended: it was `starting` until somebody looked."""
    jobs = submit(store, experiments(grid([1])), str(tmp_path)).jobs
    monkeypatch.setenv(variable, "much")
    before = open_files()
    with pytest.raises(UserError, match=f'{variable} is "much"') as refused:
        drive(store, jobs, Devices("the test's machine"), Terms(1), lambda notice: None)
    assert refused.tb, "who keeps the error keeps all that its frames hold"
    assert [path for _, path in open_files() - before if "inotify" in path] == []
    assert [(job.state, job.attempts) for job in store.jobs()] == [(State.QUEUED, 0)]
