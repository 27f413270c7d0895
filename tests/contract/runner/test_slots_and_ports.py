"""What tells a job from those beside it: its slot and its ports, on real launchers and real jobs."""

from __future__ import annotations

import io
import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.actions.show import show
from scheduler.gpus.ports import take_ports
from scheduler.linux.wakeups import Wakeups
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.report.details import details, print_details
from scheduler.runner.devices import Devices
from scheduler.runner.launchers import Fleet
from scheduler.runner.notices import Notice, Started
from scheduler.runner.ports import ports_for
from scheduler.runner.runner import Runner

# Says what it was given and stays until as many have begun as it is told.
CODE = """
import json, os, sys, time
names = ("EXP_QUEUE_SLOT", "EXP_QUEUE_PORT", "EXP_QUEUE_PORTS", "MASTER_PORT", "MASTER_ADDR")
mine = str(json.loads(sys.argv[1])["x"])
with open(mine + ".new", "w") as file:
    json.dump({name: os.environ.get(name) for name in names}, file)
os.rename(mine + ".new", mine + ".json")
deadline = time.monotonic() + 100
while len([name for name in os.listdir(".") if name.endswith(".json")]) < int(sys.argv[2]) and time.monotonic() < deadline:
    time.sleep(0.01)
while os.path.exists("stay") and time.monotonic() < deadline:
    time.sleep(0.01)
"""


@pytest.fixture
def run(store: Store, experiments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[dict]]:
    """Run `count` jobs, `together` at once, and return what each was given, in their order."""
    (tmp_path / "claims").mkdir()
    monkeypatch.setenv("EXP_QUEUE_LOCK_DIR", str(tmp_path / "claims"))
    for name in ("EXP_QUEUE_PORTS", "MASTER_PORT"):
        monkeypatch.setenv(name, "29500")  # of somebody around the runner

    def started(count: int, together: int, policy: str = "{}", tell: Callable[[Notice], None] = lambda _: None) -> list[dict]:
        command = json.dumps([sys.executable, "-I", "-S", "-c", CODE, "${args_json}", str(together)])
        text = f"command: {command}\ngrid: {{x: {list(range(count))}}}\npolicy: {policy}\n"
        submission = submit(store, experiments(text), str(tmp_path))
        Runner(Mine(store, submission.jobs), Devices("the test's machine"), together, tell).run()
        return [json.loads((tmp_path / f"{number}.json").read_text()) for number in range(count)]

    return started


def test_jobs_at_once_have_different_slots_and_ports_and_the_store_knows_them(run, store: Store) -> None:
    """Scripts put scratch folders and servers side by side by them; a person finds out afterwards which was whose."""
    found = run(3, 3)
    assert sorted(each["EXP_QUEUE_SLOT"] for each in found) == ["0", "1", "2"]
    assert len({each["EXP_QUEUE_PORT"] for each in found}) == 3
    attempts = [attempt for job in store.jobs() for attempt in store.attempts(job.id)]
    assert [(str(a.slot), a.ports) for a in attempts] == [(f["EXP_QUEUE_SLOT"], f["EXP_QUEUE_PORT"]) for f in found]


def test_one_job_after_another_stays_in_slot_0(run) -> None:
    """The lowest number that is free: -j1 means one scratch folder."""
    assert {each["EXP_QUEUE_SLOT"] for each in run(4, 1)} == {"0"}


def test_a_job_that_does_not_ask_keeps_its_own_master_port(run) -> None:
    """Whoever has set it for a cluster of his own means it. The list of another job's ports is no list of this one's."""
    (found,) = run(1, 1)
    assert (found["MASTER_PORT"], found["EXP_QUEUE_PORTS"]) == ("29500", None)


def test_jobs_that_ask_find_a_master_port_of_their_own(run, store: Store) -> None:
    """Two trainings on one machine clash on 29500 otherwise; so many ports as are asked for, one after another."""
    found = run(2, 2, "{ports: 3}")
    ports = [[int(port) for port in each["EXP_QUEUE_PORTS"].split(",")] for each in found]
    assert [each["MASTER_PORT"] for each in found] == [each["EXP_QUEUE_PORT"] for each in found] == [str(p[0]) for p in ports]
    assert all(each == list(range(each[0], each[0] + 3)) for each in ports)
    assert not set(ports[0]) & set(ports[1])
    assert {each["MASTER_ADDR"] for each in found} == {"127.0.0.1"}
    assert sorted(store.attempts(job.id)[0].ports for job in store.jobs()) == sorted(each["EXP_QUEUE_PORTS"] for each in found)


@pytest.mark.parametrize("policy", ["{}", "{ports: 1}"])
def test_nobody_else_gets_the_port_of_a_job_that_runs(run, tmp_path: Path, until, policy: str) -> None:
    """It may bind it only after minutes, when its data is read: our look at the port alone would not keep it."""
    (tmp_path / "stay").touch()
    beside: list[tuple[int, int]] = []

    def look(notice: Notice) -> None:
        if isinstance(notice, Started):
            until((tmp_path / "0.json").exists)
            port = int(json.loads((tmp_path / "0.json").read_text())["EXP_QUEUE_PORT"])
            with take_ports(tmp_path / "claims", first=port) as other:
                beside.append((port, other.numbers[0]))
            (tmp_path / "stay").unlink()

    run(1, 1, policy, look)
    ((port, other),) = beside
    assert port != other


def test_an_error_before_a_job_comes_to_its_launcher_keeps_none_of_its_ports_nor_of_those_behind(
    store: Store, experiments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were begun in one transaction. A notebook lives on after the error, and nobody else could have had them."""
    (tmp_path / "claims").mkdir()
    monkeypatch.setenv("EXP_QUEUE_LOCK_DIR", str(tmp_path / "claims"))
    jobs = submit(store, experiments("command: ['true', '${args}']\ngrid: {x: [0, 1, 2]}\npolicy: {ports: 1}\n"), "/").jobs
    with store.change() as change:  # the queue is damaged in what an order says
        change.connection.execute("UPDATE job SET environment = '{' WHERE number = ?", (jobs[1].number,))
    with pytest.raises(ValueError, match="Expecting property name"):
        Runner(Mine(store), Devices("the test's machine"), 3, lambda _: None).run()
    for job in jobs[1:]:
        port = int(store.attempts(job.id)[0].ports)
        with take_ports(tmp_path / "claims", first=port) as again:
            assert again.numbers == (port,)


def test_a_new_launcher_leaves_out_the_number_of_a_job_that_outlives_its_own(home) -> None:
    """Two jobs of one runner in one slot would share a scratch folder."""
    with Wakeups(lambda number: None) as wakeups:
        fleet = Fleet(home, wakeups, 3, lambda report: None, lambda attempts: None, lambda: {0, 2})
        assert [fleet.choose().number, fleet.choose().number] == [1, 3]
        fleet.leave()


def test_a_port_of_a_launcher_that_somebody_uses_meanwhile_is_not_handed_out(store: Store, experiments, slot, tmp_path) -> None:
    """A launcher lives for days. While it may still run a job, that may be who uses it, and the port is its next one's."""
    (job,) = submit(store, experiments("command: [x]\nbase: {x: 1}\n"), str(tmp_path)).jobs
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        slot.port = stranger.getsockname()[1]
        with ports_for(job, slot, store.home) as own:
            assert own.numbers != (slot.port,)
        slot.attempts.append("job/1")
        assert ports_for(job, slot, store.home) is None
        slot.attempts.clear()
    assert ports_for(job, slot, store.home) is None


def test_show_says_what_an_attempt_was_given(store: Store, experiments, tmp_path) -> None:
    """Whose scratch folder, whose server: a question of the next morning."""
    (job,) = submit(store, experiments("command: [x]\nbase: {x: 1}\n"), str(tmp_path)).jobs
    with store.change() as change:
        change.begin(job, "launcher", "MIG-a", 2, "20001,20002")
    found = details(show(store, job))
    assert (found["attempts"][0]["slot"], found["attempts"][0]["ports"]) == (2, [20001, 20002])
    told = io.StringIO()
    print_details(found, told)
    assert "open, MIG-a, slot 2, ports 20001, 20002, " in told.getvalue()
