"""Orders of other queues: whatever a broken line has sent twice, late or never, each of them is one job, or none for ever."""

from __future__ import annotations

from scheduler.experiments import Policy, Resources
from scheduler.queue import guests
from scheduler.queue.asks import as_json
from scheduler.queue.guests import Guest, Standing, standings
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.surroundings import Surroundings

GUEST = Guest(
    "e", "grid", ("true",), '{"n": 1}', "/work", as_json(Resources()), as_json(Policy()), "{}", Surroundings((("PATH", "/bin"),))
)


def test_an_order_that_comes_twice_is_one_job(store: Store) -> None:
    """Whoever got no answer sends it again, blindly."""
    with store.change() as change:
        assert guests.take(change, "order", GUEST)
        assert not guests.take(change, "order", GUEST)
    (job,) = store.jobs()
    assert (job.id, job.argv, job.state, job.config) == ("order", ("true",), State.QUEUED, {"n": 1})
    assert store.surroundings(job) == GUEST.surroundings


def test_an_order_that_was_taken_back_before_it_came_never_starts(store: Store) -> None:
    """The line that broke may still hold it, and bring it when its queue has sent the job elsewhere."""
    with store.change() as change:
        assert guests.withdraw(change, "order")
    with store.change() as change:
        assert not guests.take(change, "order", GUEST)
    assert standings(store, ["order", "other"]) == {"order": Standing(State.CANCELLED)}


def test_what_waits_is_taken_back_and_what_has_begun_is_not(store: Store) -> None:
    """Else its queue would start it a second time."""
    with store.change() as change:
        for name in ("waits", "runs"):
            guests.take(change, name, GUEST)
    with store.change() as change:
        begun = change.begin(store.job("runs"), "launcher", "")
        assert guests.withdraw(change, "waits")
        assert not guests.withdraw(change, "runs")
        assert not guests.refuse(change, "runs")
    assert standings(store, ["runs"]) == {"runs": Standing(State.STARTING, begun)}
