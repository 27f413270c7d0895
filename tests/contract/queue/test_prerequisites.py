"""Jobs that come after others, on real SQLite."""

from __future__ import annotations

import pytest

from scheduler.actions.explain import explain
from scheduler.errors import UserError
from scheduler.experiments.after import After
from scheduler.queue.dependencies import Needs, needed_by
from scheduler.queue.job import Ending, Job
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import ask_again, ask_for_interrupted, submit
from scheduler.queue.waits import lacks, why_skipped
from scheduler.runner.devices import Devices


@pytest.fixture
def queue(store: Store, experiments):
    """Submit so many jobs of a group, after others; returns them."""

    def queued(group: str, count: int = 1, *after: str, needs: Needs | None = None, again: bool = False) -> list[Job]:
        text = f"experiment_group: {group}\ncommand: ['true', '${{args}}']\ngrid: {{x: {list(range(count))}}}\n"
        terms = {"after": After(after) if after else None, "needs": needs}
        return list(submit(store, experiments(text), "/", again=again, **terms).jobs)

    return queued


def end(store: Store, job: Job, state: State = State.DONE) -> None:
    with store.change() as change:
        attempt = change.begin(store.job(job.id), "launcher", "")
        assert attempt
        change.end(attempt, Ending(state), 0.1)


def startable(store: Store) -> list[str]:
    return [f"{job.group}{job.config['x']}" for job in Mine(store).waiting(100, 1.0)]


def states(store: Store, *jobs: Job) -> list[str]:
    return [store.job(job.id).state.value for job in jobs]


def test_a_job_starts_when_all_that_it_comes_after_have_succeeded(store: Store, queue) -> None:
    """Prepare, then train: nobody sits there at night to type the second command."""
    a, b = queue("Prep", 2)
    queue("Train", 2, "Prep")
    queue("Other")
    assert startable(store) == ["Prep0", "Prep1", "Other0"]
    end(store, a)
    assert startable(store) == ["Prep1", "Other0"]
    end(store, b)
    assert startable(store) == ["Train0", "Train1", "Other0"]


def test_a_job_lacks_nothing_when_the_last_that_it_comes_after_has_ended_since_it_was_looked_at(store: Store, queue) -> None:
    """Another process may write that down between two looks of `status` or a runner, which ended with a traceback."""
    (prep,) = queue("Prep")
    (train,) = queue("Train", 1, "Prep")
    seen = store.job(train.id)
    assert lacks(store, [seen], 0.0)[train.id].reason == f"after {prep.short_id}, which is queued"
    end(store, prep)
    assert lacks(store, [seen], 0.0) == {}


@pytest.mark.parametrize("state", [State.FAILED, State.TIMEOUT, State.LOST, State.CANCELLED])
def test_what_comes_after_a_job_that_did_not_succeed_is_skipped_and_what_comes_after_that(store: Store, queue, state) -> None:
    """At once, whoever else of them still runs, and with the reason: a job that waits for ever is worse."""
    a, _ = queue("A", 2)
    (b,), (c,) = queue("B", 1, "A"), queue("C", 1, "group:B")
    end(store, a, state)
    assert states(store, b, c) == ["skipped", "skipped"]
    reasons = why_skipped(store, [store.job(job.id) for job in (b, c)])
    assert reasons[b.id].startswith(f"it comes after {a.short_id}, ")
    assert reasons[c.id] == f"it comes after {b.short_id}, which was skipped"
    assert reasons[b.id] in explain(store, store.job(b.id), Devices(""))
    assert [event["state"] for event in store.events(c.id)] == ["queued", "skipped"]


def test_a_queued_job_that_is_cancelled_takes_along_what_comes_after_it_also_where_that_is_held(store: Store, queue) -> None:
    """No runner is needed for that: who cancels the first sees the others skipped."""
    (a,), (b,) = queue("A"), queue("B", 1, "A")
    with store.change() as change:
        change.move(b.id, State.HELD, "")
        change.move(a.id, State.CANCELLED, "")
    assert states(store, b) == ["skipped"]


def test_a_policys_retry_is_no_failure(store: Store, queue) -> None:
    """It is failed and queued again in one step; only its last end counts."""
    (a,), (b,) = queue("A"), queue("B", 1, "A")
    with store.change() as change:
        attempt = change.begin(a, "launcher", "")
        assert attempt
        change.end(attempt, Ending(State.FAILED), 0.1)
        change.retry_by_policy(attempt)
    assert states(store, b) == ["queued"]
    end(store, a)
    assert startable(store) == ["B0"]


def test_with_run_as_the_word_for_failures_it_starts_however_they_end(store: Store, queue) -> None:
    """Slurm's afterany: a clean-up, or a summary of what there is."""
    a, b = queue("A", 2)
    (c,) = queue("C", 1, "A", needs=Needs(anyhow=True))
    end(store, a, State.FAILED)
    assert startable(store) == ["A1"]
    ask_again(store, [a], lost=False)
    end(store, b)
    assert startable(store) == ["A0"], "the first was tried again meanwhile: it is waited for"
    end(store, a, State.FAILED)
    assert startable(store) == ["C0"]
    ask_again(store, [a], lost=False)
    assert (startable(store), states(store, c)) == (["A0"], ["queued"]), "and again, as long as the last has not begun"


def test_one_of_them_is_enough_where_that_is_said(store: Store, queue) -> None:
    """The first model that converges."""
    a, b = queue("A", 2)
    (c,) = queue("C", 1, "A", needs=Needs(one=True))
    end(store, a, State.FAILED)
    assert states(store, c) == ["queued"]
    end(store, b)
    assert startable(store) == ["C0"]


def test_who_tries_both_again_gets_both_in_their_order(store: Store, queue) -> None:
    """`retry failed skipped`; the dependent alone is skipped once more, since nothing has changed."""
    (a,), (b,) = queue("A"), queue("B", 1, "A")
    end(store, a, State.FAILED)
    ask_again(store, [b], lost=False)
    assert states(store, b) == ["skipped"]
    ask_again(store, [b, a], lost=False)
    assert (states(store, a, b), startable(store)) == (["queued", "queued"], ["A0"])
    end(store, a)
    assert startable(store) == ["B0"]


def test_resume_goes_on_with_what_was_skipped_for_an_interruption(store: Store, queue) -> None:
    """A Ctrl-C cancels the first job and skips the others: all of it goes on."""
    (a,), (b,), (c,) = queue("A"), queue("B", 1, "A"), queue("C", 1, "B")
    (bad,), (d,) = queue("Bad"), queue("D", 1, "Bad")
    end(store, bad, State.FAILED)
    with store.change() as change:
        change.move(a.id, State.CANCELLED, "")
    assert states(store, b, c) == ["skipped"] * 2
    ask_for_interrupted(store)
    assert states(store, a, b, c, d) == ["queued"] * 3 + ["skipped"]
    assert startable(store) == ["A0"]


def test_no_job_can_come_after_itself(store: Store, queue) -> None:
    """Only what is in the queue can be named, but a file can be submitted twice: then a circle would stand still for ever."""
    (a,), (b,) = queue("A"), queue("B", 1, "A")
    (c,) = queue("C", 1, "B")
    for word in ("A", "B", "C", c.id):
        with pytest.raises(UserError, match="would come after itself"):
            queue("A", 1, word)
    assert (store.job(a.id).prerequisite, startable(store)) == (None, ["A0"])
    assert needed_by(store.connection, [c.number]) == [a.number, b.number]


def test_words_that_name_no_job_are_refused_and_nothing_is_queued(store: Store, queue) -> None:
    """A job that would wait for a name with a typo in it."""
    queue("A")
    for word in ("Perp", "group:Perp", "failed", "0123456789"):
        with pytest.raises(UserError, match="to come after:"):
            queue("B", 1, word)
    assert [job.group for job in store.jobs()] == ["A"]


@pytest.mark.parametrize(
    ("word", "said", "then"),
    [
        ("nothing", '"nothing" is neither a group nor a job', "submit first what comes first"),
        ("Trian", '"Trian" is neither a job id nor a state', 'did you mean "Train"?'),
        ("failed", "no failed jobs", "submit first what comes first"),
        ("group:Test", "no jobs in the group Test", "submit first what comes first"),
        ("deadbeef", 'no job has an id that begins with "deadbeef"', "`exp-queue status` lists all jobs"),
    ],
)
def test_a_word_that_names_nothing_to_come_after_says_what_next(store: Store, queue, word: str, said: str, then: str) -> None:
    """Mostly the other file was not submitted yet, or its group is misspelt."""
    queue("Train")
    with pytest.raises(UserError) as error:
        queue("Later", 1, word)
    assert error.value.what == f"to come after: {said}"
    assert error.value.next_step.startswith(then)


def test_a_group_is_meant_before_a_state_of_the_same_name(store: Store, queue) -> None:
    """`after: [done]`, where that is somebody's name for the jobs before."""
    (before,) = queue("done")
    (job,) = queue("Later", 1, "done")
    assert needed_by(store.connection, [job.number]) == [before.number]


def test_of_an_experiment_that_was_run_twice_the_newest_counts(store: Store, queue) -> None:
    """A failure of last week that was mended since is history."""
    (old,) = queue("A")
    end(store, old, State.FAILED)
    (new,) = queue("A", again=True)
    assert new.id != old.id
    (b,) = queue("B", 1, "A")
    assert states(store, b) == ["queued"]
    end(store, new)
    assert startable(store) == ["B0"]


def test_what_a_job_comes_after_stays_until_something_else_is_said(store: Store, queue) -> None:
    """The same file again without a word leaves it; other words, or none by that name, take its place."""
    queue("A"), queue("B")
    (c,) = queue("C", 1, "A")
    queue("C")
    assert needed_by(store.connection, [c.number]) == [store.jobs()[0].number]
    queue("C", 1, "B")
    assert needed_by(store.connection, [c.number]) == [store.jobs()[1].number]


def test_jobs_that_are_over_already_are_judged_at_once(store: Store, queue) -> None:
    """`run first.yaml; run second.yaml --after last`."""
    (good,), (bad,) = queue("Good"), queue("Bad")
    end(store, good)
    end(store, bad, State.FAILED)
    (b,), (c,) = queue("B", 1, "Good"), queue("C", 1, "Bad")
    assert startable(store) == ["B0"]
    assert states(store, b, c) == ["queued", "skipped"]


def test_a_release_judges_anew_what_was_held_meanwhile(store: Store, queue) -> None:
    """The dependency ended while a person held its dependent back."""
    (a,), (b,) = queue("A"), queue("B", 1, "A")
    with store.change() as change:
        change.move(b.id, State.HELD, "")
    end(store, a)
    with store.change() as change:
        change.move(b.id, State.QUEUED, "")
    assert startable(store) == ["B0"]


def test_a_thousand_jobs_after_a_thousand_cost_a_decision_nothing(store: Store, queue) -> None:
    """Each end of one must not look at all that wait, nor the search for the next job at what cannot start."""
    first, *rest = queue("A", 1000)
    queue("B", 1000, "A")
    steps = [0]

    def count() -> None:
        steps[0] += 1

    store.connection.set_progress_handler(count, 100)
    end(store, first)
    mine = Mine(store)
    mine.waiting(10, 1.0)
    mine.are_queued()
    mine.next_begin()
    store.connection.set_progress_handler(None, 0)
    assert steps[0] < 30, "thousands of steps of SQLite's machine: as many as there are jobs"
    assert len(rest) == 999
