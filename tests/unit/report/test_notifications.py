"""Which notice of a run a person is told who does not look."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.actions.drive import Driven, Terms
from scheduler.actions.notices import Driving, Told
from scheduler.notify.event import Event
from scheduler.queue.job import Attempt, Ending
from scheduler.queue.states import State
from scheduler.report.notifications import Notifications
from scheduler.runner.attempts import HungUp
from scheduler.runner.notices import Ended, Halted, Impossible, StandsStill, Started, UnderWay, Waiting
from tests.unit.runner.test_backfill import job

A, B = job(1), job(2)
FIRST = Attempt(A.id, 1, "launcher", "/nowhere", 0.0)
DONE = Ended(B, FIRST, Ending(State.DONE, 0), 1.0, False)
BEGUN = Driving(1, "a machine", [A, B])


def failed(**changes) -> Ended:
    facts = {"job": A, "attempt": FIRST, "ending": Ending(State.FAILED, 3, "exit status 3"), "duration": 61.0, "again": False}
    return Ended(**{**facts, **changes})


def heard(*told: Told) -> list[Event]:
    events: list[Event] = []
    notifications = Notifications("grid.yaml", events.append)
    for each in told:
        notifications.hear(each)
    return events


def test_a_working_directory_that_is_gone_is_no_reason_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job removed it: the runner ended in the midst of the others, and even that was not told."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    events: list[Event] = []
    notifications = Notifications("grid.yaml", events.append)
    (tmp_path / "here").rmdir()
    notifications.hear(failed())
    assert events[0].facts["directory"] == str(tmp_path / "here")


def test_the_first_failure_is_told_and_no_other(tmp_path: Path) -> None:
    """A hundred failures of one cause are one notification."""
    attempt = Attempt(A.id, 1, "launcher", str(tmp_path), 0.0)
    attempt.log.write_text("line\nits last words\n")
    (event,) = heard(BEGUN, DONE, failed(attempt=attempt), failed(job=B), failed())
    assert (event.kind, event.title) == ("failure", "grid.yaml: the first job has failed")
    assert event.text.splitlines() == [
        f"{A.short_id} failed after 1 min 01 s: exit status 3",
        "line",
        "its last words",
        f"exp-queue show {A.short_id}",
    ]
    assert event.facts["job"]["exit_status"] == 3


@pytest.mark.parametrize(
    "told",
    [
        failed(again=True),
        failed(ending=Ending(State.CANCELLED)),
        failed(ending=Ending(State.STOPPED_EARLY)),
        DONE,
        Waiting(A, "soon"),
        Started(A, FIRST),
        UnderWay(A, FIRST, 60.0),
    ],
)
def test_what_is_tried_again_or_meant_or_will_pass_is_told_nobody(told: Told) -> None:
    """A telephone that rings for nothing is turned off."""
    assert heard(BEGUN, told) == []


def test_what_nobody_here_will_change_is_a_standstill() -> None:
    """Nothing runs for long, a program that always fails, jobs that this machine can never run."""
    events = heard(StandsStill("GPU 0 is lost", 600.0), Halted("train.py", 5, 20, FIRST), Impossible(A, 3, "it needs 2 GPUs"))
    assert {each.kind for each in events} == {"still"}
    still, halted, impossible = events
    assert still.text == "nothing has run for 10 min 00 s, and nothing can start: GPU 0 is lost"
    assert halted.title == "grid.yaml: train.py has failed 5 times in a row and is started no more"
    assert impossible.title == "grid.yaml: 3 jobs can never run here"
    (impossible,) = heard(Impossible(A, 1, "it needs 2 GPUs", "on ada or babbage"))
    assert impossible.title == "grid.yaml: 1 job can never run on ada or babbage"


def over(*ends: tuple[Driven, list[str]], error: Exception | None = None, begun: bool = True) -> list[Event]:
    events: list[Event] = []
    notifications = Notifications("grid.yaml", events.append)
    if begun:
        notifications.hear(BEGUN)
    for driven, words in ends:
        notifications.over(driven, words)
    if error:
        notifications.broken(error)
    return events


def test_the_end_is_told_once_whatever_it_is() -> None:
    """After a Ctrl-C, after a signal to leave, after an error of ours, and not twice where one follows the other."""
    end, left = (Driven(), ["2 jobs: 2 done", "logs: here"]), (Driven(left=HungUp(15)), [])
    assert [each.title for each in over(end)] == ["grid.yaml: 2 jobs: 2 done"]
    assert [each.title for each in over((Driven(interrupted=True), ["2 jobs: 1 done, 1 queued"]))] == [
        "grid.yaml: interrupted: 2 jobs: 1 done, 1 queued"
    ]
    assert [each.title for each in over(left)] == ["grid.yaml: SIGTERM: the runner has left"]
    assert [each.title for each in over(error=ValueError("no"))] == ["grid.yaml: the runner has ended with an error"]
    assert len(over(end, end, error=ValueError("no"))) == 1
    assert over(end)[0].facts["jobs"] == {}


def test_what_is_wrong_before_anything_runs_is_told_nobody() -> None:
    """Whoever has typed it sits there and reads it."""
    assert over(error=ValueError("no"), begun=False) == []


def test_without_a_channel_nothing_is_listened_to_and_no_clock_runs() -> None:
    """A run that nobody is told of costs nothing more."""

    def tell(told: Told) -> None:
        raise AssertionError

    nobody = Notifications("grid.yaml", None, 600.0)
    assert nobody.also(tell) is tell
    assert nobody.terms(Terms(2)) == Terms(2)
    assert Notifications("grid.yaml", print, 600.0).terms(Terms(2)) == Terms(2, still=600.0)
