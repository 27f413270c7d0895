"""What becomes of an attempt whose runner is gone: every combination of evidence."""

from __future__ import annotations

import itertools

import pytest

from scheduler.launcher.journal import Record
from scheduler.queue.evidence import Evidence
from scheduler.queue.job import Ending
from scheduler.queue.states import State
from scheduler.runner.recovery import NeverRan, StillThere, verdict

NAME = "job/1"
END = {"state": "failed", "exit_status": 3, "reason": "exit status 3", "duration": 1.0}
NOTHING, STARTED, ENDED = Record(), Record(frozenset({NAME})), Record(frozenset({NAME}), {NAME: END})


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        # A living launcher is believed to do its work.
        (Evidence(NOTHING, True, False, True), StillThere()),
        (Evidence(STARTED, True, True, True), StillThere()),
        (Evidence(ENDED, True, True, True), StillThere()),
        # Its own record, once nothing of the job is left.
        (Evidence(ENDED, True, False, True), Ending(State.FAILED, 3, "exit status 3")),
        (Evidence(ENDED, False, False, True), Ending(State.FAILED, 3, "exit status 3")),
        (Evidence(ENDED, False, False, False), Ending(State.FAILED, 3, "exit status 3")),
        # The launcher is gone and the job lives: its claim is still held.
        (Evidence(STARTED, False, True, True), StillThere()),
        (Evidence(ENDED, False, True, True), StillThere()),
        # It certainly never started.
        (Evidence(NOTHING, False, False, True), NeverRan()),
    ],
)
def test_certain_evidence_gives_a_certain_verdict(evidence: Evidence, expected: object) -> None:
    """The recovery table: what a launcher wrote down is applied, what lives is waited for, what never started is requeued."""
    assert verdict(NAME, evidence) == expected


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(STARTED, False, False, True),  # killed between start and end
        Evidence(None, False, False, True),  # somebody removed the journal: it proves nothing
        Evidence(NOTHING, False, False, False),  # a power cut may have taken the line that says `started`
        Evidence(STARTED, False, False, False),
    ],
)
def test_whatever_is_not_certain_is_lost(evidence: Evidence) -> None:
    """Promise `once`: a command is never started a second time by a guess."""
    found = verdict(NAME, evidence)
    assert isinstance(found, Ending)
    assert found.state is State.LOST
    assert found.exit_status is None


def test_an_attempt_that_may_have_started_is_never_called_unstarted() -> None:
    """The one mistake that would run a command twice, over all evidence there can be."""
    records = [None, NOTHING, STARTED, ENDED]
    for record, launcher, tree, boot in itertools.product(records, *[[False, True]] * 3):
        found = verdict(NAME, Evidence(record, launcher, tree, boot))
        may_have_started = record is not NOTHING or launcher or tree or not boot
        assert not (may_have_started and isinstance(found, NeverRan))
