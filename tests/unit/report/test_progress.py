"""A runner's notices as lines."""

from __future__ import annotations

import io
import resource
from dataclasses import replace
from typing import get_args

from scheduler.actions.notices import Driving, Told
from scheduler.queue.code import Aged
from scheduler.queue.job import Attempt, Ending
from scheduler.queue.states import State
from scheduler.report.notice_sentences import SENTENCES
from scheduler.report.progress import Progress
from scheduler.runner.notices import (
    Ended,
    Interrupted,
    Joined,
    Noted,
    OtherCode,
    Resized,
    StandsStill,
    Started,
    StillReading,
    UnderWay,
)
from scheduler.tracking.left import leave
from scheduler.tracking.logged import Logged
from tests.unit.runner.test_backfill import job

JOB = replace(job(1), arguments='{"x": 1}')
FIRST = Attempt(JOB.id, 1, "launcher", "/nowhere", 0.0)


def told(*notices) -> list[str]:
    file = io.StringIO()
    progress = Progress(file)
    for notice in (Driving(1, "a machine", [JOB]), *notices):
        progress.tell(notice)
    first, *lines = file.getvalue().splitlines()
    assert first == "at most 1 at once; a machine"
    return [line.removeprefix(JOB.short_id) for line in lines]


def test_a_start_that_is_tried_again_and_again_is_told_once() -> None:
    """A machine without room for a process gives it back each time; a line each time would say that it runs."""
    second = Attempt(JOB.id, 2, "launcher", "/nowhere", 0.0)
    failed = Ended(JOB, FIRST, Ending(State.DONE, 0), 1.0, True)
    assert told(*[Started(JOB, FIRST)] * 3) == [" started: x=1"]
    assert told(Started(JOB, FIRST), failed, Started(JOB, second))[2] == " started (attempt 2): x=1"


def test_the_second_ctrl_c_says_how_long_there_is_and_what_comes_then() -> None:
    """Whoever waits for a checkpoint must know whether it will be cut."""
    (one,) = told(Interrupted(2, 1, 60.0))
    (two,) = told(Interrupted(2, 2, 10.0))
    assert "stopping 1 job (SIGINT); it has 60 s to save the work, then SIGTERM follows and, 30 s later, SIGKILL" in one
    assert "stopping 2 jobs (SIGINT); they have 10 s to save the work, then SIGTERM follows and, 5 s later, SIGKILL" in two


def test_the_first_ctrl_c_says_what_becomes_of_jobs_that_nobody_waits_for() -> None:
    """A notebook interrupts `!exp-queue` and ends it a moment later: these are the last words that it shows."""
    one, two = told(Interrupted(1, 2))
    assert one == "Ctrl-C: nothing more is started; waiting for 2 jobs to finish. Ctrl-C again stops them."
    assert "what runs goes on: `exp-queue cancel running` stops it, and the same command again joins it" in two
    assert told(Interrupted(1, 0)) == ["Ctrl-C: nothing more is started, and nothing runs."]


def test_a_ctrl_c_tells_of_what_was_handed_over_and_has_not_begun() -> None:
    """Four in Slurm, of which two wait in its queue: to wait for four says nothing of what becomes of them."""
    one, _ = told(Interrupted(1, 2, waiting=2))
    wait = "waiting for 2 jobs to finish (2 that have not begun go back into the queue)"
    assert one == f"Ctrl-C: nothing more is started; {wait}. Ctrl-C again stops them."
    (none,) = told(Interrupted(1, 0, waiting=1))
    assert none == "Ctrl-C: nothing more is started, and nothing runs; 1 job that has not begun goes back into the queue."
    (both,) = told(Interrupted(2, 1, 10.0, waiting=1))
    assert "stopping 1 job (SIGINT); it has 10 s" in both
    assert "SIGKILL; 1 that has not begun will not begin. Ctrl-C again leaves" in both
    assert told(Interrupted(2, 0, waiting=2)) == [
        "Ctrl-C: 2 jobs that have not begun will not begin. Ctrl-C again leaves without waiting."
    ]


def test_what_the_machine_offers_now_is_told_as_at_the_beginning() -> None:
    """How many there are comes first; behind three hosts, each with its colon, nobody finds it."""
    assert told(Resized("4 GPUs (Fake)", 4)) == ["now at most 4 at once; 4 GPUs (Fake)"]


def test_a_job_that_another_has_given_away_and_that_waits_there_is_not_said_to_run() -> None:
    """Somebody looks for the process that is not there."""
    there = Attempt(JOB.id, 1, "slurm/array/0", "/nowhere", 0.0)
    waits, runs = replace(JOB, state=State.STARTING), replace(JOB, state=State.RUNNING)
    assert told(Joined(waits, there)) == [" was given to Slurm before, waiting for it: x=1"]
    assert told(Joined(waits, replace(there, launcher="ssh/ada/b"))) == [" was sent to ada before, waiting for it: x=1"]
    assert told(Joined(runs, there)) == [" is already running, waiting for it: x=1"]
    assert told(Joined(waits, FIRST)) == [" is already running, waiting for it: x=1"]
    assert told(Joined(replace(JOB, state=State.STOPPING), FIRST)) == [" is being stopped, waiting for it: x=1"]


def test_what_a_launcher_notes_and_what_was_left_behind_are_told() -> None:
    """Also of a job that succeeded: its script ended long before."""
    reason = "exit status 0; 1 process left behind went on for 25.1 s: sh (pid 12)"
    lines = told(
        Started(JOB, FIRST),
        Noted(JOB, FIRST, "it left one behind"),
        Ended(JOB, FIRST, Ending(State.DONE, 0, reason), 25.2, False),
    )
    assert lines[1:] == [": it left one behind", f" done after 25 s: {reason}   [1/1]"]


def test_a_start_with_other_code_says_how_many_more_would() -> None:
    """Whoever reads it decides whether to hold them."""
    said = [
        line.split("job ", 1)[1].split(" ", 1)[1]
        for line in told(*(OtherCode(JOB, Aged("a.py"), count) for count in (0, 1, 2000)))
    ]
    start = "starts with another a.py than it was queued with"
    assert said == [start, f"{start}; 1 more is queued that would", f"{start}; 2,000 more are queued that would"]


def test_a_job_that_runs_is_told_of_with_its_newest_values(tmp_path) -> None:
    """In a file or a notebook there is nothing else to see for as long as it trains."""
    attempt = Attempt(JOB.id, 1, "launcher", str(tmp_path), 0.0)
    assert told(UnderWay(JOB, attempt, 60.0)) == [" has run 1 min 00 s: x=1; it has said nothing yet"]
    attempt.log.write_text("epoch 1\n  \x1b[1mepoch 2  \n\n")
    assert told(UnderWay(JOB, attempt, 60.0)) == [" has run 1 min 00 s: | \\x1b[1mepoch 2"]
    leave(tmp_path, Logged("W&B log", 9, step=8, last={"note": "text", "loss": 0.5}))
    assert told(UnderWay(JOB, attempt, 90.0)) == [" has run 1 min 30 s: step 8, loss 0.5"]
    attempt.metrics.write_text('{"_step": 400, "loss": 0.31234, "note": "text"}\n{"_step": 401, "val_cer": 0.5}\n')
    assert told(UnderWay(JOB, attempt, 125.0)) == [" has run 2 min 05 s: step 401, val_cer 0.5, loss 0.3123"]


def test_a_log_that_is_read_for_long_is_told_of_with_how_far_it_is() -> None:
    """When the last job is over and the command is not."""
    (line,) = told(StillReading(FIRST, 0.4))
    assert line == f"reading what {JOB.id[:8]} has logged, 40%; Ctrl-C leaves the rest to the next `run` or `work`"


def test_a_standstill_is_told_with_its_reason() -> None:
    """`0 of 12` says nothing of why."""
    assert told(StandsStill("GPU 0 is lost", 600.0)) == ["nothing has run for 10 min 00 s, and nothing can start: GPU 0 is lost"]


def test_an_end_is_told_where_no_file_can_be_opened(tmp_path) -> None:
    """For want of a descriptor neither the metrics nor the log can be read: the runner left, and its jobs with it."""
    attempt = Attempt(JOB.id, 1, "launcher", str(tmp_path), 0.0)
    attempt.metrics.write_text("")
    attempt.log.write_text("its last words\n")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        (done,) = told(Ended(JOB, attempt, Ending(State.DONE, 0), 1.0, False))
        (failed,) = told(Ended(JOB, attempt, Ending(State.FAILED, 1, "exit status 1"), 1.0, False))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert (done, failed) == (" done after 1.0 s   [1/1]", " failed after 1.0 s: exit status 1   [1/1]")


def test_every_notice_has_its_words_in_one_place() -> None:
    """One without any would end the run with a KeyError when it is first told."""
    tellers = set(Progress(io.StringIO())._tellers)
    assert set(SENTENCES) | tellers == set(get_args(Told))
    assert set(SENTENCES) & tellers == set()
