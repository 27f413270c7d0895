"""`exp-queue retry` of a trial that an agent ran: it is offered to the next agent, of a sweep that goes on or is over."""

from __future__ import annotations

import pytest

from scheduler.actions.agents import agents, send_home
from scheduler.actions.drive import Terms
from scheduler.actions.notices import Said, Told
from scheduler.actions.retry import retry
from scheduler.actions.where import Where
from scheduler.cli.main import main
from scheduler.errors import UserError
from scheduler.home import Home
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.web.verbs import act
from tests.contract.wandb_server.agents import Agent, Server, Trial, grid, make_sweep, server, what_came_out
from tests.contract.wandb_server.conftest import Client, serving
from tests.contract.wandb_server.test_sweeps_end import put, state_of
from tests.waiting import until

__all__ = ["server"]
EXIT = [{"type": "exit"}]
FAILS, WORKS = Trial(epochs=1, status=1), Trial(epochs=1)


def again(store: Store, lr: float) -> str:
    """What `exp-queue retry` says of the trial at this point."""
    said: list[str] = []

    def hear(notice: Told) -> None:
        assert isinstance(notice, Said)  # nothing is started here
        said.append(notice.text)

    (job,) = [job for job in store.jobs() if job.config["lr"] == lr]
    assert retry(store, [job.id], Where(), Terms(), hear, lost=False) is not None
    (text,) = said
    return text


def states(store: Store) -> dict[float, State]:
    return {lr: state for lr, (state, _) in what_came_out(store).items()}


def once_it_is_cancelled(store: Store, lr: float) -> str:
    """The same of a sweep that was cancelled a moment ago; "" while its runs are being ended."""
    try:
        return again(store, lr)
    except UserError as error:
        return "" if "is being cancelled" in str(error) else str(error)


def failed(client: Client, home: Home, store: Store, *points: float) -> str:
    """A sweep whose trial at the first of these points has failed, and of whose agents none is there."""
    agent = Agent(client, make_sweep(client, grid(*points)))
    run, _ = agent.begin(agent.taken())
    send_home(home.root, [each.name for each in agents(home.root)])  # no seat is made for it any more
    agent.ends(run, 1)
    assert until(agent.beat) == EXIT
    until(lambda: states(store) == {points[0]: State.FAILED})
    return agent.sweep


def test_a_trial_that_failed_goes_to_the_next_agent_while_the_sweep_goes_on(client: Client, store: Store) -> None:
    """As a run of another name, so that whoever still has the old one cannot have it; what runs is not disturbed."""
    busy = Agent(client, make_sweep(client, grid(0.1, 0.2, 0.3)), FAILS)
    busy.train(busy.taken())
    run, config = busy.begin(busy.taken())
    client.log(7.0, name=run)
    until(lambda: states(store)[0.1] is State.FAILED)
    assert "is offered to the next agent, as a run of a new name" in again(store, 0.1)
    other = Agent(client, busy.sweep, WORKS)
    other.train(other.taken())
    other.train(other.taken())
    assert config["lr"] == 0.2
    assert sorted(lr for _, lr in other.given) == [0.1, 0.3]
    client.log(6.0, at=1, name=run)
    busy.ends(run, 0)
    other.work()
    assert what_came_out(store) == {0.1: (State.DONE, (0.1,)), 0.2: (State.DONE, (7.0, 6.0)), 0.3: (State.DONE, (0.3,))}
    assert len({run for agent in (busy, other) for run, _ in agent.given}) == 4


def test_the_command_says_of_trials_only_what_becomes_of_them(
    client: Client, home: Home, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A "nothing was run" behind it would sound as if it had been in vain."""
    failed(client, home, store, 0.1, 0.2)
    (job,) = [job for job in store.jobs() if job.config["lr"] == 0.1]
    monkeypatch.setenv("EXP_QUEUE_HOME", str(home.root))
    with pytest.raises(SystemExit) as left:
        main(["retry", job.id])
    (line,) = capsys.readouterr().err.splitlines()
    assert "is offered to the next agent" in line
    assert left.value.code == 0


@pytest.mark.parametrize("state", ["FINISHED", "CANCELED"])
def test_a_sweep_that_is_over_computes_the_trial_and_asks_no_other(client: Client, home: Home, store: Store, state: str) -> None:
    """A person has stopped it and wants this one point all the same."""
    sweep = failed(client, home, store, 0.1, 0.2, 0.3)
    put(client, sweep, state)
    assert until(Agent(client, sweep).beat) == EXIT
    assert "the sweep is over, and asks no other points" in until(lambda: once_it_is_cancelled(store, 0.1))
    agent = Agent(client, sweep, WORKS).work()
    assert [lr for _, lr in agent.given] == [0.1]
    assert states(store) == {0.1: State.DONE}
    assert state_of(client, sweep) == "FINISHED"
    assert Agent(client, sweep).beat() == EXIT
    assert states(store) == {0.1: State.DONE}


def test_asked_twice_it_waits_or_runs_already(client: Client, home: Home, store: Store) -> None:
    """Once is enough; and a trial that has succeeded is not repeated."""
    sweep = failed(client, home, store, 0.1)
    again(store, 0.1)
    assert "waits for an agent already" in again(store, 0.1)
    assert "waits for an agent already" in act(store, "retry", {"jobs": [store.jobs()[0].id]})  # from the page
    agent = Agent(client, sweep)
    run, _ = agent.begin(agent.taken())
    assert "runs, or waits for its agent: nothing to offer again" in again(store, 0.1)
    client.log(0.1, name=run)
    agent.ends(run, 0)
    agent.work()
    with pytest.raises(UserError, match="has succeeded"):
        again(store, 0.1)
    assert what_came_out(store) == {0.1: (State.DONE, (0.1,))}


def test_without_the_server_nothing_is_asked(home: Home, store: Store) -> None:
    """Nobody else gives a run to an agent."""
    with serving(home) as (_, client):
        failed(client, home, store, 0.1)
    with pytest.raises(UserError, match=r"the server that gives it to one is not there"):
        again(store, 0.1)
    assert states(store) == {0.1: State.FAILED}


@pytest.mark.parametrize("failpoint", ["", "trial-retried:kill"])
def test_a_server_that_is_killed_loses_no_trial_that_was_asked_again(
    server: Server, home: Home, store: Store, failpoint: str
) -> None:
    """The next one offers it; where the kill came before the answer, the same command again says so."""
    client = server.start(failpoint)
    sweep = failed(client, home, store, 0.1, 0.2)
    put(client, sweep, "FINISHED")
    assert until(Agent(client, sweep).beat) == EXIT
    if failpoint:
        with pytest.raises(UserError, match="does not do that"):
            again(store, 0.1)
        server.dies()
    else:
        again(store, 0.1)
        server.kill()
    server.start()
    if failpoint:
        assert "is offered to the next agent" in again(store, 0.1)
    agent = Agent(client, sweep, WORKS).work()
    assert [lr for _, lr in agent.given] == [0.1]
    until(lambda: states(store) == {0.1: State.DONE})
