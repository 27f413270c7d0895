"""What is done from the page: what the command line does, and nothing more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scheduler.errors import UserError
from scheduler.home import Home
from scheduler.queue.evidence import pause_of
from scheduler.queue.job import Job
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.web.verbs import act
from tests.browser.filling import Left
from tests.contract.first_runs import first_runs
from tests.contract.web.conftest import Running, Visitor, done

Filled = Callable[..., list[Job]]


WAITS = """
command: [sh, -c, "touch begun-$0; until [ -e enough ]; do sleep 0.02; done", "${args_no_hyphens}"]
grid: {x: [1, 2]}
"""


def queued(_: object) -> Left:
    return Left(State.QUEUED)


def failed(_: object) -> Left:
    return Left(State.FAILED, exit_status=1)


def test_what_waits_is_held_released_moved_and_cancelled(store: Store, filled: Filled) -> None:
    """Each by its word, and the sentence says what has become of it."""
    first, second = filled([0.1, 0.2], queued)
    assert act(store, "hold", {"jobs": [first.id]}) == "1 job held"
    assert store.job(first.id).state is State.HELD
    assert act(store, "release", {"jobs": [first.id, second.id]}) == "1 job released; 1 job stayed as before"
    assert act(store, "move", {"jobs": [second.id], "where": "first"}) == "1 job moved: priority 1"
    assert act(store, "cancel", {"jobs": [first.id]}) == "1 job: cancelled, or over before"
    assert [store.job(each.id).state for each in (first, second)] == [State.CANCELLED, State.QUEUED]


def test_a_retry_queues_and_starts_nothing_and_says_so(store: Store, filled: Filled) -> None:
    """A page that starts processes would be a daemon; whoever presses the button has to know who will run it."""
    (job,) = filled([0.1], failed)
    told = act(store, "retry", {"jobs": [job.id]})
    assert told == "1 job queued again; nobody runs them: `exp-queue work` does"
    assert store.job(job.id).state is State.QUEUED


def test_what_runs_stands_still_and_goes_on(store: Store, home: Home, experiments, tmp_path: Path, until) -> None:
    """All its processes, as `exp-queue pause` stops them; a job that only waits stays as it is, and that is said."""
    first, second = submit(store, experiments(WAITS), str(tmp_path)).jobs
    with first_runs(home, store, [first, second], tmp_path, until):
        (attempt,) = store.open_attempts()
        assert act(store, "pause", {"jobs": [first.id, second.id]}) == "1 job paused; 1 job stayed as before"
        assert pause_of(home, attempt).since is not None
        assert act(store, "continue", {"jobs": [first.id]}) == "1 job continued"
        assert pause_of(home, attempt).since is None
        assert act(store, "continue", {"jobs": [first.id]}) == "0 jobs continued; 1 job stayed as before"


def test_what_cannot_be_paused_is_said(visitor: Visitor, runs: Callable[[float], Running]) -> None:
    """Its launcher is gone, and nothing of it is left that could stand still."""
    running = runs(0.5)
    running.hold.close()
    told = visitor.act("pause", running.job.id)
    assert told.status == 409
    assert "is not paused: " in told.json["error"]


def test_what_is_said_of_a_job_is_kept(store: Store, filled: Filled) -> None:
    """With the rules of the command line about what a tag can be."""
    (job,) = filled([0.1], done)
    act(store, "note", {"jobs": [job.id], "text": "look at <this>"})
    act(store, "tag", {"jobs": [job.id], "tags": " paper, figure-2 "})
    act(store, "tag", {"jobs": [job.id], "tags": "paper", "remove": True})
    assert (store.job(job.id).note, store.job(job.id).tags) == ("look at <this>", ("figure-2",))
    with pytest.raises(UserError):
        act(store, "tag", {"jobs": [job.id], "tags": "running"})


@pytest.mark.parametrize(
    "asked",
    [
        None,
        [],
        {},
        {"jobs": "all"},
        {"jobs": []},
        {"jobs": ["all"]},
        {"jobs": ["running"]},
        {"jobs": ["1"]},
        {"jobs": [{"id": 1}]},
        {"jobs": ["f" * 32]},
        {"jobs": ["a" * 32] * 2000},
    ],
)
def test_only_jobs_that_are_named_by_their_ids_are_touched(store: Store, filled: Filled, asked: Any) -> None:
    """A word such as `all` in the wrong place would cancel a night's work."""
    (job,) = filled([0.1], queued)
    with pytest.raises(UserError):
        act(store, "cancel", asked)
    assert store.job(job.id).state is State.QUEUED


@pytest.mark.parametrize(
    ("verb", "more"),
    [
        ("note", {}),
        ("note", {"text": 3}),
        ("tag", {"tags": ["a"]}),
        ("move", {}),
        ("move", {"where": "up"}),
        ("move", {"where": 3}),
    ],
)
def test_what_is_missing_is_said(store: Store, filled: Filled, verb: str, more: dict[str, object]) -> None:
    """In a sentence."""
    (job,) = filled([0.1], queued)
    with pytest.raises(UserError):
        act(store, verb, {"jobs": [job.id], **more})


def test_an_error_is_a_sentence_on_the_page(visitor: Visitor, filled: Filled) -> None:
    """The same as on the command line, and no page of a server."""
    (job,) = filled([0.1], done)
    told = visitor.act("retry", job.id)
    assert told.status == 409
    assert "has succeeded" in told.json["error"]
    assert visitor.act("explode", job.id).status == 404
    assert visitor.ask("/do/cancel", "POST", b"{", Content_Type="application/json").status == 400


def test_what_cannot_be_stopped_is_said_with_the_way_to_do_it(visitor: Visitor, runs: Callable[[float], Running]) -> None:
    """Its launcher is gone, and nobody else may signal its processes."""
    told = visitor.act("cancel", runs(0.5).job.id)
    assert told.status == 409
    assert "kill -TERM" in told.json["error"]
