"""What the keys of `exp-queue top` change, and what they leave alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from scheduler.actions.hold import hold
from scheduler.actions.remark import annotate
from scheduler.errors import UserError
from scheduler.queue.job import Job
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.top import acts
from scheduler.top.acts import Row


def rows(*jobs: Job) -> list[Row]:
    return [Row(job) for job in jobs]


def done(store: Store, act: acts.Act) -> str:
    return act(store, lambda _: None)


def states(store: Store, jobs: Sequence[Job]) -> list[State]:
    return [job.state for job in store.by_numbers(job.number for job in jobs)]


def test_a_job_that_begins_while_one_is_asked_whether_to_cancel_it_goes_on(store: Store, one_runs: Job, jobs: list[Job]) -> None:
    """To take something out of the queue and to stop it amid its work are two things."""
    seen = rows(replace(one_runs, state=State.QUEUED, attempts=0), jobs[1])
    said = done(store, acts.cancelled(seen))
    assert states(store, jobs[:2]) == [State.RUNNING, State.CANCELLED]
    assert said == f"1 of 2 jobs cancelled; {one_runs.short_id} has changed since you were asked, and goes on"


def test_an_attempt_that_is_not_the_one_that_was_seen_goes_on(store: Store, one_runs: Job) -> None:
    """It has failed meanwhile and was begun again: nobody was asked about that."""
    said = done(store, acts.cancelled(rows(replace(one_runs, attempts=7))))
    assert "is not cancelled" in said
    assert states(store, [one_runs]) == [State.RUNNING]


def test_what_was_asked_about_is_cancelled(store: Store, one_runs: Job, jobs: list[Job]) -> None:
    """One that runs is stopped, one that waits is taken out of the queue, and what is over stays as it is."""
    done(store, acts.cancelled(rows(jobs[2])))
    over = store.job(jobs[2].id)
    assert acts.cancelling(rows(one_runs)) == f"cancel {one_runs.short_id}, which is running?"
    assert acts.cancelling(rows(one_runs, jobs[1], over)) == "cancel 3 jobs, 1 of them running, 1 over already?"
    said = done(store, acts.cancelled(rows(one_runs, jobs[1], over)))
    assert said == "2 of 3 jobs cancelled, 1 over before"
    assert states(store, jobs) == [State.CANCELLED] * 3
    assert done(store, acts.cancelled(rows(over))) == f"{over.short_id} is not cancelled: it was over before"


def test_one_key_holds_what_is_queued_and_releases_what_is_held(store: Store, jobs: list[Job]) -> None:
    """And never the other way round because somebody else was faster."""
    act = acts.held(rows(jobs[0]))
    assert done(store, act) == f"{jobs[0].short_id} held"
    assert done(store, act) == f"{jobs[0].short_id} is not held"
    assert states(store, jobs[:1]) == [State.HELD]
    assert done(store, acts.held(rows(store.job(jobs[0].id)))) == f"{jobs[0].short_id} released"
    hold(store, [f"#{jobs[1].number}"])
    both = rows(store.job(jobs[0].id), store.job(jobs[1].id))
    assert done(store, acts.held(both)) == "1 of 2 jobs held"


def test_what_runs_is_paused_and_goes_on_by_the_same_key(store: Store, one_runs: Job, jobs: list[Job]) -> None:
    """What waits is said to be the business of another key."""
    assert done(store, acts.paused(rows(one_runs))) == f"{one_runs.short_id} paused"
    assert done(store, acts.paused([Row(one_runs, is_paused=True)])) == f"{one_runs.short_id} continued"
    assert "h holds" in done(store, acts.paused(rows(jobs[1])))
    assert done(store, acts.held(rows(one_runs))) == f"{one_runs.short_id} is not held; what runs can be paused: p"
    assert done(store, acts.paused(rows(replace(one_runs, attempts=7)))) == f"{one_runs.short_id} is not paused"


def test_jobs_are_moved_by_a_word_or_a_number(store: Store, jobs: list[Job]) -> None:
    """Anything else is a mistyping, and moves nothing."""
    assert done(store, acts.moved(rows(jobs[1], jobs[2]), " First ")) == "2 jobs now have priority 1"
    assert done(store, acts.moved(rows(jobs[0]), "-3")) == f"{jobs[0].short_id} now has priority -3"
    for text in ("frst", "", "1.5"):
        with pytest.raises(UserError, match="whole number"):
            acts.moved(rows(jobs[0]), text)


def test_a_note_replaces_the_one_that_was_seen_and_no_other(store: Store, jobs: list[Job]) -> None:
    """Two people at one machine: the second must not wipe out what the first has written while the line was open."""
    assert done(store, acts.noted(rows(jobs[0]), "too high")) == f"{jobs[0].short_id} noted"
    annotate(store, [f"#{jobs[0].number}"], "somebody else's")
    with pytest.raises(UserError, match="meanwhile"):
        done(store, acts.noted(rows(jobs[0]), "mine"))
    assert store.job(jobs[0].id).note == "somebody else's"
    now = store.job(jobs[0].id)
    assert done(store, acts.noted(rows(now, jobs[1]), "both")) == "2 jobs noted"
    assert [store.job(job.id).note for job in jobs[:2]] == ["somebody else's\nboth", "both"]
    assert done(store, acts.noted(rows(now, jobs[1]), " ")) == "nothing noted"
    assert done(store, acts.noted(rows(store.job(jobs[1].id)), "")) == f"{jobs[1].short_id} without a note now"


def test_tags_are_given_and_with_a_minus_taken_away(store: Store, jobs: list[Job]) -> None:
    """In one line."""
    assert done(store, acts.tagged(rows(*jobs), "old, paper")) == "3 jobs tagged old paper"
    assert done(store, acts.tagged(rows(jobs[0]), "new -old")) == (
        f"{jobs[0].short_id} tagged new; {jobs[0].short_id} no longer tagged old"
    )
    assert store.job(jobs[0].id).tags == ("new", "paper")
    with pytest.raises(UserError, match="no tag"):
        acts.tagged(rows(jobs[0]), " , ")


def test_many_jobs_are_named_by_a_few_words(jobs: list[Job]) -> None:
    """A thousand marks must not become a thousand conditions."""
    many = [Row(replace(jobs[0], number=number)) for number in (7, 3, 1, 2, 9, 8)]
    assert acts.words_of(many) == ["#1-3,7-9"]
