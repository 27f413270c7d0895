"""What a server decides becomes jobs here, and nothing is asked, started or lost twice, whatever happens."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from scheduler.actions.brake import Brake
from scheduler.actions.drive import Terms
from scheduler.actions.notices import Said, Told
from scheduler.actions.server_sweep import sweep
from scheduler.actions.sweep import Swept
from scheduler.experiments.command.launch import Asked
from scheduler.home import Home
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.runner.devices import Devices
from scheduler.sweeps.wishes import Wishes
from scheduler.wandb_agent.account import Address
from scheduler.wandb_agent.heartbeats import Heartbeats
from scheduler.wandb_agent.plan import ServerPlan, plan_from_config
from scheduler.wandb_agent.run_environment import run_of
from tests.contract.wandb_agent.fake_server import FakeServer
from tests.unit.tracking import transaction_logs

OFTEN = 0.05  # seconds between two heartbeats
PATIENCE = 90
# Writes down that it has begun, and waits for a file `go` where there is one called `wait`.
TRIAL = """
import os, pathlib, subprocess, sys, time
with open("ledger", "a") as ledger:
    ledger.write(os.environ["WANDB_RUN_ID"] + " " + " ".join(sys.argv[1:]) + "\\n")
print("loss:", sys.argv[1].split("=")[1], flush=True)
if pathlib.Path("with_child").exists():
    child = subprocess.Popen(["sleep", "600"])
    pathlib.Path("child").write_text(str(child.pid))
while pathlib.Path("wait").exists() and not pathlib.Path("go").exists():
    time.sleep(0.02)
sys.exit(pathlib.Path("fail").exists())
"""


@dataclass
class World:
    """A server, a directory with a training, and commands that compute there."""

    home: Home
    directory: Path
    server: FakeServer
    until: Callable[[Callable[[], Any]], Any]
    address: Address
    driven: list[Driving] = field(default_factory=list)

    def plan(self) -> ServerPlan:
        found = self.server.sweep(self.address)
        return plan_from_config(found.config if found else CONFIG, "http://127.0.0.1:1", self.address, Asked())

    def drive(self, slots: int = 1, **wishes: Any) -> Driving:
        self.driven.append(Driving(self, slots, Wishes(**wishes)))
        return self.driven[-1]

    def touch(self, name: str) -> None:
        (self.directory / name).touch()

    def ledger(self) -> list[str]:
        """The run of every training that has begun, in order."""
        path = self.directory / "ledger"
        return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []

    def states(self) -> dict[str, State]:
        """Of the trials, by the run."""
        with Store(self.home) as store:
            return {run_of(job)[0]: job.state for job in store.jobs()}


class Driving:
    """`exp-queue sweep`, in a thread."""

    def __init__(self, world: World, slots: int, wishes: Wishes) -> None:
        self.said: list[str] = []
        self.brake, self.swept = Brake(), list[Swept]()
        self._world, self._terms, self._wishes = world, Terms(slots, brake=self.brake), wishes
        self._thread = threading.Thread(target=self._drive, daemon=True)
        self._thread.start()

    def _drive(self) -> None:
        world = self._world
        heartbeats = Heartbeats(world.server, world.address, OFTEN)
        with Store(world.home) as store:
            devices, place = Devices("none here"), str(world.directory)
            self.swept.append(sweep(store, world.plan(), devices, place, self._terms, self._wishes, self._hear, heartbeats))

    def _hear(self, notice: Told) -> None:
        if isinstance(notice, Said):
            self.said.append(notice.text)

    def ended(self) -> Swept:
        """How it ended, which it does by itself."""
        self.join()
        (found,) = self.swept
        return found

    def join(self) -> None:
        self._thread.join(PATIENCE)

    def heard(self, words: str) -> bool:
        return any(words in text for text in self.said)


CONFIG = yaml.safe_dump(
    {
        "program": "t.py",
        "command": [sys.executable, "${program}", "${args}"],
        "method": "grid",
        "metric": {"name": "loss"},
        "parameters": {"lr": {"values": [0.1, 0.2, 0.3]}},
        "early_terminate": {"type": "hyperband", "min_iter": 1},
        "controller": {"type": "local"},
        "a key of next year": 1,
    }
)


@pytest.fixture
def world(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Callable[[Callable[[], Any]], Any]
) -> Iterator[World]:
    directory = tmp_path / "work"
    directory.mkdir()
    (directory / "t.py").write_text(TRIAL)
    monkeypatch.chdir(directory)
    server = FakeServer()
    address, _ = server.register(CONFIG, "me", "digits")
    made = World(home, directory, server, until, address)
    yield made
    made.touch("go")
    for each in made.driven:
        each.brake.press()
        each.brake.press()
        each.join()


def busy(server: FakeServer) -> list[tuple[str, ...]]:
    return [runs for _, runs in server.beats if runs]


def test_every_point_of_the_server_is_a_trial_once(world: World) -> None:
    """And it ends well when the server has no more."""
    driving = world.drive(2)
    swept = driving.ended()
    assert swept.all_succeeded
    assert sorted(world.ledger()) == sorted(world.server.handed) == ["run0", "run1", "run2"]
    assert driving.heard("no new trials: the server has no more for us")
    assert swept.results
    assert sorted(entry.trial.best("minimize") or 0 for entry in swept.results.entries) == [0.1, 0.2, 0.3]


def test_a_run_is_asked_for_only_where_a_slot_is_free(world: World) -> None:
    """What is handed out and waits here could be computed elsewhere. Each slot has an agent, which says what it has."""
    world.touch("wait")
    world.drive(2)
    world.until(lambda: len(world.ledger()) == 2)
    heard = len(world.server.beats)
    world.until(lambda: len(world.server.beats) > heard + 10)
    assert world.server.handed == ["run0", "run1"]
    assert {runs for _, runs in world.server.beats[heard + 2 :]} == {("run0",), ("run1",)}
    world.touch("go")
    world.driven[0].ended()
    assert len({agent for agent, _ in world.server.beats}) == 2


def test_a_trial_finds_its_run_in_its_environment(world: World) -> None:
    """As under W&B's own agent: online, and nothing of the key."""
    (world.directory / "t.py").write_text("import json, os; json.dump(dict(os.environ), open('environment', 'w'))")
    world.drive(count=1).ended()
    found = yaml.safe_load((world.directory / "environment").read_text())
    names = ("MODE", "BASE_URL", "ENTITY", "PROJECT", "SWEEP_ID", "RUN_ID")
    assert [found[f"WANDB_{name}"] for name in names] == ["online", "http://127.0.0.1:1", "me", "digits", "s0", "run0"]
    assert yaml.safe_load(Path(found["WANDB_SWEEP_PARAM_PATH"]).read_text())["lr"] == {"value": 0.1}
    assert found["WANDB_DIR"] == found["EXP_QUEUE_RUN_DIR"]
    assert "WANDB_API_KEY" not in found


def test_the_log_that_counts_is_that_of_the_servers_run(world: World) -> None:
    """A script may open others beside it, and of strangers the later one would count."""
    for at, (name, loss) in enumerate({"run0": 0.25, "other": 9.0}.items()):
        folder = world.directory / "logs" / f"run-{at}-{name}"
        folder.mkdir(parents=True)
        rows = [transaction_logs.run(""), transaction_logs.row(1, loss=loss, _timestamp=float(at))]
        (folder / f"run-{name}.wandb").write_bytes(transaction_logs.framed(rows))
    (world.directory / "t.py").write_text("import os, shutil; shutil.copytree('logs', os.environ['WANDB_DIR'] + '/wandb')")
    swept = world.drive(count=1).ended()
    assert swept.results
    assert [entry.trial.rows for entry in swept.results.entries] == [(0.25,)]


def test_what_the_server_stops_is_stopped_early_with_all_its_processes(world: World) -> None:
    """W&B's own agent leaves the children of a trainer behind."""
    world.touch("wait")
    world.touch("with_child")
    driving = world.drive()
    world.until((world.directory / "child").exists)
    child = world.until((world.directory / "child").read_text)
    (world.directory / "with_child").unlink()  # those of the next ones would sit there for a while
    world.server.stopped.add("run0")
    world.until(lambda: world.states()["run0"] is State.STOPPED_EARLY)
    assert not Path(f"/proc/{child}").exists()
    world.touch("go")
    swept = driving.ended()
    assert swept.all_succeeded
    assert swept.results
    assert "the W&B server has stopped it" in (swept.results.entries[0].record.verdict or "")


def test_trials_go_on_while_the_server_does_not_answer(world: World) -> None:
    """It is said once, and once that it is back; no run is asked for twice."""
    world.touch("wait")
    driving = world.drive()
    world.until(world.ledger)
    world.server.down = "the network is unreachable"
    world.until(lambda: driving.heard("does not answer (the network is unreachable)"))
    world.until(lambda: world.server.refused > 2)
    world.server.down = ""
    world.until(lambda: driving.heard("answers again"))
    world.touch("go")
    assert driving.ended().all_succeeded
    assert len([text for text in driving.said if "answer" in text]) == 2
    assert world.ledger() == world.server.handed == ["run0", "run1", "run2"]


def test_a_sweep_that_is_deleted_ends_when_what_runs_is_over(world: World) -> None:
    """Its trials may still be worth having."""
    world.touch("wait")
    driving = world.drive()
    world.until(world.ledger)
    world.server.delete(world.address)
    world.until(lambda: driving.heard("no new trials: the sweep was deleted at the server; 1 still to finish"))
    world.touch("go")
    assert driving.ended().all_succeeded
    assert world.ledger() == ["run0"]


def test_an_agent_that_the_server_has_forgotten_is_registered_again(world: World) -> None:
    """The sweep is there: what runs must stay within its reach."""
    world.touch("wait")
    driving = world.drive()
    world.until(lambda: busy(world.server))
    world.server.forget(world.server.beats[0][0])
    world.until(lambda: len({agent for agent, runs in world.server.beats if runs}) == 2)
    world.touch("go")
    assert driving.ended().all_succeeded
    assert world.ledger() == ["run0", "run1", "run2"]


def test_trials_that_all_fail_end_the_sweep_here(world: World) -> None:
    """A machine whose environment is broken would burn every point of it."""
    world.server.points.extend({"lr": 0.1} for _ in range(10))
    world.touch("fail")
    driving = world.drive()
    driving.ended()
    assert driving.heard("the first 3 trials failed")
    assert world.server.handed == ["run0", "run1", "run2"]


def test_no_run_is_asked_for_after_a_ctrl_c_and_what_runs_still_hears_of_its_stop(world: World) -> None:
    """Once: no new trials. The second Ctrl-C is the runner's own business."""
    world.touch("wait")
    driving = world.drive(2)
    world.until(lambda: len(world.ledger()) == 2)
    driving.brake.press()
    world.server.stopped.add("run0")
    world.until(lambda: world.states()["run0"] is State.STOPPED_EARLY)
    world.touch("go")
    assert driving.ended().driven.interrupted
    assert world.server.handed == ["run0", "run1"]


def test_whoever_joins_again_adopts_what_runs_and_starts_nothing_twice(world: World) -> None:
    """Its agent goes on saying that it has this run."""
    world.touch("wait")
    first = world.drive()
    world.until(lambda: busy(world.server))
    first.brake.leave()
    assert first.ended().results is None
    before = len(world.server.beats)
    again = world.drive()
    world.until(lambda: len(world.server.beats) > before + 2)
    assert set(world.server.beats[before:]) == {(world.server.beats[0][0], ("run0",))}
    world.touch("go")
    assert again.ended().all_succeeded
    assert world.ledger() == ["run0", "run1", "run2"]


def test_a_run_that_comes_while_we_leave_is_kept_for_whoever_joins_again(world: World) -> None:
    """The server has handed it out: nobody else will compute it."""
    asked, answered = threading.Event(), threading.Event()

    class Slow(FakeServer):
        def enlist(self, address: Address, host: str) -> str:
            asked.set()
            answered.wait(PATIENCE)
            return super().enlist(address, host)

    world.server = Slow()
    world.server.register(CONFIG, "me", "digits")
    first = world.drive()
    asked.wait(PATIENCE)
    first.brake.leave()
    answered.set()
    assert first.ended().results is None
    assert (world.server.handed, world.states(), world.ledger()) == (["run0"], {"run0": State.QUEUED}, [])
    assert world.drive().ended().all_succeeded
    assert world.ledger() == ["run0", "run1", "run2"]


def test_a_run_that_was_preempted_is_computed_again_under_its_name(world: World) -> None:
    """W&B's `resume`: the same run, and here another attempt of its job."""
    world.touch("fail")
    world.drive(count=1).ended()
    (world.directory / "fail").unlink()

    class Resuming(FakeServer):
        def run(self, run: str, point: dict[str, Any], kind: str = "run") -> Any:
            return super().run("run0", point, "resume") if run == "run0" else super().run(run, point, kind)

    world.server = Resuming()
    world.server.register(CONFIG, "me", "digits")
    world.drive().ended()
    assert world.ledger() == ["run0", "run0", "run1", "run2"]
    assert world.states() == dict.fromkeys(["run0", "run1", "run2"], State.DONE)


def test_count_and_the_sentence_about_it_are_ours(world: World) -> None:
    """The server does not know how much of a machine is meant for it."""
    driving = world.drive(count=2)
    driving.ended()
    assert driving.heard("--count 2 is reached")
    assert world.server.handed == ["run0", "run1"]


def test_a_point_that_the_configuration_has_not_ends_the_sweep_with_a_sentence(world: World) -> None:
    """Somebody has changed it at the server: the command must come from the new one."""
    world.server.points[1]["momentum"] = 0.9
    driving = world.drive()
    driving.ended()
    assert driving.heard("which is no point of the configuration that it had")
    assert world.ledger() == ["run0"]


def test_a_waiting_server_is_asked_in_its_time(world: World) -> None:
    """It may wait for results before it chooses: an agent asks again, and not all the time."""
    world.server.points.clear()
    world.server.forever = True
    driving = world.drive()
    world.until(lambda: len(world.server.beats) > 3)
    world.server.points.append({"lr": 0.1})
    world.until(world.ledger)
    world.server.forever = False
    assert driving.ended().all_succeeded
    assert len({agent for agent, _ in world.server.beats}) == 1
