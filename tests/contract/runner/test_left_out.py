"""Jobs that a runner leaves in the queue while it runs the others, on a real store and real launchers."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from scheduler.home import Home
from scheduler.queue.job import Ending
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import ask_again, submit
from scheduler.runner.attempts import End, Running
from scheduler.runner.devices import Devices
from scheduler.runner.left_out import Choice
from scheduler.runner.notices import (
    Ended,
    Halted,
    Impossible,
    Notice,
    Started,
)
from scheduler.runner.runner import Runner
from scheduler.runner.sources import Submits
from scheduler.runner.streaks import Streaks
from tests.contract.runner.meanwhile import Watched, nothing

NUMBERS = list(range(30))


def grid(code: str, values: list[int], more: str = "") -> str:
    command = json.dumps([sys.executable, "-I", "-S", f"{code}.py", "${args_no_hyphens}"])
    return f"command: {command}\ngrid: {{x: {values}}}\n{more}\n"


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    (tmp_path / "bad.py").write_text("import no_such_module\n")
    (tmp_path / "good.py").write_text("")
    (tmp_path / "third.py").write_text("import sys; sys.exit(int(sys.argv[1][2:]) % 3 > 0)")
    return tmp_path


def states(store: Store) -> list[str]:
    return [str(job.state) for job in store.jobs()]


def run(mine: Mine, slots: int = 1) -> tuple[Runner, list[Notice]]:
    told: list[Notice] = []
    runner = Runner(mine, Devices("the test's machine"), slots, told.append, streaks=Streaks())
    runner.run()
    return runner, told


def test_one_missing_module_costs_five_jobs_and_not_all(store: Store, experiments, scripts: Path) -> None:
    """A hundred jobs that all fail at once are a night lost, and a hundred results to clear away."""
    mine = Mine(store, submit(store, experiments(grid("bad", NUMBERS)), str(scripts)).jobs)
    runner, told = run(mine)
    assert states(store) == ["failed"] * 5 + ["queued"] * 25
    (halted,) = [notice for notice in told if isinstance(notice, Halted)]
    assert (halted.failures, halted.waiting) == (5, 25)
    assert "no_such_module" in halted.attempt.log.read_text()
    assert [len(each.numbers) for each in runner.left_out] == [25]
    assert isinstance(told[-1], Halted), "why nothing more is started is said after the end that was one too many"


def test_a_success_between_failures_keeps_the_run_going(store: Store, experiments, scripts: Path) -> None:
    """Some configurations of a search fail; that is what one searches for."""
    mine = Mine(store, submit(store, experiments(grid("third", NUMBERS)), str(scripts)).jobs)
    runner, _ = run(mine)
    assert states(store).count("failed") == 20
    assert (states(store).count("done"), runner.left_out) == (10, [])


def test_a_runner_of_everything_goes_on_with_other_programs(store: Store, experiments, scripts: Path) -> None:
    """Whoever submitted behind a broken file must not pay for it, however long its queue is."""
    submit(store, experiments(grid("bad", NUMBERS)), str(scripts))
    submit(store, experiments(grid("good", [1, 2])), str(scripts))
    mine = Mine(store)
    run(mine)
    assert states(store) == ["failed"] * 5 + ["queued"] * 25 + ["done"] * 2


@pytest.mark.timeout(50)
def test_retries_that_their_policy_has_queued_wait_as_well(store: Store, experiments, scripts: Path) -> None:
    """Each retry would fail as its job did; and a run that stays a minute for them, only to leave them, would seem to hang."""
    mine = Mine(
        store, submit(store, experiments(grid("bad", NUMBERS, "policy: {retries: 30, max_failures: 3}")), str(scripts)).jobs
    )
    with store.change() as change:
        change.connection.execute("UPDATE job SET failures = 10")  # the next attempt is due after a minute
    _, told = run(mine, slots=3)
    ended = [notice for notice in told if isinstance(notice, Ended)]
    assert states(store) == ["queued"] * 30
    assert len({notice.job.id for notice in ended}) <= 3 + 2, "no new job was started, beyond those that ran then"
    assert sum(isinstance(notice, Halted) for notice in told) == 1


def test_a_job_alone_spends_the_retries_of_its_policy(store: Store, experiments, scripts: Path) -> None:
    """Ten retries are ten attempts at one job: they say nothing about others."""
    mine = Mine(store, submit(store, experiments(grid("bad", [1], "policy: {retries: 2, max_failures: 1}")), str(scripts)).jobs)
    run(mine)
    assert states(store) == ["queued"], "one failure is enough where the policy says so"
    mine = Mine(store, submit(store, experiments(grid("bad", [2], "policy: {retries: 2, max_failures: 2}")), str(scripts)).jobs)
    run(mine)
    assert [(job.state, job.attempts) for job in store.jobs()][1] == (State.FAILED, 3)


def test_a_runner_that_stays_starts_a_program_again_when_a_person_asks(store: Store, experiments, scripts: Path) -> None:
    """`work --forever` has nobody who types it again: the word of a person who has mended the cause must reach it."""
    mine = Mine(store)
    submit(store, experiments(grid("bad", NUMBERS)), str(scripts))
    told: list[Notice] = []

    def tell(notice: Notice) -> None:
        told.append(notice)
        if isinstance(notice, Halted):
            (scripts / "bad.py").write_text("")
            with Store(store.home) as theirs:
                ask_again(theirs, theirs.jobs("state = 'failed'"), lost=False)
        elif isinstance(notice, Ended) and set(states(store)) == {"done"} and not interrupted:
            interrupted.append(True)  # once: several ends may be told together
            runner._on_signal(2)

    interrupted: list[bool] = []
    runner = Runner(mine, Devices("the test's machine"), 1, tell, Submits(store.home), streaks=Streaks())
    runner.run()
    assert sum(isinstance(notice, Halted) for notice in told) == 1
    assert set(states(store)) == {"done"}


def test_what_can_never_run_here_stays_queued_and_hides_nothing(store: Store, experiments, scripts: Path) -> None:
    """One job for five GPUs kept a whole queue from running, even when it had been cancelled. They are more than a runner
    looks ahead."""
    submit(store, experiments(grid("good", NUMBERS, "resources: {gpus: 5}")), str(scripts))
    submit(store, experiments(grid("good", [100, 101])), str(scripts))
    mine = Mine(store)
    runner, told = run(mine)
    assert states(store) == ["queued"] * 30 + ["done"] * 2
    (impossible,) = [notice for notice in told if isinstance(notice, Impossible)]
    assert (impossible.jobs, impossible.job) == (30, store.jobs()[0])
    assert "it asks for 5 GPUs" in impossible.reason
    assert [len(each.numbers) for each in runner.left_out] == [30]


def test_what_was_cancelled_meanwhile_is_not_left_out(store: Store, experiments, scripts: Path) -> None:
    """The exit status tells of jobs that still wait, not of those that a person has taken out."""
    (job,) = submit(store, experiments(grid("good", [1], "resources: {gpus: 5}")), str(scripts)).jobs
    mine = Mine(store)
    runner, _ = run(mine)
    with store.change() as change:
        change.move(job.id, State.CANCELLED, "cancelled")
    assert runner.left_out == []


def test_jobs_that_are_left_out_can_be_taken_back(store: Store, experiments) -> None:
    """The ranges of the jobs that may start, with holes in them, at their edges and beyond."""
    jobs = submit(store, experiments("command: ['true', '${args}']\ngrid: {x: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}\n"), "/").jobs
    mine = Mine(store, [*jobs[0:4], *jobs[6:10]])

    def seen(*left_out: int) -> list[int]:
        mine.leave_out(jobs[index].number for index in left_out)
        return [jobs.numbers.index(job.number) for job in mine.waiting(100, 1.0)]

    assert seen() == [0, 1, 2, 3, 6, 7, 8, 9]
    assert seen(0, 3, 8) == [1, 2, 6, 7, 9]
    assert seen(1, 2, 6, 7, 8, 9) == [0, 3]
    assert seen(*range(10)) == []
    assert not mine.are_queued()
    assert [job.number for job in mine.jobs()] == [*jobs.numbers[0:4], *jobs.numbers[6:10]], "they are mine all the same"
    assert seen(9) == [0, 1, 2, 3, 6, 7, 8]
    mine = Mine(store)
    assert seen(0) == list(range(1, 10))


def test_without_streaks_every_job_is_started(store: Store, experiments, scripts: Path) -> None:
    """A sweep has a rule of its own."""
    mine = Mine(store, submit(store, experiments(grid("bad", NUMBERS[:8])), str(scripts)).jobs)
    told: list[Notice] = []
    Runner(mine, Devices("the test's machine"), 1, told.append).run()
    assert sum(isinstance(notice, Started) for notice in told) == 8


@pytest.mark.parametrize("is_first", [True, False])
def test_the_word_of_a_person_is_heard_while_that_of_another_is_taken_in(
    store: Store, home: Home, experiments, is_first: bool
) -> None:
    """Two programs are mended at the same time: the second one stayed out, as if nobody had asked."""
    failed = [submit(store, experiments(grid(code, [1, 2])), "/").jobs[0] for code in ("bad", "worse")]
    with Watched(home) as watched:
        choice = Choice(Mine(watched), Devices("the test's machine"), Streaks(1))
        for job in failed:
            with store.change() as change:
                attempt = change.begin(job, "launcher", "")
                assert attempt
                change.end(attempt, Ending(State.FAILED, 1), 0.1)
            choice.heard([End(Running(job, attempt), Ending(State.FAILED, 1), 0.1)])
        assert choice.due(10, time.time()) == ()

        def ask() -> None:
            ask_again(store, failed[1:], lost=False)

        ask_again(store, failed[:1], lost=False)
        watched.moments = [(ask, nothing) if is_first else (nothing, ask)]
        choice.due(10, time.time())
        assert len(choice.due(10, time.time())) == 4
