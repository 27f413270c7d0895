"""The checker of the soak, checked: a sound history has no violation, and each spoiled one is told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.queue.states import State
from tests.soak.checker import AttemptSeen, EventSeen, JobSeen, Mark, Observations, violations

Q, S, R, D, F, L = State.QUEUED, State.STARTING, State.RUNNING, State.DONE, State.FAILED, State.LOST


def events(job: str, *states: State | tuple[State, int]) -> tuple[EventSeen, ...]:
    """Events of one job; a pair names the attempt."""
    return tuple(EventSeen(job, *(each[::-1] if isinstance(each, tuple) else (None, each))) for each in states)


# Job a was moved and succeeds at once; b is killed and then succeeds; the launcher of c, which comes after b, is killed, and
# --lost runs it again.
SOUND = Observations(
    jobs=(JobSeen("a", D, 1, 1), JobSeen("b", D, 2), JobSeen("c", D, 2, after=frozenset("b"))),
    attempts=(
        AttemptSeen("a", 1, "l1", D, 0),
        AttemptSeen("b", 1, "l1", F, -9),
        AttemptSeen("b", 2, "l2", D, 0),
        AttemptSeen("c", 1, "l3", L, None),
        AttemptSeen("c", 2, "l2", D, 0),
    ),
    events=(
        *events("a", Q, Q, (S, 1), (R, 1), (D, 1)),
        *events("b", Q, (S, 1), (F, 1), Q, (S, 2), (D, 2)),
        *events("c", Q, (S, 1), (R, 1), (L, 1), Q, (S, 2), (R, 2), (D, 2)),
    ),
    marks=(
        Mark("start", "a/1", 11),
        Mark("end", "a/1", 0),
        Mark("start", "b/1", 12),
        Mark("start", "b/2", 13),
        Mark("end", "b/2", 0),
        Mark("start", "c/1", 14),
        Mark("end", "c/1", 0),
        Mark("start", "c/2", 15),
        Mark("end", "c/2", 0),
    ),
    acknowledged=frozenset("abc"),
    killed=frozenset({"b/1"}),
    launchers=frozenset({"l3"}),
    final=True,
)


def test_a_sound_history_has_no_violation() -> None:
    """A checker that complains about everything would pass every test of its complaints."""
    assert violations(SOUND) == []


def test_what_others_have_given_on_too_early_is_no_violation() -> None:
    """A cluster may not know all that a job has left there; of any other job it does."""
    marks = (*SOUND.marks, Mark("overlap", "c/2", 3, frozenset({"c/1"})))
    assert violations(replace(SOUND, marks=marks, unowned=frozenset({"c/1"}))) == []


def test_in_the_middle_of_a_round_jobs_may_be_queued_or_running() -> None:
    """What is only unfinished is no violation."""
    middle = replace(
        SOUND,
        jobs=(*SOUND.jobs, JobSeen("d", R, 1), JobSeen("e", Q, 0)),
        attempts=(*SOUND.attempts, AttemptSeen("d", 1, "l4", None, None)),
        events=(*SOUND.events, *events("d", Q, (S, 1), (R, 1)), *events("e", Q)),
        claims=1,
        final=False,
    )
    assert violations(middle) == []
    assert {line.partition(":")[0] for line in violations(replace(middle, final=True))} == {
        "one_final_record",
        "no_overlap",
        "starts_are_recorded",
    }


def test_what_a_restored_database_cannot_know_is_no_violation() -> None:
    """Attempts that ran after the backup are in the ledger alone, and those that were open in it are lost for good."""
    restored = replace(
        SOUND,
        attempts=(*SOUND.attempts[:2], AttemptSeen("b", 3, "l2", D, 0), *SOUND.attempts[3:]),
        marks=(*SOUND.marks, Mark("start", "b/3", 19), Mark("end", "b/3", 0)),
        launchers=frozenset(),
        forgotten=frozenset({"b/2", "c/1"}),
    )
    assert violations(restored) == []
    assert violations(replace(restored, forgotten=frozenset()))


def test_an_attempt_that_a_restored_database_has_forgotten_was_not_after_one_of_a_lower_number() -> None:
    """Its first attempt was taken back before it began, so that number is given once more after the restore."""
    again = replace(
        SOUND,
        marks=(Mark("start", "a/2", 30), Mark("end", "a/2", 0), *SOUND.marks),
        forgotten=frozenset({"a/2"}),
    )
    assert violations(again) == []
    assert [each.partition(":")[0] for each in violations(replace(again, forgotten=frozenset()))].count("started_once") == 1


def with_attempt(changed: AttemptSeen) -> tuple[AttemptSeen, ...]:
    return tuple(changed if each.token == changed.token else each for each in SOUND.attempts)


SPOILED = {
    "a second final record": ({"events": (*SOUND.events, *events("a", (D, 1)))}, "one_final_record"),
    "no final record": ({"attempts": with_attempt(AttemptSeen("a", 1, "l1", None, None))}, "one_final_record"),
    "a command started twice": ({"marks": (*SOUND.marks, Mark("start", "a/1", 16))}, "started_once"),
    "run again after success": (
        {"attempts": (*SOUND.attempts, AttemptSeen("a", 2, "l2", D, 0)), "marks": (*SOUND.marks, Mark("end", "a/2", 0))},
        "started_once",
    ),
    "run again while open": ({"attempts": with_attempt(AttemptSeen("b", 1, "l1", None, None))}, "started_once"),
    "run again while still running": (
        {"marks": (Mark("start", "c/2", 15), *(mark for mark in SOUND.marks if mark != Mark("start", "c/2", 15)))},
        "started_once",
    ),
    "two jobs on one GPU": ({"marks": (*SOUND.marks, Mark("overlap", "b/2", 3))}, "no_overlap"),
    "a second job on a GPU that is not given on too early": (
        {"marks": (*SOUND.marks, Mark("overlap", "c/2", 3, frozenset({"c/1", "b/2"}))), "unowned": frozenset({"c/1"})},
        "no_overlap",
    ),
    "a process without its claim": ({"unclaimed": ("process 13 (b/2) outlived its claim",)}, "no_overlap"),
    "a claim that stays": ({"claims": 1}, "no_overlap"),
    "running without a reason": ({"baseless": ("a/1",)}, "running_has_a_reason"),
    "a paused job that makes progress": ({"restless": ("b/2 ran while it was paused",)}, "pauses_hold"),
    "an orphan": ({"leftovers": ("13 job.py",)}, "nothing_left"),
    "left-behind work cut short": ({"marks": (*SOUND.marks, Mark("left", "a/1", 18))}, "left_work_is_done"),
    "a lost submit": ({"acknowledged": frozenset("abcd")}, "submits_are_durable"),
    "a state that no event explains": ({"jobs": (JobSeen("a", F, 1), *SOUND.jobs[1:])}, "events_explain_states"),
    "an impossible history": ({"events": (*events("a", Q, (D, 1)), *SOUND.events[5:])}, "events_explain_states"),
    "a damaged database": ({"quick_check": "row 7 missing from index"}, "events_explain_states"),
    "a bystander signalled": ({"bystander": "the bystander was sent SIGTERM"}, "bystander_untouched"),
    "a changed status": ({"attempts": with_attempt(AttemptSeen("a", 1, "l1", F, 3))}, "records_are_true"),
    "an invented kill": ({"attempts": with_attempt(AttemptSeen("a", 1, "l1", F, -9))}, "records_are_true"),
    "done but not zero": (
        {
            "attempts": with_attempt(AttemptSeen("a", 1, "l1", D, 3)),
            "marks": tuple(Mark("end", "a/1", 3) if mark == Mark("end", "a/1", 0) else mark for mark in SOUND.marks),
        },
        "records_are_true",
    ),
    "done without having run": ({"marks": SOUND.marks[2:]}, "records_are_true"),
    "lost although the launcher lived": ({"launchers": frozenset()}, "records_are_true"),
    "begun before what it comes after": ({"jobs": (JobSeen("a", D, 1, after=frozenset("b")), *SOUND.jobs[1:])}, "after_is_after"),
    "passed by lower priorities": (
        {
            "jobs": (*SOUND.jobs, JobSeen("u", Q, 0, 5, "f"), *(JobSeen(f"v{n}", R, 1, 0, "f") for n in range(5))),
            "events": (*SOUND.events, *events("u", Q), *(each for n in range(5) for each in events(f"v{n}", Q, (S, 1), (R, 1)))),
        },
        "priorities_are_kept",
    ),
    "an unknown attempt ran": ({"marks": (*SOUND.marks, Mark("start", "z/1", 17))}, "starts_are_recorded"),
}


@pytest.mark.parametrize("bug", SPOILED)
def test_each_spoiled_history_is_reported_by_its_rule(bug: str) -> None:
    """A rule that cannot fail protects nothing."""
    changes, rule = SPOILED[bug]
    assert rule in {line.partition(":")[0] for line in violations(replace(SOUND, **changes))}


def test_nobody_knows_the_order_of_starts_that_a_restored_queue_was_told_of() -> None:
    """A restore writes them down as it finds them; the job that was first may come last."""
    changes, rule = SPOILED["passed by lower priorities"]
    restored = replace(SOUND, **changes, forgotten=frozenset({"u/1", *(f"v{n}/1" for n in range(5))}))
    assert rule not in {line.partition(":")[0] for line in violations(restored)}
