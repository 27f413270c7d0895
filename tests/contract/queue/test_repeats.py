"""Experiments that stand in a file more than once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.experiments import Experiment
from scheduler.queue.changes import job_key
from scheduler.queue.repeats import Repeats
from scheduler.queue.store import Store
from scheduler.queue.submit import CHUNK, Verb, submit


def experiments(*numbers: int) -> list[Experiment]:
    return [Experiment(("true",), f'{{"a": {number}}}', launch=("true", str(number))) for number in numbers]


@pytest.mark.parametrize("before", [[], [-1], [3, CHUNK + 5]])
def test_each_experiment_of_a_long_file_has_one_job_wherever_it_stands_again(store: Store, before: list[int]) -> None:
    """A file made by a script names some twice, a thousand lines apart; the queue may be empty, or know some of them."""
    submit(store, experiments(*before), "/")
    numbers = [*range(CHUNK), 7, *range(CHUNK, CHUNK + 300), 7, *range(20)]
    found = submit(store, experiments(*numbers), "/")
    assert [job.arguments for job in found.jobs] == [f'{{"a": {number}}}' for number in range(CHUNK + 300)]
    assert (found.repeated, found.counts[Verb.QUEUED]) == (22, len([number for number in before if number >= 0]))
    assert len(store.jobs()) == CHUNK + 300 + (before == [-1])


def test_a_key_that_begins_like_another_is_no_repetition(store: Store) -> None:
    """Else an experiment of a million would be left out, and nobody would see which."""
    keyed = {job_key(each, "/"): each for each in experiments(*range(40))}
    keys = list(keyed)
    with store.change(many=True) as change:
        repeats = Repeats(change, bits=2)
        for first in range(0, 40, 10):
            some = keys[first : first + 10]
            assert not repeats.among(some)
            change.add({key: keyed[key] for key in some}, "/", {})
        assert repeats.among([keys[3], keys[38]]) == {keys[3], keys[38]}


def test_the_jobs_of_a_file_that_begin_later_are_those_that_wait(store: Store) -> None:
    """The time is said of the file; what it has done before has nothing to wait for."""
    found = submit(store, experiments(1, 2), "/", begin=4e9)
    assert [job.begin_at for job in found.jobs] == [4e9, 4e9]


def test_another_command_line_of_the_same_experiment_is_a_renewal(store: Store) -> None:
    """The template is the same, and what a macro of it stands for is not: `${interpreter}` in another environment."""
    submit(store, experiments(1, 2), "/")
    one, other = experiments(1, 2)
    found = submit(store, [one, replace(other, launch=("true", "elsewhere"))], "/")
    assert list(found.verbs.values()) == [Verb.QUEUED, Verb.RENEWED]
    assert [job.argv for job in found.jobs] == [("true", "1"), ("true", "elsewhere")]


def test_a_file_that_is_asked_again_from_another_environment_takes_that(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has activated another virtual environment since means that one."""
    given = experiments(1, 2)
    submit(store, given, "/")
    monkeypatch.setenv("VIRTUAL_ENV", "/another")
    found = submit(store, given, "/")
    assert [dict(store.surroundings(job).variables)["VIRTUAL_ENV"] for job in found.jobs] == ["/another"] * 2
