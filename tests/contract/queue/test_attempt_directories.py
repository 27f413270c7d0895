"""An attempt's directory belongs to one attempt for ever, also where the database does not know of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.attempt_files import LOG
from scheduler.launcher.client import open_slot
from scheduler.launcher.spawning import Order
from scheduler.queue.job import Job
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.devices import Devices
from scheduler.runner.notices import Notice, Trouble
from scheduler.runner.runner import Runner

ONE = "command: [sh, -c, 'echo new', '${args}']\ngrid: {x: [1]}\n"


def queued(store: Store, experiments) -> Job:
    (job,) = submit(store, experiments(ONE), "/").jobs
    return job


def earlier(store: Store, job: Job, number: int) -> Path:
    """What an attempt left that a database from before it does not know of."""
    directory = Path(store.home.attempt(job.id, number))
    directory.mkdir(parents=True)
    (directory / LOG).write_text("old\n")
    return directory / LOG


def test_numbers_whose_directories_are_there_are_passed_over(store: Store, experiments) -> None:
    """A queue that was restored or moved begins to count again; what its earlier attempts wrote stays as it is, and is no end."""
    job = queued(store, experiments)
    old = [earlier(store, job, number) for number in (1, 2)]
    told: list[Notice] = []
    Runner(Mine(store, [job]), Devices(""), 1, told.append).run()
    (attempt,) = store.attempts(job.id)
    assert (attempt.number, store.job(job.id).attempts, store.job(job.id).state) == (3, 3, State.DONE)
    assert attempt.log.read_text() == "new\n"
    assert [log.read_text() for log in old] == ["old\n", "old\n"]


def test_an_attempt_that_never_ran_gives_its_number_back_also_after_a_gap(store: Store, experiments) -> None:
    """The job's latest attempt is one that there was."""
    job = queued(store, experiments)
    earlier(store, job, 1)
    with store.change() as change:
        attempt = change.begin(job, "launcher", "")
        assert attempt
        assert attempt.number == 2
        change.never_ran(attempt)
    assert store.job(job.id).attempts == 0
    assert store.latest_attempts([job]) == {}


@pytest.mark.parametrize("log_cap", [0, 1])
def test_a_launcher_drops_an_order_whose_directory_is_there(store: Store, tmp_path: Path, log_cap: int) -> None:
    """Somebody put it there after the runner had looked: the order is dropped, the directory not touched, and the next number is
    taken."""
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / LOG).write_text("old\n" * 10_000)
    slot = open_slot(store.home)
    slot.start(Order("job/1", ["true"], "/", str(tmp_path / "1"), log_cap=log_cap), [])
    ((report, _),), _ = slot.channel.receive()
    assert (report["is"], report["why"]) == ("dropped", "")
    assert (tmp_path / "1" / LOG).read_text() == "old\n" * 10_000
    slot.close()
    slot.process.wait(90)


def test_a_folder_that_cannot_be_made_is_an_end_and_no_endless_beginning(store: Store, experiments) -> None:
    """Where a file stands in place of the job's folder no number would ever be free."""
    job = queued(store, experiments)
    Path(store.home.attempt(job.id, 1)).parent.write_text("")
    told: list[Notice] = []
    Runner(Mine(store, [job]), Devices(""), 1, told.append).run()
    assert store.job(job.id).state is State.FAILED
    assert not [notice for notice in told if isinstance(notice, Trouble)]
