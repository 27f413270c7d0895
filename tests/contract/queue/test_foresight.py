"""What a submit would do, told before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.experiments import Experiment, Resources
from scheduler.queue.foresight import foresee
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import CHUNK, Verb, submit

STATES = list(State)


def experiments(*numbers: int) -> list[Experiment]:
    return [Experiment(("true",), f'{{"a": {number}}}', launch=("true", str(number))) for number in numbers]


def resumable(experiment: Experiment) -> Experiment:
    return replace(experiment, policy=replace(experiment.policy, resumable=True))


@pytest.fixture
def asked(store: Store) -> list[Experiment]:
    """Experiments with a job in each state, those of the second half resumable, one that asks for something else now, one in
    another directory alone, one that is new, and some that stand here once more."""
    first = [*experiments(*range(len(STATES))), *map(resumable, experiments(*range(100, 100 + len(STATES))))]
    for job, state in zip(submit(store, first, "/").jobs, STATES * 2, strict=True):
        with store.change() as change:
            change.connection.execute("UPDATE job SET state = ? WHERE id = ?", (state.value, job.id))
    (other, fresh) = experiments(1000, 2000)
    submit(store, [other], "/tmp")  # noqa: S108 (a name, nothing is written)
    at = STATES.index(State.QUEUED)
    first[at] = replace(first[at], resources=Resources(cpus=7))
    return [*first, other, fresh, first[at], first[-1], fresh]


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("lost", [False, True])
def test_a_look_before_tells_what_the_submit_does_then(store: Store, asked: list[Experiment], again: bool, lost: bool) -> None:
    """Whoever looks before wants to know what would be computed once more; another answer than the submit's misleads."""
    known = store.read("SELECT id, state, resources FROM job ORDER BY number")
    found = foresee(store, asked, "/", again=again, lost=lost)
    assert store.read("SELECT id, state, resources FROM job ORDER BY number") == known, "it only looks"
    done = submit(store, asked, "/", again=again, lost=lost)
    assert [each for each in found.verbs if each] == list(done.verbs.values())
    assert found.verbs.count(None) == done.repeated == 3
    assert (found.counts, found.outdated) == (done.counts, done.outdated)


def test_a_job_that_would_take_what_the_file_says_now_is_told_as_such(store: Store) -> None:
    """It is what people change a file for, while its jobs wait."""
    (one,) = experiments(1)
    submit(store, [one], "/")
    assert foresee(store, [replace(one, resources=Resources(cpus=7))], "/").verbs == [Verb.RENEWED]


def test_without_a_queue_everything_is_new_and_each_once() -> None:
    """The first thing that anybody does, with a file that a script has made."""
    found = foresee(None, experiments(*range(CHUNK + 2), 7, 1, CHUNK + 1), "/")
    assert found.counts == {Verb.NEW: CHUNK + 2}
    assert found.verbs[-3:] == [None] * 3
