"""A sweep while all that serves it is killed at random moments, on GPUs of a fake driver: a short one, and a long one by hand.

pytest -m slow -s tests/contract/wandb_server/test_sweeps_soak.py          # 60 trials, a kill about every second
SOAK_TRIALS=200 SOAK_SEED=7 pytest -m slow -s tests/contract/wandb_server/test_sweeps_soak.py
"""

from __future__ import annotations

import fcntl
import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scheduler.gpus.claims import live_claims
from scheduler.home import Home
from scheduler.queue.states import ENDED, State
from scheduler.queue.store import Store
from scheduler.wandb_server.folders import Folder, RunId
from tests.contract.wandb_server.agents import Agent, Server, Trial, found, grid, make_sweep
from tests.contract.wandb_server.conftest import Client
from tests.fakes.nvml.fake_driver import FakeDriver, fake_library, gpu_lines

__all__ = ["fake_library"]
EPOCHS, AGENTS = 3, 2


class Killed(Exception):
    """An agent is no more."""


@dataclass
class Mortal(Agent):
    """An agent that can be killed, and with it the training that it has started. `spares`: not before that has begun."""

    home: Path = Path()
    spares: bool = True
    is_killed: bool = False
    is_home: bool = False

    def work(self) -> Agent:
        with suppress(Killed):
            super().work()
            self.is_home = True
        return self

    def train(self, command: dict[str, Any]) -> None:
        # As the command does that an agent starts: its lock goes with it.
        handle = os.open(Folder(self.home, RunId("me", "proj", command["run_id"])).entered, os.O_RDWR | os.O_CREAT)
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            super().train(command)
        finally:
            os.close(handle)

    def beat(self, *runs: str) -> list[dict[str, Any]]:
        if self.is_killed and (runs or not self.spares):
            raise Killed
        time.sleep(0.02)
        return super().beat(*runs)


class Soak:
    """One sweep, two agents at a time, and somebody with a SIGKILL."""

    def __init__(self, home: Home, server: Server, seed: int, *, spares: bool) -> None:
        self._home, self._server, self._spares = home, server, spares
        self._dice = random.Random(seed)  # noqa: S311 - dice, not secrets
        self.agents: list[Mortal] = []
        self._threads: list[threading.Thread] = []
        self.kills: Counter[str] = Counter()

    def run(self, trials: int, pause: float) -> None:
        """Until the agents are sent home, with a kill every `pause` seconds on average."""
        client = self._server.start()
        sweep = make_sweep(client, grid(*range(trials)))
        while not any(each.is_home for each in self.agents):
            while sum(not each.is_killed for each in self.agents) < AGENTS:
                self._hire(client, sweep)
            time.sleep(self._dice.expovariate(1 / pause))
            self._kill()
        for each in self._threads:
            each.join()

    def _hire(self, client: Client, sweep: str) -> None:
        agent = Mortal(client, sweep, Trial(EPOCHS), home=self._home.root, spares=self._spares)
        self.agents.append(agent)
        self._threads.append(threading.Thread(target=agent.work, daemon=True))
        self._threads[-1].start()

    def _kill(self) -> None:
        kind = self._dice.choices(["server", "agent", "seat"], [5, 1, 1])[0]
        if kind == "server":
            self._server.kill()
            self._server.start()
        elif sum(len(each.given) for each in self.agents) < 4:  # three failures at first would be taken for a mistake
            return
        elif kind == "agent":
            self._dice.choice(self.agents).is_killed = True
        else:
            self._kill_a_seat()
        self.kills[kind] += 1

    def _kill_a_seat(self) -> None:
        with Store(self._home) as store:
            for attempt in store.open_attempts()[:1]:
                with suppress(ProcessLookupError, TypeError):  # it has ended, or it is just beginning
                    os.kill(attempt.pid, signal.SIGKILL)


@pytest.fixture
def driver(fake_library: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a machine with a GPU for each agent."""
    for name in ("driver", "claims"):
        (tmp_path / name).mkdir()
    made = FakeDriver(fake_library, tmp_path / "driver")
    made.shows(*gpu_lines(AGENTS))
    return {**made.environment, "EXP_QUEUE_LOCK_DIR": str(tmp_path / "claims")}


def check(store: Store, soak: Soak, trials: int, claims: Path, patience: float) -> None:
    """Nothing was asked twice, nothing was lost, and nothing is kept."""
    deadline = time.monotonic() + patience
    while live_claims(claims) or not all(job.state in ENDED for job in store.jobs()):
        assert time.monotonic() < deadline, [(job.config, job.state) for job in store.jobs()]
        time.sleep(0.1)
    table = {each.point["lr"]: each for each in found(store)}
    assert sorted(table) == list(range(trials))
    assert len(found(store)) == trials
    begun = [pair for each in soak.agents for pair in each.given]
    assert max(Counter(run for run, _ in begun).values()) == 1
    assert all(count <= table[lr].attempts for lr, count in Counter(lr for _, lr in begun).items())
    whole = {lr: tuple(float(lr - epoch) for epoch in range(EPOCHS)) for lr in range(trials)}
    done = {lr: each.history for lr, each in table.items() if each.state is State.DONE}
    assert done == {lr: whole[lr] for lr in done}
    assert trials - len(done) <= soak.kills["agent"] + soak.kills["seat"]
    assert all(each.history == whole[lr][: len(each.history)] for lr, each in table.items())


def test_a_sweep_survives_kills_at_random_moments(home: Home, store: Store, driver: dict[str, str], tmp_path: Path) -> None:
    """Of its server above all, and of agents and seats."""
    server = Server(home.root, **driver)
    soak = Soak(home, server, seed=3, spares=True)
    try:
        soak.run(trials=8, pause=0.7)
        check(store, soak, 8, tmp_path / "claims", patience=90)
    finally:
        server.kill()


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_long_sweep_survives_a_kill_every_second(home: Home, store: Store, driver: dict[str, str], tmp_path: Path) -> None:
    """Agents die wherever they are, also between an answer and the run that it names."""
    trials, seed = int(os.environ.get("SOAK_TRIALS", "60")), int(os.environ.get("SOAK_SEED", "1"))
    server = Server(home.root, **driver)
    soak = Soak(home, server, seed, spares=False)
    try:
        soak.run(trials, pause=1.0)
        check(store, soak, trials, tmp_path / "claims", patience=300)
    finally:
        server.kill()
    print(f"{trials} trials, {dict(soak.kills)}, {len(soak.agents)} agents")
