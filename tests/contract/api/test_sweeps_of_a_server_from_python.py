"""`exp_queue.sweep` where a W&B server chooses the points: the calls, on a server in memory."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import exp_queue
from scheduler.errors import UserError
from scheduler.home import open_home
from scheduler.wandb_agent.account import Address
from tests.contract.wandb_agent.fake_network import at_an_address
from tests.contract.wandb_agent.fake_server import FakeServer
from tests.contract.wandb_server.conftest import serving

TRIAL = """
import os, sys
print("loss:", sys.argv[1].split("=")[1], flush=True)
open("ledger", "a").write(os.environ["WANDB_SWEEP_ID"] + " " + os.environ["WANDB_RUN_ID"] + "\\n")
"""
SWEEP: dict[str, Any] = {
    "program": "t.py",
    "command": [sys.executable, "${program}", "${args}"],
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.2, 0.1]}},
    "entity": "me",
    "project": "digits",
}
NOT_HERE = "is about what the W&B server decides"


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory and a queue of the test's own, on a machine without GPUs."""
    work = tmp_path / "work"
    work.mkdir()
    for name, value in (("EXP_QUEUE_HOME", tmp_path / "home"), ("HOME", tmp_path), ("CUDA_VISIBLE_DEVICES", "-1")):
        monkeypatch.setenv(name, str(value))
    monkeypatch.chdir(work)
    (work / "t.py").write_text(TRIAL)
    return work


@pytest.fixture
def server(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    fake = FakeServer()
    with at_an_address(fake) as url:
        monkeypatch.setenv("WANDB_BASE_URL", url)
        monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
        yield fake


def runs(directory: Path) -> list[list[str]]:
    """Sweep and run of every trial that has begun, in order."""
    path = directory / "ledger"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def seen(trials: exp_queue.Trials) -> list[tuple[int, dict[str, Any], str, float | None]]:
    return [(each.number, dict(each.point), each.state, each.value) for each in trials]


BOTH = [(0, {"lr": 0.2}, "done", 0.2), (1, {"lr": 0.1}, "done", 0.1)]


def test_a_file_becomes_a_sweep_of_the_server_and_the_same_call_goes_on_with_it(server: FakeServer, directory: Path) -> None:
    """The same values as of a sweep that is decided here; the server gives each point once."""
    (directory / "sweep.yaml").write_text(yaml.safe_dump(SWEEP))
    found = exp_queue.sweep(backend="wandb", jobs=1, quiet=True)
    assert seen(found) == BOTH
    assert (found.metric, found.goal, found.file) == ("loss", "minimize", "sweep.yaml")
    assert found.best == found[1]
    assert exp_queue.sweep("sweep.yaml", backend="wandb", quiet=True) == found == exp_queue.trials(sweep="sweep.yaml")
    assert [sweep for sweep, _ in runs(directory)] == ["s0", "s0"]
    assert exp_queue.sweep("sweep.yaml", backend="wandb", again=True, count=1, jobs=1, quiet=True).sweep != found.sweep
    assert [sweep for sweep, _ in runs(directory)] == ["s0", "s0", "s1"]


def test_a_dict_becomes_a_sweep_of_the_server_and_the_same_dict_goes_on_with_it(server: FakeServer, directory: Path) -> None:
    """What a notebook gives to `wandb.sweep`; another dict is another sweep."""
    found = exp_queue.sweep(SWEEP, backend="wandb", jobs=1, quiet=True)
    assert seen(found) == BOTH
    assert exp_queue.sweep(dict(SWEEP), backend="wandb", quiet=True).sweep == found.sweep
    other = exp_queue.sweep({**SWEEP, "name": "other"}, backend="wandb", jobs=1, quiet=True)
    assert {job.group for job in (each.job for each in other)} == {"other"}
    assert [sweep for sweep, _ in runs(directory)] == ["s0", "s0", "s1", "s1"]
    with pytest.raises(UserError, match="becomes a sweep at a W&B server alone"):
        exp_queue.sweep(SWEEP, quiet=True)
    with pytest.raises(UserError, match=r"this cannot be written to a file.*set"):
        exp_queue.sweep({**SWEEP, "parameters": {"lr": {1, 2}}}, backend="wandb", quiet=True)
    with pytest.raises(UserError, match=r"^sweep: .*metod"):
        exp_queue.sweep({**SWEEP, "metod": "grid"}, backend="wandb", quiet=True)


def test_a_sweep_is_joined_by_its_name(server: FakeServer, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole, or as far as the settings do not say it; a file of that name is a file."""
    address, _ = server.register(json.dumps(SWEEP), "me", "digits")
    found = exp_queue.sweep("me/digits/s0", jobs=1, count=1, tags=["theirs"], quiet=True)
    assert seen(found) == BOTH[:1]
    assert (found.file, found[0].job.tags) == (str(address), ("theirs",))
    monkeypatch.setenv("WANDB_ENTITY", "me")
    monkeypatch.setenv("WANDB_PROJECT", "digits")
    assert seen(exp_queue.sweep("s0", backend="wandb", jobs=1, quiet=True)) == BOTH
    assert seen(exp_queue.trials(sweep="me/digits/s0")) == BOTH
    with pytest.raises(UserError, match="has no sweep me/digits/s7"):
        exp_queue.sweep("me/digits/s7", quiet=True)
    with pytest.raises(UserError, match="no such file"):
        exp_queue.sweep("s0", quiet=True)


def test_what_is_the_servers_business_is_refused_before_anything_is_made_there(server: FakeServer, directory: Path) -> None:
    """As on the command line, in the words of a call."""
    with pytest.raises(UserError, match="lr=1 would change the sweep") as found:
        exp_queue.sweep(SWEEP, {"lr": 1}, backend="wandb", quiet=True)
    assert 'backend="wandb"' in found.value.next_step
    with pytest.raises(UserError, match="method would change the sweep"):
        exp_queue.sweep(SWEEP, backend="wandb", method="random", quiet=True)
    for name, value in (("pruner", "none"), ("sampler", "tpe"), ("seed", 0), ("learn_from", "last")):
        with pytest.raises(UserError, match=f"^{name} {NOT_HERE}"):
            exp_queue.sweep(SWEEP, backend="wandb", quiet=True, **{name: value})
    with pytest.raises(UserError, match=r'backend.*"wandbb"'):
        exp_queue.sweep(SWEEP, backend="wandbb", quiet=True)
    assert server.sweep(Address("me", "digits", "s0")) is None
    server.register(json.dumps(SWEEP), "me", "digits")
    with pytest.raises(UserError, match="is not begun anew from here"):
        exp_queue.sweep("me/digits/s0", again=True, quiet=True)
    assert runs(directory) == []


def test_without_a_key_or_an_answer_the_call_says_so(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what to do."""
    server.down = "out of order"
    for asked in (SWEEP, "me/digits/s0"):
        with pytest.raises(UserError, match=r"does not answer: out of order"):
            exp_queue.sweep(asked, backend="wandb", quiet=True)
    monkeypatch.delenv("WANDB_API_KEY")
    with pytest.raises(UserError, match="there is no key for the W&B server"):
        exp_queue.sweep(SWEEP, backend="wandb", quiet=True)


def test_the_server_of_this_very_queue_is_refused(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its seats hold the GPUs that the trials would wait for."""
    with serving(open_home(directory.parent / "home")) as (served, client):
        monkeypatch.setenv("WANDB_BASE_URL", served.address.url)
        monkeypatch.setenv("WANDB_API_KEY", client.key)
        with pytest.raises(UserError, match="is this queue's own"):
            exp_queue.sweep(SWEEP, backend="wandb", quiet=True)
