"""The number by which a model of the space judges a trial: W&B's best value, and what stands in where there is none."""

from __future__ import annotations

import pytest

from scheduler.queue.states import ACTIVE, ENDED, WAITING, State
from scheduler.sweeps.search.objective import Objective
from scheduler.sweeps.trials import Trial

WORST = 9.0
FAILURES = sorted(ENDED - {State.DONE, State.STOPPED_EARLY, State.SKIPPED})


def trial(state, *rows, summary=None) -> Trial:
    return Trial(0, (), state, rows, summary)


@pytest.mark.parametrize("state", [State.DONE, State.STOPPED_EARLY])
def test_a_trial_that_ended_well_counts_with_its_best(state):
    """Not with its last value, which after overfitting says little; stopped early is no failure."""
    assert Objective().of(trial(state, 0.5, 0.3, 0.4, summary=0.6), WORST) == 0.3
    assert Objective("maximize").of(trial(state, 0.5, 0.3, 0.4, summary=0.6), WORST) == 0.6


@pytest.mark.parametrize("state", FAILURES)
@pytest.mark.parametrize(("impute", "wanted"), [("worst", WORST), ("best", 0.3), ("latest", 0.4)])
def test_a_failed_trial_counts_as_the_file_says(state, impute, wanted):
    """By default the worst so far: the search stays away from where trials crash."""
    assert Objective(impute=impute).of(trial(state, 0.5, 0.3, 0.4), WORST) == wanted


@pytest.mark.parametrize("impute", ["best", "latest"])
def test_a_failed_trial_without_a_value_of_its_own_is_left_out(impute):
    """W&B takes 0 there, which may be the best of all."""
    assert Objective(impute=impute).of(trial(State.FAILED), WORST) is None


def test_a_finished_trial_that_never_logged_the_metric_is_imputed():
    """A misspelt metric must not look like a good trial."""
    assert Objective().of(trial(State.DONE), WORST) == WORST


def test_before_any_value_is_known_there_is_no_worst():
    """The first trial of a sweep fails: nothing can be said of it yet."""
    assert Objective().of(trial(State.FAILED), None) is None


def test_points_that_were_never_tried_are_left_out():
    """Cancelled while it waited, or skipped because another failed: that says nothing about the point."""
    assert Objective().of(trial(State.CANCELLED), WORST) is None
    assert Objective().of(trial(State.SKIPPED), WORST) is None
    assert Objective().of(trial(State.CANCELLED, 0.4), WORST) == WORST


@pytest.mark.parametrize("state", sorted(WAITING | ACTIVE))
def test_a_running_trial_is_open_unless_the_file_says_otherwise(state):
    """`impute_while_running` is off by default."""
    running = trial(state, 0.3, 0.4)
    assert Objective().of(running, WORST) is None
    assert Objective(while_running="worst").of(running, WORST) == WORST
    assert Objective(while_running="best").of(running, WORST) == 0.3
    assert Objective(while_running="latest").of(running, WORST) == 0.4
    assert Objective(while_running="latest").of(trial(state), WORST) is None
