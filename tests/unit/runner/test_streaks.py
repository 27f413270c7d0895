"""When a program has failed so often in a row that no more of it is started."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from scheduler.experiments import Policy
from scheduler.queue.job import Ending
from scheduler.queue.states import State
from scheduler.runner.streaks import Program, Streak, Streaks, program_of
from tests.unit.runner.test_plan import job

QUICK, SLOW = 0.2, 3600.0


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ([], 0),
        ([(1, State.FAILED, QUICK)], 1),
        ([(1, State.FAILED, QUICK), (2, State.FAILED, 9.9)], 2),
        ([(1, State.FAILED, QUICK), (2, State.FAILED, None)], 2),  # it could not even be started
        ([(1, State.FAILED, QUICK), (2, State.DONE, SLOW), (3, State.FAILED, QUICK)], 1),
        ([(1, State.FAILED, QUICK), (2, State.STOPPED_EARLY, SLOW)], 0),
        ([(1, State.FAILED, QUICK), (2, State.FAILED, SLOW), (3, State.FAILED, QUICK)], 2),
        ([(1, State.TIMEOUT, QUICK), (2, State.CANCELLED, QUICK), (3, State.LOST, None)], 0),
        ([(1, State.FAILED, QUICK), (2, State.CANCELLED, QUICK)], 1),
        ([(1, State.FAILED, QUICK), (1, State.FAILED, QUICK), (1, State.FAILED, QUICK)], 1),  # its policy has tried it again
    ],
)
def test_only_jobs_that_fail_just_after_their_start_make_a_streak(
    ends: list[tuple[int, State, float | None]], expected: int
) -> None:
    """A training that fails after an hour had its modules and its data; a cancel is somebody's wish; a success is the proof
    that the next may succeed too."""
    streak = Streak()
    for number, state, duration in ends:
        streak = streak.after(str(number), Ending(state), duration)
    assert len(streak.jobs) == expected


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("python", "train.py", "--lr=0.1"), ("python", "train.py")),
        (("python", "train.py", "lr=0.1"), ("python", "train.py")),
        (("python", "train.py", "++lr=0.1"), ("python", "train.py")),
        (("python", "-m", "package.train", "--gpu=-1", '{"lr": 0.1}'), ("python", "-m", "package.train")),
        (("/usr/bin/env", "python", "train.py", "--lr", "0.1"), ("/usr/bin/env", "python", "train.py")),
        (("./train", '{"lr": 0.1}'), ("./train",)),
        (("./train", "/home/me/arguments/7.json"), ("./train",)),
        (("python", "-u", "train.py", "--lr=0.1"), ("python", "-u", "train.py")),
        (("sh", "-c", "exit 1", "sh", "--lr=0.1"), ("sh", "-c", "exit 1", "sh")),
        (("true",), ("true",)),
    ],
)
def test_all_jobs_of_one_file_have_the_same_program(argv: tuple[str, ...], words: tuple[str, ...]) -> None:
    """A streak over jobs that share nothing would stop the wrong ones, and one for each configuration would stop none."""
    assert program_of(job(7, argv=argv, cwd="/work")) == Program(words, "/work")


def failed(streaks: Streaks, numbers: range, **changes) -> None:
    for number in numbers:
        streaks.ended(job(number, **changes), Ending(State.FAILED, 1), QUICK)


@pytest.mark.parametrize(
    ("policy", "limit", "failures", "stopped"),
    [
        (Policy(), None, 4, False),
        (Policy(), None, 5, True),
        (Policy(max_failures=2), None, 2, True),
        (Policy(max_failures=None), None, 100, False),
        (Policy(), 7, 6, False),
        (Policy(max_failures=None), 7, 7, True),
        (Policy(max_failures=2), math.inf, 100, False),
    ],
)
def test_the_command_line_stands_above_the_policy_of_the_file(
    policy: Policy, limit: float | None, failures: int, stopped: bool
) -> None:
    """`--max-failures none` is for those who know better than the file, or than its default of 5."""
    streaks = Streaks(limit)
    failed(streaks, range(failures), policy=policy)
    assert bool(streaks.stopped(job(1000, policy=policy))) is stopped


def test_another_program_or_directory_is_not_stopped() -> None:
    """`work` runs the files of a whole week: a mistake in one is none in the others."""
    streaks = Streaks()
    failed(streaks, range(5), argv=("python", "a.py"), cwd="/a")
    assert streaks.stopped(job(9, argv=("python", "a.py"), cwd="/a"))
    assert not streaks.stopped(job(9, argv=("python", "b.py"), cwd="/a"))
    assert not streaks.stopped(job(9, argv=("python", "a.py"), cwd="/b"))


def test_a_success_or_a_person_ends_a_streak() -> None:
    """What was started before may succeed yet; and who asks for a job again has mended the cause."""
    streaks, after = Streaks(), job(9)
    failed(streaks, range(5))
    streaks.ended(replace(after, id="late"), Ending(State.DONE, 0), SLOW)
    assert not streaks.stopped(after)
    failed(streaks, range(5))
    streaks.forgive(program_of(after))
    assert not streaks.stopped(after)
