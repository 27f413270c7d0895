"""A machine without room for one more process, descriptor or byte: real limits on real launchers."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from scheduler.home import Home
from scheduler.launcher import journal
from scheduler.launcher.channel import Channel
from scheduler.launcher.client import Slot, connect, open_slot, stop_message
from scheduler.launcher.execution import Execution
from scheduler.launcher.places import journal_path
from scheduler.launcher.spawning import NotStarted, Order
from scheduler.linux.locks import is_locked
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.devices import Devices
from scheduler.runner.notices import Ended, Notice, Trouble
from scheduler.runner.runner import Runner
from scheduler.runner.sources import EarlyStop, QueueAlone
from scheduler.shortage import passing
from tests.contract.launcher.launching import NAME, end_of, order, reports
from tests.descriptors import limited, open_files

NOBODY = 65534
# A process of its own without the right to one more: RLIMIT_NPROC does not count for root.
ALONE = f"""
import os, resource, sys
if os.geteuid() == 0:
    os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
resource.setrlimit(resource.RLIMIT_NPROC, (0, resource.getrlimit(resource.RLIMIT_NPROC)[1]))
"""


def no_descriptors(pid: int) -> AbstractContextManager[None]:
    """A process that cannot open anything more."""
    return limited(pid, 3)


@pytest.fixture
def ready(slot: Slot, tmp_path: Path) -> Slot:
    """A launcher that has done its first job, so that all that it needs for itself is open."""
    slot.start(Order("first/1", ["true"], str(tmp_path), str(tmp_path / "first")), [])
    end_of(slot)
    return slot


def dropped(slot: Slot) -> str:
    """Wait for the report that an order was given back; returns the reason."""
    heard = reports(slot, lambda report: report["is"] == "dropped")
    return next(report["why"] for report in heard if report["is"] == "dropped")


def test_an_order_that_finds_no_descriptor_is_given_back_and_runs_later(ready: Slot, home: Home, tmp_path: Path) -> None:
    """`Too many open files` says nothing about the job: its attempt is not spent, and the launcher lives."""
    with no_descriptors(ready.process.pid):
        ready.start(order(tmp_path, ["true"]), [])
        assert "may open no more files" in dropped(ready)
        record = journal.read(journal_path(home, ready.id))
        assert record
        assert NAME not in record.started, "killed now, it would be called lost"
    ready.start(order(tmp_path, ["true"]), [])
    assert end_of(ready)["state"] == "done"


def test_an_order_whose_claim_got_lost_on_the_way_never_starts(ready: Slot, tmp_path: Path) -> None:
    """The kernel drops a descriptor that finds no room: the job would run on a GPU that others think free."""
    claim = os.open(tmp_path / "x.claim", os.O_RDWR | os.O_CREAT)
    fcntl.flock(claim, fcntl.LOCK_EX)
    with no_descriptors(ready.process.pid):
        ready.start(order(tmp_path, ["touch", "ran"]), [claim])
        assert "may open no more files" in dropped(ready)
    os.close(claim)
    assert not (tmp_path / "ran").exists()
    assert not is_locked(tmp_path / "x.claim")


def test_a_claim_that_got_lost_while_another_job_runs_is_missed_at_once(ready: Slot, tmp_path: Path) -> None:
    """Later there may be room again, and the job would start without it."""
    ready.start(order(tmp_path, ["sleep", "600"]), [])
    reports(ready, lambda report: report["is"] == "running")
    claim = os.open(tmp_path / "x.claim", os.O_RDWR | os.O_CREAT)
    second = Order("second/1", ["true"], str(tmp_path), str(tmp_path / "second"))
    with no_descriptors(ready.process.pid):
        ready.start(second, [claim])
        ready.start(Order("third/1", ["true"], str(tmp_path), str(tmp_path / "third")), [])
        ready.channel.send({"do": "revoke", "attempt": "third/1"})
        heard = reports(ready, lambda report: report["attempt"] == "third/1")
    os.close(claim)
    assert [report["attempt"] for report in heard if report["is"] == "dropped"] == ["second/1", "third/1"]


def test_no_slot_that_could_not_be_opened_leaves_anything(home: Home) -> None:
    """Whatever was the first that found no room: no file, no descriptor, and no socket."""
    before, limit = open_files(), 2
    slot = None
    while slot is None:
        limit += 1
        with limited(os.getpid(), limit), passing():
            slot = open_slot(home)
        if slot is None:
            assert list(home.launchers.iterdir()) == []
            assert open_files() <= before
    slot.close()
    slot.process.wait(90)


def test_a_job_that_cannot_be_looked_at_is_reported_all_the_same(home: Home, tmp_path: Path, until) -> None:
    """Its launcher fell over when it wanted to read the job's birth, and the job was lost."""
    path = journal_path(home, "x")
    spawn = lambda order, log, inherited: os.getpid()  # noqa: E731
    execution = Execution(order(tmp_path, ["true"]), [], journal.Journal(journal.create(path)), spawn)
    execution.start()
    time.sleep(0.03)
    with no_descriptors(os.getpid()):
        assert execution.alive() == {"pid": os.getpid(), "birth": None}


def test_the_descriptor_after_a_lost_one_reaches_its_own_message(tmp_path: Path) -> None:
    """The next job must not get nothing, nor the one before it the claim of another one's GPU."""
    ours, theirs = map(Channel, socket.socketpair())
    files = [os.open(tmp_path / name, os.O_RDWR | os.O_CREAT) for name in ("first", "second")]
    ours.send({"number": 1}, files[:1])
    ours.send({"number": 2}, files[1:])
    with no_descriptors(os.getpid()):
        assert theirs.receive() == ([({"number": 1, "lost": True}, [])], True)
    (((message, (own,)),), _) = theirs.receive()
    assert message == {"number": 2}
    assert os.path.samestat(os.fstat(own), os.fstat(files[1]))
    for descriptor in (own, *files):
        os.close(descriptor)
    ours.close()
    theirs.close()


def test_a_caller_who_finds_no_descriptor_does_not_end_the_launcher(ready: Slot, home: Home, tmp_path: Path, until) -> None:
    """It fell over at accept(2), and so its job was lost; whoever calls meanwhile is heard later."""
    ready.start(order(tmp_path, ["sleep", "600"]), [])
    reports(ready, lambda report: report["is"] == "running")
    with no_descriptors(ready.process.pid):
        caller = connect(home, ready.id)
        assert caller
        assert caller.send(stop_message(NAME, "cancelled"))
        # It has taken notice of the caller when it has answered what was sent after.
        ready.start(Order("other/1", ["true"], str(tmp_path), str(tmp_path / "other")), [])
        ready.channel.send({"do": "revoke", "attempt": "other/1"})
        dropped(ready)
    assert end_of(ready)["state"] == "cancelled"
    caller.close()


def test_an_attempt_whose_log_finds_no_descriptor_leaves_no_directory(home: Home, tmp_path: Path) -> None:
    """Its number would be passed over, as one that was used."""
    path = journal_path(home, "x")
    execution = Execution(order(tmp_path, ["true"]), [], journal.Journal(journal.create(path)))
    with no_descriptors(os.getpid()):
        execution.start()
    assert execution.gone
    assert execution.dropped
    assert "attempt: " in execution.dropped
    assert not (tmp_path / "attempt").exists()


def test_a_job_that_no_signal_could_reach_has_the_end_that_it_came_to(ready: Slot, tmp_path: Path) -> None:
    """Whoever stops it learns that it is whole: nobody has to run it again."""
    script = "until [ -e enough ]; do sleep 0.02; done"
    ready.start(order(tmp_path, ["sh", "-c", script], grace=600.0), [])
    reports(ready, lambda report: report["is"] == "running")
    with no_descriptors(ready.process.pid):
        ready.stop(NAME, "cancelled")
        reports(ready, lambda report: report["is"] == "note")
        (tmp_path / "enough").touch()
        end = end_of(ready)
    assert (end["state"], end["exit_status"]) == ("done", 0)


def refused(order: Order, log: int, inherited: object) -> int:
    raise NotStarted("cannot start: no more processes", passing=True)


def test_a_start_that_the_machine_refuses_is_taken_back(home: Home, tmp_path: Path) -> None:
    """Eight of eight jobs failed in 0.0 s, their retries spent, while somebody else's processes filled the table."""
    path = journal_path(home, "x")
    execution = Execution(order(tmp_path, ["true"]), [], journal.Journal(journal.create(path)), refused)
    execution.start()
    assert (execution.dropped, execution.end, execution.gone) == ("cannot start: no more processes", None, True)
    record = journal.read(path)
    assert record
    assert (record.started, record.ended) == (frozenset(), {})
    assert not (tmp_path / "attempt" / "log.txt").exists(), "the next try of this attempt would find it in its way"


def test_the_kernels_own_refusal_is_told_from_a_missing_program(tmp_path: Path) -> None:
    """A real process table that is full for this user; and the same program is not at fault."""
    code = f"""if True:
        import os, sys
        from scheduler.launcher.spawning import NotStarted, Order, start_program
        {"exec(" + repr(ALONE) + ")"}
        log = os.open(os.devnull, os.O_WRONLY)
        try:
            start_program(Order("job/1", ["/bin/true"], "/", "/"), log, [])
        except NotStarted as error:
            print(error.passing, error)
    """
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    if "PermissionError" in result.stderr:
        pytest.skip("this user may not become another one, nor be limited")
    assert result.stdout.startswith("True cannot start '/bin/true': no more processes can be started"), result.stderr


def exec_alone(then: str) -> subprocess.CompletedProcess[str]:
    """`exec` of a command that ends with 7, where no process can be started; `then`: what happens when it says so."""
    code = f"""if True:
        import os, resource, signal, sys
        from scheduler.actions.exec import supervise
        {"exec(" + repr(ALONE) + ")"}
        hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
        def say(text):
            print(text)
            {then}
        print(supervise(["/bin/sh", "-c", "exit 7"], {{}}, say))
    """
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    if "PermissionError" in result.stderr:
        pytest.skip("this user may not become another one, nor be limited")
    return result


def test_exec_waits_for_a_free_process_and_says_so() -> None:
    """It left with 126, as if the command could not be executed; a shell loop went on to the next."""
    result = exec_alone("resource.setrlimit(resource.RLIMIT_NPROC, (hard, hard))")
    said, status = result.stdout.splitlines()
    assert said.startswith("cannot start '/bin/sh' for now: no more processes can be started"), result.stderr
    assert status == "7"


def test_exec_that_waits_for_a_free_process_can_be_left() -> None:
    """Ctrl-C must not have to wait for the machine to recover."""
    result = exec_alone("os.kill(os.getpid(), signal.SIGTERM)")
    assert result.stdout.splitlines()[-1] == f"{-signal.SIGTERM}", result.stderr


class Starved(QueueAlone):
    """Takes this process's descriptors away just before the first job is to start."""

    def __init__(self) -> None:
        self._hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        self._soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._taken = False
        self.turns = 0

    def stops(self) -> Sequence[EarlyStop]:
        self.turns += 1
        return ()

    def refill(self, free: int) -> bool:
        if not self._taken:
            self._taken = True
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, self._hard))
        return False

    def give_back(self) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (self._soft, self._hard))


def test_a_runner_that_cannot_open_a_launcher_waits_and_says_so(store: Store, experiments, tmp_path: Path) -> None:
    """It ended in a traceback; nothing of the launcher that was begun stays behind."""
    source, told = Starved(), list[Notice]()

    def tell(notice: Notice) -> None:
        told.append(notice)
        if isinstance(notice, Trouble):
            source.give_back()

    mine = Mine(store, submit(store, experiments("command: ['true', '${args}']\ngrid: {x: [1, 2, 3]}\n"), str(tmp_path)).jobs)
    try:
        Runner(mine, Devices("the test's machine"), 2, tell, source).run()
    finally:
        source.give_back()
    troubles = [notice.what for notice in told if isinstance(notice, Trouble)]
    assert len(troubles) == 1
    assert "may open no more files" in troubles[0]
    assert sum(isinstance(notice, Ended) for notice in told) == 3
    assert {(job.state, job.attempts) for job in store.jobs()} == {(State.DONE, 1)}
    assert list(store.home.launchers.iterdir()) == []
    assert source.turns < 50, "it asked again and again instead of waiting"


class StarvedLauncher(QueueAlone):
    """Takes the launcher's descriptors away while the first job runs, and lets that go on then."""

    def __init__(self, directory: Path) -> None:
        self._directory, self.launcher, self.turns = directory, 0, 0

    def patience(self) -> float | None:
        return None if self.launcher else 0.02

    def stops(self) -> Sequence[EarlyStop]:
        self.turns += bool(self.launcher)
        up = self._directory / "up"
        if not self.launcher and up.exists() and up.read_text():
            self.launcher = int(up.read_text())
            self.limit(3)
            (self._directory / "enough").touch()
        return ()

    def limit(self, soft: int = 0) -> None:
        hard = resource.prlimit(self.launcher, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(self.launcher, resource.RLIMIT_NOFILE, (soft or hard, hard))


def test_a_launcher_that_cannot_start_jobs_pauses_the_run(store: Store, experiments, tmp_path: Path) -> None:
    """No attempt is spent, the run says why nothing starts, and goes on by itself."""
    source, told = StarvedLauncher(tmp_path), list[Notice]()

    def tell(notice: Notice) -> None:
        told.append(notice)
        if isinstance(notice, Trouble):
            source.limit()

    script = json.dumps(["sh", "-c", "echo $PPID > up; until [ -e enough ]; do sleep 0.02; done", "sh", "${args}"])
    mine = Mine(store, submit(store, experiments(f"command: {script}\ngrid: {{x: [1, 2, 3]}}\n"), str(tmp_path)).jobs)
    Runner(mine, Devices("the test's machine"), 1, tell, source).run()
    assert source.turns < 60, "it asked again and again instead of waiting"
    troubles = [notice.what for notice in told if isinstance(notice, Trouble)]
    assert len(troubles) == 1
    assert "may open no more files" in troubles[0]
    assert {(job.state, job.attempts) for job in store.jobs()} == {(State.DONE, 1)}
