"""Sweeps that are stopped, cancelled and given up, trials that are stopped, and agents that are sent home, whoever was killed."""

from __future__ import annotations

import os
import threading

import pytest

from scheduler.actions.cancel import cancel_all
from scheduler.actions.drive import Terms, drive_everything
from scheduler.errors import UserError
from scheduler.home import Home
from scheduler.queue.job import Job
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.runner.devices import Devices
from scheduler.runner.notices import Started
from scheduler.wandb_server.folders import Folder, RunId
from tests.contract.wandb_server.agents import Agent, Server, Trial, found, grid, make_sweep, server, what_came_out
from tests.contract.wandb_server.conftest import PATIENCE, Client, serving
from tests.waiting import until

__all__ = ["server"]
EXIT = [{"type": "exit"}]
BANDS = "early_terminate: {type: hyperband, min_iter: 1}"


def put(client: Client, sweep: str, state: str) -> None:
    """`wandb sweep --cancel` and its like."""
    client.ask("UpsertSweep", id=sweep, state=state)


def state_of(client: Client, sweep: str) -> str:
    return str(client.ask("GetSweepState", entity="me", project="proj", sweep=sweep)["project"]["sweep"]["state"])


def states(store: Store) -> list[State]:
    return [each.state for each in found(store)]


def stop(run: str) -> list[dict[str, str]]:
    return [{"type": "stop", "run_id": run}]


def the_job(store: Store, lr: float) -> Job:
    (job,) = [job for job in store.jobs() if job.config["lr"] == lr]
    return job


def test_one_run_is_given_to_one_of_two_agents_that_ask_at_the_same_moment(client: Client, store: Store) -> None:
    """They compute one point between them, and both go home."""
    sweep = make_sweep(client, grid(0.1))
    agents, together = [Agent(client, sweep) for _ in range(2)], threading.Barrier(2)

    def work(agent: Agent) -> None:
        agent.register()
        together.wait(PATIENCE)
        agent.work()

    threads = [threading.Thread(target=work, args=(each,), daemon=True) for each in agents]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE)
    assert sorted(len(each.given) for each in agents) == [0, 1]
    assert what_came_out(store) == {0.1: (State.DONE, (0.1, -0.9))}


def test_a_sweep_whose_first_trials_all_fail_is_given_up_and_its_agents_go_home(home: Home, store: Store) -> None:
    """A broken environment would burn all 470 points of a weekend, and W&B's agents with it."""
    said: list[str] = []
    with serving(home, said.append) as (_, client):
        agent = Agent(client, make_sweep(client, grid(*range(470))), Trial(epochs=0, status=1)).work()
        assert state_of(client, agent.sweep) == "FINISHED"
        assert Agent(client, agent.sweep).beat() == EXIT
    assert states(store) == [State.FAILED] * 3
    assert [text for text in said if agent.sweep in text and "the first 3 trials failed" in text]


def test_a_command_that_ends_without_a_run_has_failed(client: Client, store: Store) -> None:
    """It did not find its libraries. Its agent knows, and W&B never hears of it."""
    agent = Agent(client, make_sweep(client, grid(0.1)))
    command = agent.taken()
    Folder(store.home.root, RunId("me", "proj", command["run_id"])).entered.touch()
    agent.work()
    assert states(store) == [State.FAILED]
    assert "before it began a run" in store.latest_attempts(store.jobs())[store.jobs()[0].id].log.read_text()


def test_a_run_of_which_its_agent_has_not_heard_is_given_again(client: Client, store: Store) -> None:
    """The answer was lost on the way; nobody has begun it."""
    agent = Agent(client, make_sweep(client, grid(0.1)))
    first = agent.taken()
    assert agent.taken() == first
    agent.train(first)
    assert agent.beat() == EXIT
    assert states(store) == [State.DONE]


def test_a_trial_that_falls_behind_is_stopped_at_its_row_and_its_agent_hears_of_it(client: Client, store: Store) -> None:
    """With its next heartbeat; W&B looks every few minutes."""
    agent = Agent(client, make_sweep(client, grid(0.1, 5.0, more=BANDS)), Trial(epochs=4))
    agent.train(agent.taken())
    run, _ = agent.begin(agent.taken())
    client.log(5.0, name=run)
    until(lambda: agent.beat(run) == stop(run))
    agent.ends(run, 255)
    agent.work()
    assert states(store) == [State.DONE, State.STOPPED_EARLY]


@pytest.mark.parametrize("before", [[], ["FINISHED"], ["CANCELED"]])
def test_a_sweep_that_is_cancelled_stops_its_runs_and_sends_its_agents_home(
    client: Client, store: Store, before: list[str]
) -> None:
    """While heartbeats are under way, and also if it was stopped or cancelled before."""
    agent, idle = (Agent(client, sweep) for sweep in [make_sweep(client, grid(0.1))] * 2)
    run, _ = agent.begin(agent.taken())
    waiting = idle.start()
    for state in [*before, "CANCELED"]:
        put(client, agent.sweep, state)
    until(lambda: agent.beat(run) == stop(run))
    agent.ends(run, 255)
    until(lambda: agent.beat() == EXIT)
    waiting.join(PATIENCE)
    until(lambda: states(store) == [State.CANCELLED])
    assert state_of(client, agent.sweep) == "CANCELED"


def test_a_sweep_that_is_cancelled_before_an_agent_came_ends_at_once(client: Client, store: Store) -> None:
    """Its seat waits for nobody any more."""
    agent = Agent(client, make_sweep(client, grid(0.1)))
    agent.register()
    until(lambda: [job.state for job in store.jobs()] == [State.RUNNING])
    put(client, agent.sweep, "CANCELED")
    until(lambda: states(store) == [State.CANCELLED])
    assert agent.beat() == EXIT


def test_a_sweep_that_was_stopped_lets_its_runs_finish(client: Client, store: Store) -> None:
    """And begins no others."""
    agent = Agent(client, make_sweep(client, grid(0.1, 0.2)))
    command = agent.taken()
    put(client, agent.sweep, "FINISHED")
    agent.train(command)
    agent.work()
    assert (len(agent.given), states(store)[0]) == (1, State.DONE)


@pytest.mark.parametrize("state", ["CANCELED", "FINISHED"])
def test_a_server_obeys_what_a_killed_one_was_asked_for(server: Server, store: Store, state: str) -> None:
    """It was killed when the wish was on disk, and had not told anybody."""
    client = server.start("state-kept:kill")
    agent = Agent(client, make_sweep(client, grid(0.1, 0.2)))
    run, _ = agent.begin(agent.taken())
    with pytest.raises(ConnectionError):
        put(client, agent.sweep, state)
    server.dies()
    server.start()
    if state == "CANCELED":
        until(lambda: agent.beat(run) == stop(run))
    agent.ends(run, 255 if state == "CANCELED" else 0)
    until(lambda: agent.beat() == EXIT)
    expected = State.CANCELLED if state == "CANCELED" else State.DONE
    until(lambda: states(store) == [expected])


def test_ends_are_written_down_although_no_agent_comes_any_more(server: Server, store: Store) -> None:
    """Server and agent were killed, and the run went on to its end: the next server finds it."""
    client = server.start()
    agent = Agent(client, make_sweep(client, grid(0.1)))
    run, _ = agent.begin(agent.taken())
    server.kill()
    server.start()
    client.log(0.1, name=run)
    agent.ends(run, 0)
    until(lambda: what_came_out(store) == {0.1: (State.DONE, (0.1,))})


def test_a_server_that_ends_in_peace_sends_nobody_home(home: Home, store: Store) -> None:
    """Its agents wait for the next one."""
    with serving(home) as (served, client):
        agent = Agent(client, make_sweep(client, grid(0.1)))
        run, _ = agent.begin(agent.taken())
        idle = Agent(client, agent.sweep)
        idle.register()
    assert served.server.desk.sweeps.beat(idle.id, []) == []  # a request that was under way
    assert states(store) == [State.RUNNING]
    with serving(home) as (_, again):
        agent.client = again
        agent.ends(run, 0)
        agent.work()
    assert states(store) == [State.DONE]


def cancel(store: Store, job: Job) -> threading.Thread:
    """As `exp-queue cancel` does, in a thread: it waits for the end."""

    def call() -> None:
        with Store(store.home) as own:
            cancel_all(own, [job.number], lambda _: None)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    return thread


def test_a_trial_that_a_person_has_cancelled_stays_so_in_the_next_server(server: Server, store: Store) -> None:
    """That a server was restarted is no word of a person's."""
    client = server.start()
    agent = Agent(client, make_sweep(client, grid(0.1, 0.2)))
    run, _ = agent.begin(agent.taken())
    cancelled = cancel(store, the_job(store, 0.1))
    until(lambda: agent.beat(run) == stop(run))
    agent.ends(run, 255)
    cancelled.join(PATIENCE)
    server.kill()
    server.start()
    agent.work()
    assert [lr for _, lr in agent.given] == [0.1, 0.2]
    assert {lr: state for lr, (state, _) in what_came_out(store).items()} == {0.1: State.CANCELLED, 0.2: State.DONE}


def test_a_run_that_begins_when_its_trial_is_tried_anew_is_no_other_job(client: Client, store: Store) -> None:
    """Its agent was away for long, and the trial went to another one."""
    late = Agent(client, make_sweep(client, grid(0.1, 0.2)))
    run = late.taken()["run_id"]
    cancelled = cancel(store, the_job(store, 0.1))
    until(lambda: Folder(store.home.root, RunId("me", "proj", run)).stop.exists())
    late.beat()  # it has not got it, and nobody is to get it any more
    cancelled.join(PATIENCE)
    with store.change() as change:
        change.ask_again(the_job(store, 0.1).id, "a test")
    Agent(client, late.sweep).register()
    until(lambda: the_job(store, 0.1).attempts == 2)
    client.begin(run)
    assert len(store.jobs()) == len(found(store))
    assert late.beat(run) == stop(run)


def test_a_seat_that_is_killed_ends_its_trial_and_its_run_and_no_other(client: Client, store: Store) -> None:
    """Its agent is told to stop what nobody reads any more."""
    agent = Agent(client, make_sweep(client, grid(0.1, 0.2)))
    run, _ = agent.begin(agent.taken())
    until(lambda: all(each.pid for each in store.open_attempts()))
    kill_seats(store)
    until(lambda: agent.beat(run) == stop(run))
    agent.ends(run, 255)
    agent.work()
    assert {lr: state for lr, (state, _) in what_came_out(store).items()} == {0.1: State.FAILED, 0.2: State.DONE}


def kill_seats(store: Store) -> None:
    for attempt in store.open_attempts():
        assert attempt.pid
        os.kill(attempt.pid, 9)


def test_a_trial_for_agents_is_started_by_no_other_command(client: Client, store: Store) -> None:
    """`work` has no agent: a seat would hold a GPU for nobody."""
    agent = Agent(client, make_sweep(client, grid(0.1)), Trial(epochs=0, status=1)).work()
    assert agent.given
    with store.change() as change:
        change.ask_again(store.jobs()[0].id, "a test")

    def nothing_starts(notice: object) -> None:
        assert not isinstance(notice, Started)  # its seat would wait for an agent, again and again

    driven = drive_everything(store, Devices("no GPU"), Terms(slots=1), nothing_starts, forever=False)
    assert [each.why for each in driven.left_out] == ["an agent of W&B computes it, and `exp-queue serve` gives it one"]
    assert states(store) == [State.QUEUED]


def test_of_two_servers_at_once_there_is_one(home: Home) -> None:
    """Two shells with `eval $(exp-queue serve --env)`, at the same moment."""
    together, came = threading.Barrier(2), list[str]()
    over = threading.Event()

    def serve() -> None:
        together.wait(PATIENCE)
        try:
            with serving(home):
                came.append("listens")
                over.wait(PATIENCE)
        except UserError as error:
            came.append(str(error))
            over.set()

    threads = [threading.Thread(target=serve) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE)
    assert sorted("is there already" in each for each in came) == [False, True]
