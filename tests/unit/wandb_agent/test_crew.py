"""What a server's commands mean, and when its agents are heard from: values in, values out."""

from __future__ import annotations

import pytest

from scheduler.wandb_agent.crew import DELETED, EVERY, FINISHED, LONGEST, Beat, Crew, Line, Offer, beats

RUN = {"type": "run", "run_id": "r1", "program": "train.py", "args": {"lr": {"value": 0.1}, "n": {"value": None}}}
BUSY = Crew(("a", "b"), {"r1": "a"})


def told(crew: Crew, *commands: dict, agent: str = "a") -> tuple[Crew, tuple[Offer, ...]]:
    return crew.told(agent, commands)


def test_a_run_is_offered_with_its_point_and_is_its_agents_from_then_on() -> None:
    """The next heartbeat of this agent must say that it has it, or the server takes it for lost."""
    crew, offers = told(Crew(("a",)), RUN)
    assert offers == (Offer("r1", "a", {"lr": 0.1, "n": None}),)
    assert (crew.of("a"), crew.idle) == (("r1",), "")


def test_no_run_is_offered_twice() -> None:
    """An answer may come again, and a run that is over is in the server's books under its name."""
    assert told(BUSY, RUN, agent="b") == (BUSY, ())
    over = BUSY.ended("r1")
    assert told(over, RUN) == (over, ())


def test_a_run_that_is_to_be_resumed_is_offered_although_it_was_over() -> None:
    """Its program has said that it was preempted, and goes on under the same id."""
    crew, offers = told(BUSY.ended("r1"), {**RUN, "type": "resume"}, agent="b")
    assert [(each.run, each.agent, each.again) for each in offers] == [("r1", "b", True)]
    assert (crew.past, crew.runs) == (frozenset(), {"r1": "b"})


def test_a_stop_is_for_a_run_that_is_there() -> None:
    """One that has ended by itself is past stopping."""
    crew, _ = told(BUSY, {"type": "stop", "run_id": "r1"}, {"type": "stop", "run_id": "strange"})
    assert crew.stopped == {"r1"}
    assert crew.ended("r1").stopped == frozenset()


def test_exit_ends_the_sweep_and_stops_what_that_agent_has() -> None:
    """As W&B's own agent, which ends its runs then; the others hear of it themselves."""
    crew, offers = told(Crew(("a", "b"), {"r1": "a", "r2": "b"}), {"type": "exit"})
    assert (crew.end, crew.stopped, offers) == (FINISHED, {"r1"}, ())
    assert told(crew.deleted(), {"type": "exit"})[0].end == DELETED


@pytest.mark.parametrize("command", [{}, {"type": "dance"}, {"type": "run"}, {"type": "run", "run_id": ""}, {"run_id": "r9"}])
def test_what_nobody_understands_changes_nothing(command: dict) -> None:
    """A newer server may say more."""
    assert told(BUSY, command, agent="b") == (BUSY, ())


@pytest.mark.parametrize("args", [None, 3, [], "lr=1"])
def test_a_run_with_arguments_that_are_none_has_no_point(args: object) -> None:
    """It is refused later, where the configuration is known."""
    assert told(Crew(("a",)), {**RUN, "args": args})[1] == (Offer("r1", "a", {}),)


def test_the_agent_of_a_run_that_is_over_is_free_for_the_next() -> None:
    """One agent for each run at a time, and not one for each run."""
    assert (BUSY.idle, BUSY.ended("r1").idle) == ("b", "a")
    assert Crew(("a",), {"r1": "a"}).idle == ""


def test_an_agent_is_there_once_and_one_without_a_name_is_none() -> None:
    """An idle one that is no agent would be asked for by that name."""
    assert (BUSY.with_agent("a", ["r2"]).agents, BUSY.with_agent("c").agents) == (("a", "b"), ("a", "b", "c"))
    assert (Crew().with_agent("", ["r1"]).agents, Crew().with_agent("", ["r1"]).runs) == ((), {"r1": ""})


def test_what_a_forgotten_agent_has_is_given_to_one_that_is_yet_to_be_registered() -> None:
    """Its runs go on, and the server must be able to stop them."""
    assert BUSY.with_agent("b", ["r2"]).forgotten("a").runs == {"r1": "", "r2": "b"}
    crew = BUSY.forgotten("a")
    assert (crew.agents, crew.runs) == (("b",), {"r1": ""})
    assert [beat for _, beat in beats(crew, {}, wanted=False)] == [Beat("", ("r1",))]
    assert crew.with_agent("c", ["r1"]).runs == {"r1": "c"}


def test_agents_with_runs_beat_in_their_time_and_an_idle_one_only_where_a_run_is_wanted() -> None:
    """Without a run, a heartbeat asks for one: it must not be sent where there is no place for it."""
    beaten = {"a": 100.0, "b": 90.0}
    assert list(beats(BUSY, beaten, wanted=False)) == [(100.0 + EVERY, Beat("a", ("r1",)))]
    assert list(beats(BUSY, beaten, wanted=True))[1:] == [(90.0 + EVERY, Beat("b", ()))]
    assert [each.asks for _, each in beats(BUSY, beaten, wanted=True)] == [False, True]


def test_the_first_heartbeat_of_an_agent_is_due_at_once() -> None:
    """Whoever joins a sweep waits for nothing."""
    assert list(beats(Crew(), {}, wanted=True)) == [(float("-inf"), Beat("", ()))]


@pytest.mark.parametrize("end", [FINISHED, DELETED])
def test_nobody_asks_for_a_run_of_a_sweep_that_is_over(end: str) -> None:
    """A finished one still hears of its runs; of a deleted one there is nothing to hear."""
    crew = Crew(("a", "b"), {"r1": "a"}, end=end)
    assert Crew(("a", "b"), {"r1": "a"}).deleted() == Crew(("a", "b"), {"r1": "a"}, end=DELETED)
    assert [beat for _, beat in beats(crew, {}, wanted=True)] == ([] if end == DELETED else [Beat("a", ("r1",))])


def test_the_pause_after_failures_grows_and_is_bounded() -> None:
    """A server that is down for a night is asked once a minute, and not longer after it is back."""
    line, pauses = Line(), []
    for _ in range(40):
        line = line.failed(0.0)
        pauses.append(line.again_at)
    assert pauses[:5] == [5.0, 10.0, 20.0, 40.0, 60.0]
    assert set(pauses[4:]) == {LONGEST}
