"""Who computes for a sweep, on the live page and behind a Tab."""

from __future__ import annotations

import pytest

from scheduler.actions import suggest
from scheduler.actions.agents import agents as there
from scheduler.actions.agents import served
from scheduler.home import Home
from scheduler.queue.store import Store
from scheduler.queue.trials import SweepRecord, newest_sweeps
from scheduler.report.agents import stands
from scheduler.web.documents import agents
from tests.contract.cli.test_completing import offered
from tests.contract.wandb_server.agents import Agent, grid, make_sweep, server
from tests.contract.wandb_server.conftest import Client, serving

__all__ = ["server"]


def two(client: Client) -> str:
    """One that computes, and one that has just come; returns the run of the first."""
    busy = Agent(client, make_sweep(client, grid(0.1, 0.2)))
    run, _ = busy.begin(busy.taken())
    Agent(client, busy.sweep).register()
    return run


def test_a_page_has_the_agents_of_each_sweep_with_their_runs(client: Client, home: Home, store: Store) -> None:
    """Which of several machines is at which trial, and which has nothing to do."""
    run = two(client)
    make_sweep(client, grid(0.3))
    (record,) = [each for each in newest_sweeps(store) if there(home.root)[0].sweep in each.file]
    names = [each.name for each in there(home.root)]
    assert agents.document(store) == {
        record.id: [
            {"name": names[0], "host": "here", "jobs": [run[:8]], "leaves": False},
            {"name": names[1], "host": "here", "jobs": [], "leaves": False},
        ]
    }


@pytest.mark.parametrize(
    ("state", "word"), [("PAUSED", "wandb sweep --resume me/proj/"), ("FINISHED", "over"), ("CANCELED", "cancelled")]
)
def test_why_a_sweep_asks_no_further_points_is_said_with_its_trials(
    state: str, word: str, client: Client, home: Home, store: Store
) -> None:
    """Its agents wait, or have gone, without a word; somebody has paused it a week ago."""
    identity = make_sweep(client, grid(0.1, 0.2))
    busy = Agent(client, identity)
    busy.begin(busy.taken())
    (record,) = newest_sweeps(store)
    assert stands(served(home.root, record)) == []
    client.ask("UpsertSweep", id=identity, state=state)
    (said,) = stands(served(home.root, record))
    assert word in said
    assert state != "PAUSED" or identity in said


def test_a_sweep_that_no_server_of_ours_has_stands_nowhere(client: Client, home: Home) -> None:
    """`exp-queue sweep FILE` drives it, and says itself how it stands; whatever its file is called."""
    record = SweepRecord("s", "k", f"/elsewhere/{make_sweep(client, grid(0.1))}.yaml", 0, "{}", 0.0)
    assert served(home.root, record) is None
    assert stands(None) == []


def test_without_their_server_there_are_no_agents(store: Store) -> None:
    """The page shows all the rest."""
    assert agents.document(store) == {}


def test_a_server_that_does_not_answer_costs_the_page_and_the_tab_only_its_agents(
    home: Home, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is ending, or stopped: the page goes on, and a shell is told nothing."""
    monkeypatch.setenv("EXP_QUEUE_HOME", str(home.root))
    with serving(home) as (found, client):
        two(client)
        found.server.shutdown()
        found.server.server_close()
        assert agents.document(store) == {}
        assert suggest.agents("agent:") == []


def test_agents_are_completed_where_they_can_be_cancelled(
    client: Client, home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name of letters and digits is nobody's to type; other commands take no agents."""
    monkeypatch.setenv("EXP_QUEUE_HOME", str(home.root))
    two(client)
    names = [each.name for each in there(home.root)]
    assert offered("exp-queue cancel age", monkeypatch, capsys) == names
    assert offered("exp-queue cancel agent:", monkeypatch, capsys, ":") == [name.removeprefix("agent:") for name in names]
    assert offered(f"exp-queue cancel {names[0]}", monkeypatch, capsys, names[0]) == [names[0]]
    assert offered("exp-queue pause age", monkeypatch, capsys) == []


@pytest.mark.parametrize("begun", ["", "tag:", "agents", "last"])
def test_their_server_is_asked_by_nobody_who_types_something_else(
    begun: str, client: Client, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Tab reads one file, and waits for no server."""
    monkeypatch.setenv("EXP_QUEUE_HOME", str(home.root))
    two(client)
    assert suggest.agents(begun) == []
