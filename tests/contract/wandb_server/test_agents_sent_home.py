"""One of several agents is sent home by a person; the others go on."""

from __future__ import annotations

import subprocess

import pytest

from scheduler.actions.agents import agents, send_home
from scheduler.errors import UserError
from scheduler.home import Home
from scheduler.queue.states import State
from scheduler.queue.store import Store
from tests.conftest import COMMAND, user_environment
from tests.contract.wandb_server.agents import Agent, Server, grid, make_sweep, server, what_came_out
from tests.contract.wandb_server.conftest import PATIENCE, Client
from tests.waiting import until

__all__ = ["server"]
EXIT = [{"type": "exit"}]


def name(home: Home, agent: Agent) -> str:
    """As people call it."""
    (found,) = [each.name for each in agents(home.root) if each.id == agent.id]
    return found


def test_an_agent_that_is_sent_home_ends_its_run_and_another_takes_the_next(client: Client, home: Home, store: Store) -> None:
    """Its machine is wanted for something else; the sweep goes on."""
    first = Agent(client, make_sweep(client, grid(0.1, 0.2, 0.3)))
    run, _ = first.begin(first.taken())
    other = Agent(client, first.sweep)
    other.register()
    (sent,) = send_home(home.root, [name(home, first)])
    assert (sent.jobs, sent.host) == ((run[:8],), "here")
    assert [each.leaves for each in agents(home.root)] == [True, False]
    assert first.beat(run) == []  # it goes on
    client.log(0.1, name=run)
    first.ends(run, 0)
    assert first.beat() == first.beat() == EXIT
    assert [each.id for each in agents(home.root)] == [other.id]
    other.work()
    assert ([lr for _, lr in first.given], [lr for _, lr in other.given]) == ([0.1], [0.2, 0.3])
    assert {state for state, _ in what_came_out(store).values()} == {State.DONE}


def test_an_agent_that_waits_goes_at_once(client: Client, home: Home, store: Store) -> None:
    """Its heartbeat is under way, and is answered."""
    busy, idle = (Agent(client, sweep) for sweep in [make_sweep(client, grid(0.1))] * 2)
    run, _ = busy.begin(busy.taken())
    waiting = idle.start()
    until(lambda: idle.id and len(agents(home.root)) == 2)
    send_home(home.root, [name(home, idle)])
    waiting.join(PATIENCE)
    assert not waiting.is_alive()
    busy.ends(run, 0)
    busy.work()
    assert [state for state, _ in what_came_out(store).values()] == [State.DONE]


def test_an_agent_is_sent_home_with_its_run(client: Client, home: Home, store: Store) -> None:
    """Named together: its run is stopped, and the point that waits is not for it."""
    agent = Agent(client, make_sweep(client, grid(0.1, 0.2)))
    run, _ = agent.begin(agent.taken())
    environment = user_environment(EXP_QUEUE_HOME=str(home.root), CUDA_VISIBLE_DEVICES="-1")
    command = subprocess.Popen([*COMMAND, "cancel", name(home, agent), run[:8]], env=environment)
    until(lambda: agent.beat(run) == [{"type": "stop", "run_id": run}])
    agent.ends(run, 255)
    assert agent.beat() == EXIT
    assert command.wait(PATIENCE) == 0
    until(lambda: what_came_out(store)[0.1][0] is State.CANCELLED)


def test_an_agent_stays_sent_home_when_the_server_is_killed(server: Server, home: Home, store: Store) -> None:
    """It hears so from the next one, although that has never been asked."""
    client = server.start()
    agent = Agent(client, make_sweep(client, grid(0.1, 0.2)))
    run, _ = agent.begin(agent.taken())
    send_home(home.root, [name(home, agent)])
    server.kill()
    server.start()
    agent.ends(run, 0)
    assert until(agent.beat) == EXIT
    until(lambda: what_came_out(store)[0.1][0] is State.DONE)


def test_a_name_that_nobody_has_says_who_is_there(client: Client, home: Home) -> None:
    """And nobody is sent, also of those who were named rightly."""
    agent = Agent(client, make_sweep(client, grid(0.1)))
    with pytest.raises(UserError, match='no agent is called "agent:beef"') as nobody:
        send_home(home.root, ["agent:beef"])
    assert "none is there" in nobody.value.next_step
    run, _ = agent.begin(agent.taken())
    called = name(home, agent)
    with pytest.raises(UserError, match='no agent is called "agent:nobody"') as wrong:
        send_home(home.root, [called, "agent:nobody"])
    assert called in wrong.value.next_step
    with pytest.raises(UserError, match='no agent is called "agent:"'):
        send_home(home.root, ["agent:"])
    assert [each.leaves for each in agents(home.root)] == [False]
    agent.ends(run, 0)


def test_without_a_server_nobody_can_be_sent(home: Home) -> None:
    """Agents wait for the next one; who they are is known to it alone."""
    with pytest.raises(UserError, match="known to the W&B server of this queue, and it is not there"):
        send_home(home.root, ["agent:beef"])
    assert agents(home.root) == []
