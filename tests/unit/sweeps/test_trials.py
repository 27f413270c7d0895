"""A trial's best and worst, and the sum of what early stopping has saved."""

from __future__ import annotations

import doctest

from scheduler.queue.states import State
from scheduler.sweeps.stopping import verdicts
from scheduler.sweeps.stopping.verdicts import Saved, saved
from scheduler.sweeps.trials import Trial


def trial(rows: int, state: State = State.DONE) -> Trial:
    return Trial(0, (), state, (1.0,) * rows)


def test_the_best_is_over_rows_and_summary():
    """W&B takes the summary into account: some scripts log their final value there alone."""
    found = Trial(0, (), State.DONE, rows=(0.5, 0.3, 0.4), summary=0.2)
    assert (found.best("minimize"), found.worst("minimize")) == (0.2, 0.5)
    assert (found.best("maximize"), found.worst("maximize")) == (0.5, 0.2)
    assert Trial(0, (), State.DONE, summary=0.2).best("maximize") == 0.2


def test_a_trial_that_logged_nothing_has_no_best():
    """None, not 0 and not infinity, which would be the best or the worst of all."""
    assert Trial(0, (), State.FAILED).best("minimize") is None


def test_the_rows_of_a_stopped_trial_count_against_those_of_the_median_full_one():
    """4 and 1 rows of 10 were computed: 6 and 9 were not."""
    trials = [trial(10), trial(10), trial(12), trial(4, State.STOPPED_EARLY), trial(1, State.STOPPED_EARLY)]
    assert saved(trials) == Saved(stopped=2, full=10.0, rows=15.0, computed=37)
    assert saved(trials).share == 15 / 52


def test_failed_trials_are_computed_but_nothing_is_saved_by_them():
    """A crash is no economy."""
    assert saved([trial(10), trial(2, State.FAILED)]) == Saved(0, 10.0, 0.0, 12)


def test_a_stopped_trial_that_was_longer_than_others_saves_nothing():
    """Not a negative number of rows."""
    assert saved([trial(3), trial(5, State.STOPPED_EARLY)]) == Saved(1, 3.0, 0.0, 8)


def test_without_a_full_trial_nothing_can_be_said():
    """How long the stopped ones would have gone on is unknown then."""
    assert saved([trial(3, State.STOPPED_EARLY), trial(3, State.RUNNING)]) is None


def test_the_examples_of_the_wording_are_true():
    """They are what a reader of the code goes by."""
    assert doctest.testmod(verdicts).failed == 0
