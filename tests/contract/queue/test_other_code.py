"""An edited program is no other experiment; what ran with the old one is named."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.actions.show import show
from scheduler.queue.code import Aged
from scheduler.queue.job import Ending
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import Submission, Verb, ask_again, submit
from scheduler.report.details import details
from scheduler.report.submission import described
from scheduler.runner.devices import Devices
from scheduler.runner.notices import OtherCode
from scheduler.runner.runner import Runner

GRID = "command: [sh, run.sh, '${args_no_hyphens}']\ngrid: {x: [1, 2, 3]}\n"
OTHER = Aged("run.sh")


@pytest.fixture
def asked(store: Store, experiments, tmp_path: Path) -> Callable[..., Submission]:
    """Submit the grid with this program in place."""

    def submitted(program: str, **options: bool) -> Submission:
        (tmp_path / "run.sh").write_text(program)
        return submit(store, experiments(GRID), str(tmp_path), **options)

    return submitted


def run(store: Store) -> list[OtherCode]:
    """Run what is queued, one after the other; returns what was told of other code."""
    told: list[object] = []
    Runner(Mine(store), Devices("the test's machine"), 1, told.append).run()
    return [notice for notice in told if isinstance(notice, OtherCode)]


def test_what_succeeded_with_another_program_is_named(store: Store, asked) -> None:
    """After an edit the same command said `3 succeeded before`, and the new code never ran."""
    asked("exit 0")
    run(store)
    assert asked("exit 0").outdated == {}
    edited = asked("exit  0")
    assert edited.counts == {Verb.SUCCEEDED: 3}
    assert {change: sorted(numbers) for change, numbers in edited.outdated.items()} == {OTHER: [1, 2, 3]}
    assert described(edited, "f")[0] == "f: 3 experiments (3 succeeded before, 3 of them with another run.sh)"
    asked("exit  0", again=True)
    run(store)
    assert asked("exit  0").outdated == {}


def test_only_those_of_another_program_are_counted(store: Store, asked) -> None:
    """The rest is as the present code makes it."""
    asked('exit "${1#x=}"')
    for job in store.jobs()[:2]:
        with store.change() as change:
            change.move(job.id, State.CANCELLED)
    asked("true")
    with store.change() as change:
        change.move(store.jobs()[2].id, State.CANCELLED)
    run(store)
    edited = asked("exit 0")
    assert [edited.verbs[number].name for number in (1, 2, 3)] == ["SUCCEEDED", "SUCCEEDED", "RETRIED"]
    assert edited.outdated == {OTHER: [1, 2]}


def test_a_queued_job_whose_program_was_edited_says_so_once_and_how_many_more(store: Store, asked, tmp_path: Path) -> None:
    """It runs the file as it is at its start, and not as it was when somebody asked for it."""
    asked("exit 0")
    (tmp_path / "run.sh").write_text("exit  0")
    (told,) = run(store)
    assert (told.job.number, told.change, told.others) == (1, OTHER, 2)
    first = show(store, store.jobs()[0])
    shown = details(first)
    assert shown["code"]["digest"] != shown["attempts"][0]["code"]["digest"]
    assert shown["code_now"] == "another run.sh"


def test_who_asks_again_asks_for_the_present_program(store: Store, asked, tmp_path: Path) -> None:
    """Whoever mends the script and types `retry`, or the same command, knows that it is another."""
    asked("exit 0")
    assert asked("exit  0").counts == {Verb.QUEUED: 3}
    assert run(store) == []
    asked("exit 1", again=True)
    run(store)
    (tmp_path / "run.sh").write_text("exit 0")
    assert len(ask_again(store, store.jobs("state = 'failed'"), lost=False)) == 3
    assert run(store) == []
    assert details(show(store, store.jobs()[-1]))["code_now"] == ""


def test_of_a_job_without_a_known_program_nothing_is_said(store: Store, asked, tmp_path: Path) -> None:
    """Those of an old queue, and those whose file was not there when somebody asked for them."""
    asked("exit 0")
    connection = sqlite3.connect(store.home.database)
    with connection:
        connection.execute("UPDATE job SET code = NULL")
    connection.close()
    (tmp_path / "run.sh").write_text("exit  0")
    assert run(store) == []
    connection = sqlite3.connect(store.home.database)
    with connection:
        connection.execute("UPDATE attempt SET code = NULL")
    connection.close()
    assert asked("exit 0").outdated == {}
    shown = details(show(store, store.jobs()[0]))
    assert (shown["code"], shown["code_now"], shown["attempts"][0]["code"]) == (None, "", None)


def test_a_program_that_is_gone_is_not_called_another(store: Store, asked, tmp_path: Path, experiments) -> None:
    """That its jobs cannot start says more than we could."""
    asked("exit 0")
    run(store)
    (tmp_path / "run.sh").unlink()
    assert submit(store, experiments(GRID), str(tmp_path)).outdated == {}


def test_the_program_is_no_part_of_what_a_job_is(store: Store, asked) -> None:
    """An edit makes no new experiment: `--again` is a person's word."""
    first = [job.id for job in asked("exit 0").jobs]
    assert [job.id for job in asked("exit  0").jobs] == first
    with store.change() as change:
        attempt = change.begin(store.jobs()[0], "l", "")
        assert attempt
        change.end(attempt, Ending(State.DONE, 0), 0.0)
    assert store.attempts(first[0])[0].code is None
