"""What agents are told: one run each, stops at once, and home when nothing comes any more."""

from __future__ import annotations

from scheduler.wandb_server.agents import BUSY, PRESENT, Agents, Offer


def never(_: str) -> bool:
    return False


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
    first, second = agents.told("a", never), agents.told("b", never)
    assert first == [{"type": "run", "run_id": "r1", "program": "train.py", "args": {"lr": {"value": 0.1}}}]
    assert [each["run_id"] for each in second] == ["r2"]


def test_an_agent_with_a_run_gets_no_other() -> None:
    """It has one claim."""
    agents = with_offers("r1", "r2")
    agents.beat("a", [], 0.0)
    agents.told("a", never)
    agents.beat("a", ["r1"], 5.0)
    assert agents.told("a", never) == []


def test_a_stop_is_told_to_the_agent_that_has_the_run_and_to_no_other() -> None:
    """And again, until it is over: the client kills it after a while."""
    agents = with_offers()
    agents.beat("a", ["r1"], 0.0)
    agents.beat("b", [], 0.0)
    assert agents.told("a", lambda run: run == "r1") == [{"type": "stop", "run_id": "r1"}]
    assert agents.told("a", lambda run: run == "r1") == [{"type": "stop", "run_id": "r1"}]
    assert agents.told("b", lambda run: run == "r1") == []


def test_who_has_nothing_to_do_is_sent_home_when_the_sweep_is_over_and_not_before() -> None:
    """W&B's own agents wait for ever, or go while others still train."""
    agents = with_offers()
    agents.beat("a", [], 0.0)
    assert agents.told("a", never) == []
    agents.is_over = True
    agents.beat("b", ["r1"], 0.0)
    assert (agents.told("a", never), agents.told("b", never)) == ([{"type": "exit"}], [])


def test_what_an_agent_had_and_has_no_more_is_gone() -> None:
    """Also a run that was handed out with the last answer, and never began."""
    agents = with_offers("r1")
    agents.beat("a", [], 0.0)
    agents.told("a", never)
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
    assert agents.told("a", never) == []
