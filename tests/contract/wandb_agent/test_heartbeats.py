"""The thread that asks the server, as the loop sees it."""

from __future__ import annotations

import select
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scheduler.experiments.command.launch import Asked
from scheduler.linux.wakeups import Wakeups
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.sweeps.engine.budget import Budget
from scheduler.sweeps.engine.live_trials import Book, open_sweep
from scheduler.wandb_agent.account import Address
from scheduler.wandb_agent.crew import FINISHED
from scheduler.wandb_agent.heartbeats import Heartbeats
from scheduler.wandb_agent.plan import plan_from_config
from scheduler.wandb_agent.server import Gone
from scheduler.wandb_agent.source import ServerSource
from tests.contract.wandb_agent.fake_server import FakeServer

CONFIG = "program: t.py\nmethod: grid\nparameters: {lr: {values: [0.1]}}\n"
NEVER = 1e9  # seconds between two heartbeats
PATIENCE = 60

Until = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def heartbeats(server: FakeServer) -> Iterator[Heartbeats]:
    address, _ = server.register(CONFIG, "me", "digits")
    made = Heartbeats(server, address, NEVER)
    yield made
    made.close()


def is_readable(heartbeats: Heartbeats) -> bool:
    return bool(select.select([heartbeats], [], [], 0)[0])


def answered(heartbeats: Heartbeats, until: Until) -> None:
    until(lambda: is_readable(heartbeats))
    heartbeats.hear()


def test_nothing_is_asked_before_somebody_asks(server: FakeServer, heartbeats: Heartbeats, until: Until) -> None:
    """A heartbeat without a run may be answered with one."""
    heartbeats.open()
    heartbeats.has("run9", "")
    answered(heartbeats, until)
    assert [runs for _, runs in server.beats] == [("run9",)]
    heartbeats.ask()
    answered(heartbeats, until)
    assert [runs for _, runs in server.beats] == [("run9",), ()]


def test_a_run_waits_until_it_is_taken(heartbeats: Heartbeats, until: Until) -> None:
    """The loop may find no room on the disk for it, and comes again."""
    heartbeats.open()
    heartbeats.ask()
    answered(heartbeats, until)
    first = heartbeats.offer
    assert first
    assert (first.values, heartbeats.offer, heartbeats.pending) == ({"lr": 0.1}, first, True)
    heartbeats.taken()
    assert (heartbeats.offer, heartbeats.pending) == (None, False)


def test_a_server_that_had_nothing_is_not_asked_again_at_once(server: FakeServer, heartbeats: Heartbeats, until: Until) -> None:
    """It waits for results; the loop turns many times meanwhile."""
    server.points.clear()
    server.forever = True
    heartbeats.open()
    heartbeats.ask()
    answered(heartbeats, until)
    heartbeats.ask()
    assert not heartbeats.pending
    assert (heartbeats.patience() or 0) > 0


def test_an_agent_whose_run_is_over_need_not_wait(server: FakeServer, heartbeats: Heartbeats, until: Until) -> None:
    """Its heartbeat has news: the slot is free for the next run."""
    server.points.append({"lr": 0.2})
    heartbeats.open()
    for run in ("run0", "run1"):
        heartbeats.ask()
        answered(heartbeats, until)
        assert (heartbeats.offer and heartbeats.offer.run) == run
        heartbeats.taken()
        heartbeats.ended(run)
    assert len({agent for agent, _ in server.beats}) == 1


def test_after_exit_nobody_is_asked(server: FakeServer, heartbeats: Heartbeats, until: Until) -> None:
    """And nothing needs a look by the clock any more."""
    server.points.clear()
    heartbeats.open()
    heartbeats.ask()
    answered(heartbeats, until)
    assert (heartbeats.crew.end, heartbeats.patience()) == (FINISHED, None)


def test_leaving_does_not_wait_for_a_server_that_hangs() -> None:
    """A Ctrl-C must not take a minute because of a network."""
    asked, answer = threading.Event(), threading.Event()

    class Hanging(FakeServer):
        def enlist(self, address: Address, host: str) -> str:
            asked.set()
            answer.wait(PATIENCE)
            raise Gone

    heartbeats = Heartbeats(Hanging(), Address("me", "digits", "s0"), NEVER)
    heartbeats.open()
    heartbeats.ask()
    assert asked.wait(PATIENCE)
    heartbeats.close(0.01)
    assert not answer.is_set()
    answer.set()


def test_the_loop_sleeps_again_after_news(
    store: Store, server: FakeServer, heartbeats: Heartbeats, until: Until, tmp_path: Path
) -> None:
    """News that stay unheard would wake it for ever."""
    address, _ = server.register(CONFIG, "me", "digits")
    plan = plan_from_config(CONFIG, "http://127.0.0.1:1", address, Asked())
    book = Book(store, plan, open_sweep(store, plan, str(tmp_path), "server", again=False, seed=0)[0])
    source = ServerSource(Mine(store, []), plan, book, heartbeats, Budget(), lambda text: None)
    with Wakeups(lambda number: None) as wakeups:
        source.open(wakeups)
        assert source.refill(1)
        source.patience()
        until(lambda: is_readable(heartbeats))
        wakeups.wait(PATIENCE)
        assert not is_readable(heartbeats)
        source.close()
