"""The server of a sweep is killed: no point is asked twice, no run goes to two agents, and nothing of a trial is lost."""

from __future__ import annotations

from collections import Counter

import pytest

from scheduler.queue.states import ENDED, State
from scheduler.queue.store import Store
from tests.contract.wandb_server.agents import Agent, Server, grid, make_sweep, server, what_came_out
from tests.contract.wandb_server.conftest import PATIENCE
from tests.waiting import until

__all__ = ["server"]
KILLED = -9
RATES = (0.1, 0.2, 0.3, 0.4, 0.5)
LIVES = {
    "asking": ["point-asked", "trial-queued", "begin-written", "begin-committed"],
    "giving": ["run-chosen", "run-given", "run-given@2", "post-kept@2"],
    "hearing": ["post-kept@3", "end-heard", "post-kept@4", "end-unread"],
}


def failpoint(moment: str) -> str:
    point, _, count = moment.partition("@")
    return f"{point}:kill@{count or 1}"


@pytest.mark.parametrize("lives", LIVES.values(), ids=list(LIVES))
def test_a_sweep_goes_on_wherever_its_server_was_killed(server: Server, store: Store, lives: list[str]) -> None:
    """One server after the other dies at a moment of its own. The agents have not noticed: they ask again, as W&B's do."""
    first, *rest = lives
    client = server.start(failpoint(first))
    agents = [Agent(client, make_sweep(client, grid(*RATES)))]
    agents.append(Agent(client, agents[0].sweep))
    threads = [each.start() for each in agents]
    for moment in rest:
        assert server.dies() == KILLED
        server.start(failpoint(moment))
    assert server.dies() == KILLED
    server.start()
    for each in threads:
        each.join(PATIENCE)
        assert not each.is_alive()
    until(lambda: all(job.state in ENDED for job in store.jobs()))
    assert what_came_out(store) == {lr: (State.DONE, (lr, lr - 1)) for lr in RATES}
    assert {job.attempts for job in store.jobs()} == {1}
    given = Counter(run for each in agents for run, _ in each.given)
    assert set(given.values()) == {1}, given
    assert sorted(lr for each in agents for _, lr in each.given) == list(RATES)


def test_a_run_that_an_agent_has_heard_of_goes_to_no_other(server: Server, store: Store) -> None:
    """It has not begun it when the server is killed, and the next server cannot know."""
    client = server.start()
    first = Agent(client, make_sweep(client, grid(0.1, 0.2)))
    command = first.taken()
    server.kill()
    server.start()
    second = Agent(client, first.sweep)
    other = second.taken()
    assert other["run_id"] != command["run_id"]
    first.train(command)
    second.train(other)
    first.work()
    assert {lr: state for lr, (state, _) in what_came_out(store).items()} == {0.1: State.DONE, 0.2: State.DONE}
    assert {job.attempts for job in store.jobs()} == {1}
