"""A server that can be killed, and agents that go on without it: what W&B's were seen to say, by plain HTTP."""

from __future__ import annotations

import http.client
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scheduler.home import Home
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.trials import TrialRecord, newest_sweeps, trials
from tests.conftest import COMMAND, user_environment
from tests.contract.wandb_server.conftest import PATIENCE, Client
from tests.ports import free_port

WHERE = {"entity": "me", "project": "proj"}


class Server:
    """`exp-queue serve` of one queue, again and again."""

    def __init__(self, home: Path, **environment: str) -> None:
        """`environment`: that of a machine with GPUs; without, there are none."""
        self._environment = user_environment(EXP_QUEUE_HOME=str(home), **environment or {"CUDA_VISIBLE_DEVICES": "-1"})
        self._said, self._port = home.parent / "server.txt", free_port()
        self._process: subprocess.Popen[str] | None = None

    def start(self, failpoint: str = "") -> Client:
        """It listens; with a failpoint it dies there."""
        environment = {**self._environment, **({"EXP_QUEUE_FAILPOINT": failpoint} if failpoint else {})}
        with self._said.open("a") as said:
            command = [*COMMAND, "serve", "--port", str(self._port), "--format", "json"]
            self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=said, text=True)
        assert self._process.stdout
        told = json.loads(self._process.stdout.readline())
        return Client(int(told["url"].rpartition(":")[2]), told["WANDB_API_KEY"])

    @property
    def said(self) -> str:
        return self._said.read_text()

    def dies(self) -> int:
        """How it ended, at its failpoint."""
        assert self._process
        return self._process.wait(PATIENCE)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout
            self._process.stdout.close()


@pytest.fixture
def server(home: Home) -> Iterator[Server]:
    made = Server(home.root)
    yield made
    made.kill()


def patiently(ask: Callable[[], Any]) -> Any:
    """As the client does: whoever hears no answer asks again."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return ask()
        except (OSError, http.client.HTTPException):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def make_sweep(client: Client, text: str) -> str:
    made = client.ask("UpsertSweep", entityName="me", projectName="proj", config=text)
    return str(made["upsertSweep"]["sweep"]["name"])


@dataclass
class Trial:
    """What a training does: it logs a loss for each epoch, and says with which status it ends."""

    epochs: int = 2
    status: int = 0

    def loss(self, config: dict[str, Any], epoch: int) -> float:
        return float(config["lr"]) - epoch


@dataclass
class Agent:
    """`wandb agent`, with the training that it starts."""

    client: Client
    sweep: str
    trial: Trial = field(default_factory=Trial)
    given: list[tuple[str, float]] = field(default_factory=list)  # the runs that it has begun
    stopped: list[str] = field(default_factory=list)
    id: str = ""

    def work(self) -> Agent:
        """Until it is sent home."""
        while (commands := self.beat()) != [{"type": "exit"}]:
            for each in commands:
                self.train(each)
        return self

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self.work, daemon=True)
        thread.start()
        return thread

    def register(self) -> None:
        made = patiently(lambda: self.client.ask("CreateAgent", host="here", sweep=self.sweep, **WHERE))
        self.id = made["createAgent"]["agent"]["id"]

    def beat(self, *runs: str) -> list[dict[str, Any]]:
        if not self.id:
            self.register()
        state = json.dumps(dict.fromkeys(runs, True))
        answer = patiently(lambda: self.client.ask("Heartbeat", id=self.id, metrics="{}", runState=state))
        found = json.loads(answer["agentHeartbeat"]["commands"])
        return found if isinstance(found, list) else []

    def taken(self) -> dict[str, Any]:
        """The next run that it is told of."""
        while True:
            for each in self.beat():
                assert each["type"] == "run", each
                return each

    def begin(self, command: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """`wandb.init`; the run and its point."""
        run, config = command["run_id"], {name: each["value"] for name, each in command["args"].items()}
        self.given.append((run, config["lr"]))
        patiently(lambda: self.client.begin(run, sweep=self.sweep))
        return run, config

    def train(self, command: dict[str, Any]) -> None:
        run, config = self.begin(command)
        for epoch in range(self.trial.epochs):
            patiently(lambda epoch=epoch: self.client.log(self.trial.loss(config, epoch), at=epoch, name=run))
            if any(each["type"] == "stop" for each in self.beat(run)):
                self.stopped.append(run)
                self.ends(run, 255)
                return
        self.ends(run, self.trial.status)

    def ends(self, run: str, status: int) -> None:
        patiently(lambda: self.client.stream(run, complete=True, exitcode=status))


def grid(*values: float, more: str = "") -> str:
    lines = ["program: train.py", "method: grid", "metric: {name: loss, goal: minimize}"]
    return "\n".join([*lines, f"parameters: {{lr: {{values: {list(values)}}}}}", more])


def found(store: Store) -> list[TrialRecord]:
    """The trials of the one sweep that there is."""
    (sweep,) = newest_sweeps(store)
    return trials(store, sweep.id)


def what_came_out(store: Store) -> dict[float, tuple[State, tuple[float, ...]]]:
    """State and values of each trial, by its point."""
    return {each.point["lr"]: (each.state, each.history) for each in found(store)}
