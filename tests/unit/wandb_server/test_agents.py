"""What agents are told: one run each, stops at once, and home when nothing comes any more."""

from __future__ import annotations

import pytest

from scheduler.wandb_server.agents import BUSY, MISSES, PRESENT, Agents, Command, Offer, never_got
from scheduler.wandb_server.posts import Told


def never(_: str) -> bool:
    return False


def there(_: str) -> bool:
    return True


def given(agents: Agents, agent: str) -> list[Command]:
    """What the agent is told, and it is written down."""
    commands = agents.told(agent, never, there)
    for each in commands:
        agents.gives(agent, each["run_id"])
    return commands


def with_offers(*runs: str) -> Agents:
    agents = Agents(program="train.py")
    for run in runs:
        agents.offer(Offer(run, {"lr": 0.1}))
    return agents


def test_each_run_goes_to_one_agent() -> None:
    """Two that ask at once must not train the same point."""
    agents = with_offers("r1", "r2")
    agents.beat("a", [], 0.0)
    agents.beat("b", [], 0.0)
    first, second = given(agents, "a"), given(agents, "b")
    assert first == [{"type": "run", "run_id": "r1", "program": "train.py", "args": {"lr": {"value": 0.1}}}]
    assert [each["run_id"] for each in second] == ["r2"]


def test_an_agent_with_a_run_gets_no_other() -> None:
    """It has one claim."""
    agents = with_offers("r1", "r2")
    agents.beat("a", [], 0.0)
    given(agents, "a")
    agents.beat("a", ["r1"], 5.0)
    assert agents.told("a", never, there) == []


def test_a_stop_is_told_to_the_agent_that_has_the_run_and_to_no_other() -> None:
    """And again, until it is over: the client kills it after a while."""
    agents = with_offers()
    agents.beat("a", ["r1"], 0.0)
    agents.beat("b", [], 0.0)
    assert agents.told("a", lambda run: run == "r1", there) == [{"type": "stop", "run_id": "r1"}]
    assert agents.told("a", lambda run: run == "r1", there) == [{"type": "stop", "run_id": "r1"}]
    assert agents.told("b", lambda run: run == "r1", there) == []


def test_who_has_nothing_to_do_is_sent_home_when_the_sweep_is_over_and_not_before() -> None:
    """W&B's own agents wait for ever, or go while others still train."""
    agents = with_offers()
    agents.beat("a", [], 0.0)
    assert agents.told("a", never, there) == []
    agents.end()
    agents.beat("b", ["r1"], 0.0)
    assert (agents.told("a", never, there), agents.told("b", never, there)) == ([{"type": "exit"}], [])


def test_what_an_agent_had_and_has_no_more_is_gone() -> None:
    """Also a run that was handed out with the last answer, and never began."""
    agents = with_offers("r1")
    agents.beat("a", [], 0.0)
    given(agents, "a")
    assert agents.beat("a", [], 5.0) == {"r1"}
    assert agents.beat("a", [], 10.0) == set()


def test_those_that_are_not_heard_of_do_not_count() -> None:
    """A point is asked for an agent that can take it."""
    agents = Agents()
    agents.beat("idle", [], 0.0)
    agents.beat("busy", ["r"], 0.0)
    assert [agents.present(now) for now in (0.0, PRESENT + 1, BUSY + 1)] == [2, 1, 0]


def test_an_offer_that_was_withdrawn_is_given_to_nobody() -> None:
    """A person has cancelled the trial before an agent came."""
    agents = with_offers("r1")
    agents.withdraw("r1")
    agents.beat("a", [], 0.0)
    assert agents.told("a", never, there) == []


def test_a_run_that_could_not_be_written_down_is_still_an_offer() -> None:
    """The disk was full: the agent has heard nothing, and asks again."""
    agents = with_offers("r1")
    agents.beat("a", [], 0.0)
    first = agents.told("a", never, there)
    assert agents.beat("a", [], 5.0) == set()
    assert agents.told("a", never, there) == first


def test_what_an_earlier_server_gave_an_agent_it_has_or_misses() -> None:
    """Only the agent knows whether the answer has reached it."""
    agents = with_offers("r2")
    agents.had("a", "r1", 0.0)
    assert agents.beat("a", ["r1"], 1.0) == set()
    assert given(agents, "a") == []
    agents.had("b", "r3", 1.0)
    assert agents.beat("b", [], 2.0) == {"r3"}
    assert [each["run_id"] for each in given(agents, "b")] == ["r2"]


def test_nothing_is_offered_once_a_sweep_has_ended() -> None:
    """A seat that sat down a moment before a person cancelled the sweep."""
    agents = with_offers("r1")
    agents.end()
    agents.offer(Offer("r2", {}))
    agents.beat("a", [], 0.0)
    assert agents.told("a", never, there) == [{"type": "exit"}]


@pytest.mark.parametrize(
    ("told", "has_entered", "expected"),
    [
        (Told(), False, True),
        (Told(), True, False),  # its command ended at once
        (Told(name="r"), False, False),
        (Told(misses=MISSES - 1), False, True),
        (Told(misses=MISSES), False, False),
    ],
)
def test_an_agent_without_its_run_has_never_heard_of_it_or_has_lost_it(told: Told, has_entered: bool, expected: bool) -> None:
    """The first is offered again; the second has failed. A function that raises before `wandb.init` looks like the first."""
    assert never_got(told, has_entered=has_entered) is expected


def test_a_run_is_given_once_somebody_sits_in_its_seat() -> None:
    """Before, it has no GPU for the agent; and a seat whose server was killed at the wrong moment may never be taken."""
    agents = with_offers("r1", "r2")
    agents.beat("a", [], 0.0)
    assert agents.told("a", never, lambda _: False) == []
    assert [each["run_id"] for each in agents.told("a", never, lambda run: run == "r2")] == ["r2"]


def test_who_is_sent_home_goes_when_it_has_no_run_and_takes_no_other() -> None:
    """The run that it has may end; the next one goes to another agent, and no place is kept for who has gone."""
    agents = with_offers("r1", "r2")
    for each in ("a", "b"):
        agents.beat(each, [], 0.0)
    given(agents, "a")
    agents.home.add("a")
    agents.beat("a", ["r1"], 5.0)
    assert (agents.told("a", never, there), agents.present(5.0)) == ([], 2)
    agents.beat("a", [], 10.0)
    assert (agents.told("a", never, there), agents.present(10.0)) == ([{"type": "exit"}], 1)
    assert [each["run_id"] for each in given(agents, "b")] == ["r2"]
