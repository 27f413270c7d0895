"""What an agent starts: it has the GPUs of its seat, and its seat knows whether it is there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
import yaml

from scheduler.home import Home
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.wandb_server.folders import Folder, RunId
from tests.contract.wandb_server.agents import Agent, found, grid, make_sweep
from tests.contract.wandb_server.conftest import Client
from tests.waiting import until

SLEEP = "command: [sh, -c, 'env > environment; exec sleep 600']"


def started(client: Client, sweep: str, run: str, place: Path, **own: str) -> subprocess.Popen[bytes]:
    """As `wandb agent` starts the command that it is told; `own`: what its user has exported."""
    text = client.ask("SweepWithRuns", entity="me", project="proj", sweep=sweep)["project"]["sweep"]["config"]
    return subprocess.Popen(yaml.safe_load(text)["command"], env={**os.environ, "WANDB_RUN_ID": run, **own}, cwd=place)


def has_begun(home: Home, run: str) -> bool:
    folder = Folder(home.root, RunId("me", "proj", run))
    return folder.entered.exists() and not folder.has_left()


def test_a_command_has_the_gpus_of_its_seat_and_is_missed_when_it_is_killed(client: Client, store: Store, tmp_path: Path) -> None:
    """A run that was begun does not say so itself: its client may have died with it."""
    agent = Agent(client, make_sweep(client, grid(0.1, more=SLEEP)))
    run, _ = agent.begin(agent.taken())
    seat = Folder(store.home.root, RunId("me", "proj", run)).seat
    seat.write_text(json.dumps({"CUDA_VISIBLE_DEVICES": "GPU-of-the-seat"}))
    training = started(client, agent.sweep, run, tmp_path)
    until(lambda: has_begun(store.home, run) and "GPU-of-the-seat" in _text(tmp_path / "environment"))
    training.send_signal(signal.SIGKILL)
    training.wait()
    until(lambda: [each.state for each in found(store)] == [State.FAILED])
    log = store.latest_attempts(store.jobs())[store.jobs()[0].id].log
    assert "its program is not there any more" in log.read_text()


@pytest.mark.parametrize(("own", "seconds"), [({}, "1"), ({"WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "60"}, "60")])
def test_a_command_sends_its_rows_every_second_unless_its_user_says_otherwise(
    own: dict[str, str], seconds: str, client: Client, tmp_path: Path
) -> None:
    """W&B's client by itself lets a trial that is behind compute for a quarter of a minute before anybody can know of it."""
    agent = Agent(client, make_sweep(client, grid(0.1, more=SLEEP)))
    run, _ = agent.begin(agent.taken())
    training = started(client, agent.sweep, run, tmp_path, **own)
    try:
        until(lambda: f"\nWANDB_RUN_ID={run}\n" in f"\n{_text(tmp_path / 'environment')}")
        assert f"WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL={seconds}" in _text(tmp_path / "environment").splitlines()
    finally:
        training.kill()
        training.wait()


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""
