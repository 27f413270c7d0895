"""What a submit does with an experiment that has a job already."""

from __future__ import annotations

import json

import pytest

from scheduler.experiments import Policy, Resources, SlurmWishes
from scheduler.experiments.experiment import command_as_json
from scheduler.queue.asks import AskTexts, as_json
from scheduler.queue.states import ENDED, State
from scheduler.queue.submit import Verb, verb


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (None, Verb.NEW),
        (State.QUEUED, Verb.QUEUED),
        (State.HELD, Verb.QUEUED),
        (State.STARTING, Verb.RUNNING),
        (State.RUNNING, Verb.RUNNING),
        (State.STOPPING, Verb.RUNNING),
        (State.DONE, Verb.SUCCEEDED),
        (State.STOPPED_EARLY, Verb.SUCCEEDED),
        (State.FAILED, Verb.RETRIED),
        (State.TIMEOUT, Verb.RETRIED),
        (State.CANCELLED, Verb.RETRIED),
        (State.LOST, Verb.LOST),
    ],
)
def test_a_second_run_repeats_only_what_did_not_succeed(state: State | None, expected: Verb) -> None:
    """Running a file twice is the ordinary way to go on; it must not repeat work or disturb what runs."""
    assert verb(state, resumable=False, again=False, lost=False) is expected


def test_a_lost_job_runs_again_only_if_it_can_resume_or_a_person_says_so() -> None:
    """Nobody knows what a lost job has done."""
    assert verb(State.LOST, resumable=True, again=False, lost=False) is Verb.RETRIED
    assert verb(State.LOST, resumable=False, again=False, lost=True) is Verb.RETRIED


@pytest.mark.parametrize("state", sorted(ENDED))
def test_again_makes_new_jobs_of_all_that_is_over(state: State) -> None:
    """`--again` keeps the old jobs and their results."""
    assert verb(state, resumable=False, again=True, lost=False) is Verb.NEW


def test_again_does_not_double_what_is_still_queued_or_running() -> None:
    """`--again` typed twice must not fill the queue."""
    assert verb(State.QUEUED, resumable=False, again=True, lost=False) is Verb.QUEUED
    assert verb(State.RUNNING, resumable=False, again=True, lost=False) is Verb.RUNNING


def test_what_jobs_ask_for_is_written_anew_where_it_changes() -> None:
    """A file's jobs ask for the same; those of a list of commands need not."""
    texts, plain, other, usual, patient = AskTexts(), Resources(), Resources(gpus=1), Policy(), Policy(retries=1)
    nothing, big = SlurmWishes(), SlurmWishes("big")
    for resources, policy in ((plain, usual), (other, usual), (other, patient), (other, patient), (plain, patient)):
        assert texts(resources, policy, nothing) == (as_json(resources), as_json(policy), "")
        assert texts(resources, policy, big) == (as_json(resources), as_json(policy), '{"partition": "big"}')


@pytest.mark.parametrize("argv", [(), ("true",), ("a b", 'say "no"', "Größe\n", "\\", "\udcff")])
def test_a_command_line_stands_in_the_queue_as_it_always_did(argv: tuple[str, ...]) -> None:
    """One that is written otherwise is another for a queue of an earlier release, whose jobs would all be renewed."""
    assert command_as_json(argv) == json.dumps(argv)
