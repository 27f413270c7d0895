"""The sweeps that were made with W&B's client: our engine asks and stops, our runner claims, and agents compute.

HOME/wandb/sweeps/ID.yaml   its configuration, as the client has sent it
                  ID.json   whose it is, and its state
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from scheduler.actions.brake import Brake
from scheduler.actions.drive import Terms
from scheduler.actions.notices import Told as Notice
from scheduler.actions.sweep import sweep as drive
from scheduler.errors import UserError
from scheduler.experiments.command.launch import Asked
from scheduler.home import Home
from scheduler.queue.job import Attempt, Job
from scheduler.queue.store import Store
from scheduler.runner.devices import open_devices
from scheduler.runner.notices import Ended, Joined, Started
from scheduler.sweeps.sweep import SweepPlan, read_plan
from scheduler.sweeps.wishes import Wishes
from scheduler.wandb_server.agents import Agents, Command, Offer
from scheduler.wandb_server.folders import RunId, root_of
from scheduler.wandb_server.jobs import seat_command
from scheduler.wandb_server.runs import Runs

PENDING, RUNNING, PAUSED, FINISHED, CANCELED = "PENDING", "RUNNING", "PAUSED", "FINISHED", "CANCELED"
OVER = (FINISHED, CANCELED)
PATIENCE = 3.0  # seconds that a heartbeat waits for a run: the client asks again after five
GRACE = 60.0  # seconds from the first signal of a stop to the next: an agent hears of it at its next heartbeat
ENTER = Path(__file__).with_name("enter.py")
_DEFAULT_COMMAND = ["${env}", "${interpreter}", "${program}", "${args}"]


@dataclass(frozen=True)
class Record:
    """What is kept of a sweep beside its configuration."""

    id: str
    entity: str
    project: str
    state: str
    created: float


class Sweeps:
    """Of any thread."""

    def __init__(self, home: Home, runs: Runs, say: Callable[[str], None]) -> None:
        self._home, self._runs, self._say = home, runs, say
        self._root = root_of(home.root) / "sweeps"
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._driven: dict[str, Driven] = {}
        self._lock = threading.Lock()

    def make(self, entity: str, project: str, config: str) -> Record:
        """A new sweep. UserError where its configuration cannot be run."""
        identity = secrets.token_hex(4)
        record = Record(identity, entity, project, PENDING, time.time())
        self._config(identity).write_text(config, encoding="utf-8")
        try:
            _plan(self._home, record, self._config(identity))
        except UserError:
            self._config(identity).unlink()
            raise
        self._keep(record)
        return record

    def get(self, identity: str) -> Record | None:
        with contextlib.suppress(OSError, ValueError, TypeError):
            return Record(**json.loads((self._root / f"{_safe(identity)}.json").read_bytes()))
        return None

    def config(self, identity: str) -> str:
        """As it was sent."""
        return self._config(identity).read_text(encoding="utf-8")

    def config_for_agents(self, record: Record) -> str:
        """The same with a command that gives each run the GPUs of its seat."""
        found = yaml.safe_load(self.config(record.id))
        command = found.get("command") or _DEFAULT_COMMAND
        words = command.split() if isinstance(command, str) else list(command)
        found["command"] = [sys.executable, "-IS", str(ENTER), str(self._home.root), record.entity, record.project, "--", *words]
        return yaml.safe_dump(found)

    def put(self, identity: str, state: str) -> Record:
        """Another state, as a person asks for it."""
        record = self.get(identity)
        if record is None:
            raise UserError(f"there is no sweep {identity}")
        changed = replace(record, state=state)
        self._keep(changed)
        with self._lock:
            driven = self._driven.get(identity)
        if driven:
            driven.obey(state)
        return changed

    def arrives(self, identity: str) -> str:
        """An agent registers; returns its id."""
        if self.get(identity) is None:
            raise UserError(f"there is no sweep {identity}")
        agent = f"{_safe(identity)}-{secrets.token_hex(6)}"
        if driven := self._driver(identity):
            driven.arrives(agent)
        return agent

    def beat(self, agent: str, runs: list[str]) -> list[Command] | None:
        """What an agent is told; None where its sweep is gone."""
        identity = agent.split("-")[0]
        record = self.get(identity)
        if record is None:
            return None
        driven = self._driver(identity)
        if driven is None:
            return [] if runs else [{"type": "exit"}]
        return driven.beat(agent, runs)

    def close(self) -> None:
        """Leave all sweeps; what runs goes on."""
        with self._lock:
            driven = list(self._driven.values())
        for each in driven:
            each.leave()

    def _driver(self, identity: str) -> Driven | None:
        """Who drives this sweep; None where it is over."""
        with self._lock:
            driven = self._driven.get(identity)
            record = self.get(identity)
            if driven is None and record and record.state not in OVER:
                driven = self._driven[identity] = Driven(self, record)
                driven.start()
            return driven

    # For those who drive.

    def plan(self, record: Record) -> SweepPlan:
        return _plan(self._home, record, self._config(record.id))

    def ended(self, identity: str) -> None:
        record = self.get(identity)
        if record and record.state not in OVER:
            self._keep(replace(record, state=FINISHED))

    def began(self, record: Record) -> None:
        if record.state == PENDING:
            self._keep(replace(record, state=RUNNING))

    @property
    def home(self) -> Home:
        return self._home

    @property
    def runs(self) -> Runs:
        return self._runs

    def say(self, text: str) -> None:
        self._say(text)

    def _config(self, identity: str) -> Path:
        return self._root / f"{_safe(identity)}.yaml"

    def _keep(self, record: Record) -> None:
        path = self._root / f"{record.id}.json"
        draft = path.with_suffix(f".{secrets.token_hex(4)}")
        draft.write_text(json.dumps(asdict(record)))
        draft.replace(path)


def _safe(identity: str) -> str:
    return "".join(letter for letter in identity if letter.isalnum())[:64] or "none"


def _plan(home: Home, record: Record, path: Path) -> SweepPlan:
    """The sweep with seats for programs: agents know the command."""
    plan = read_plan(str(path), asked=Asked(program="agent"))
    command = seat_command(home, record.entity, record.project)
    policy = replace(plan.policy, grace=max(plan.policy.grace, GRACE))
    return replace(plan, command=command, launch=command, policy=policy, notes=())


class Driven:
    """One sweep that is being driven, in a thread of its own."""

    def __init__(self, sweeps: Sweeps, record: Record) -> None:
        self._sweeps, self._record = sweeps, record
        config = yaml.safe_load(sweeps.config(record.id))
        self._agents = Agents(program=str(config.get("program") or ""))
        self._brake = Brake()
        self._news = threading.Condition()  # guards the agents
        self._is_paused = record.state == PAUSED
        self._thread = threading.Thread(target=self._drive, name=f"sweep {record.id}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def leave(self) -> None:
        self._brake.leave()
        self._thread.join()

    def obey(self, state: str) -> None:
        """A person has asked for another state."""
        self._is_paused = state == PAUSED
        if state in OVER:
            self._brake.press()
        if state == CANCELED:
            self._brake.press()
        self._brake.nudge()

    def arrives(self, agent: str) -> None:
        with self._news:
            self._agents.arrives(agent, time.monotonic())
        self._brake.nudge()

    def beat(self, agent: str, runs: list[str]) -> list[Command]:
        with self._news:
            for run in self._agents.beat(agent, runs, time.monotonic()):
                self._tell(run, {"gone": "its agent does not have it any more"})
            for run in runs:
                self._sweeps.runs.folder(self._run(run)).heard()
        self._brake.nudge()
        with self._news:
            deadline = time.monotonic() + PATIENCE
            while not (commands := self._agents.told(agent, self._is_stopped)) and not runs:
                if not self._news.wait(deadline - time.monotonic()) or time.monotonic() >= deadline:
                    break
            for each in commands:
                if each["type"] == "run":
                    self._tell(each["run_id"], {"taken": agent})
            return commands

    def _slots(self) -> int:
        with self._news:
            return 0 if self._is_paused else self._agents.present(time.monotonic())

    def _is_stopped(self, run: str) -> bool:
        return self._sweeps.runs.folder(self._run(run)).stop.exists()

    def _run(self, run: str) -> RunId:
        return RunId(self._record.entity, self._record.project, run)

    def _tell(self, run: str, post: dict[str, Any]) -> None:
        told = self._sweeps.runs.told(self._run(run))
        if told is None or not told.is_over:
            self._sweeps.runs.tell(self._run(run), post)

    def _drive(self) -> None:
        try:
            self._sweeps.began(self._record)
            self._until_it_is_over()
        except UserError as error:
            self._sweeps.say(f"sweep {self._record.id}: {error}")
        finally:
            with self._news:
                self._agents.is_over = True
                self._news.notify_all()

    def _until_it_is_over(self) -> None:
        plan, home = self._sweeps.plan(self._record), self._sweeps.home
        devices = open_devices()
        try:
            with Store(home, self._sweeps.say) as store:
                terms = Terms(slots=self._slots, brake=self._brake)
                swept = drive(store, plan, devices, str(root_of(home.root)), terms, Wishes(), self._hear)
        finally:
            devices.close()
        if swept.driven.left is None:
            self._sweeps.ended(self._record.id)

    def _hear(self, notice: Notice) -> None:
        if isinstance(notice, (Started, Joined)):
            self._seated(notice.job, notice.attempt)
        elif isinstance(notice, Ended):
            with self._news:
                self._agents.withdraw(notice.attempt.run_id)
            self._sweeps.runs.unless_over(self._run(notice.attempt.run_id))

    def _seated(self, job: Job, attempt: Attempt) -> None:
        """A seat is taken: the next agent without a run gets this one, unless one has it already."""
        told = self._sweeps.runs.told(self._run(attempt.run_id))
        if told and (told.agent or told.name):
            return
        with self._news:
            self._agents.offer(Offer(attempt.run_id, job.config))
            self._news.notify_all()
