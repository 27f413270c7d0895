"""Choosing what stops trials, and W&B's rule as the loop asks it: after every row, with all trials."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from scheduler.errors import UserError
from scheduler.queue.states import State
from scheduler.sweeps.files.early_terminate import EarlyTerminate
from scheduler.sweeps.files.sweep_file import Sweep
from scheduler.sweeps.stopping.hyperband import verdicts
from scheduler.sweeps.stopping.stopping import NoStopping, WandbStopping, open_stopping
from scheduler.sweeps.trials import Trial

RULE = EarlyTerminate(min_iter=1, eta=3)
SWEEP = Sweep("random", (), metric={"name": "loss", "goal": "minimize"}, early_terminate=RULE)


def test_the_default_is_the_rule_of_the_file():
    """A W&B file behaves here as it does there."""
    found = open_stopping(SWEEP)
    assert isinstance(found, WandbStopping)
    assert found.bands.rule == RULE
    assert (found.bands.goal, found.metric) == ("minimize", "loss")


def test_a_file_without_early_terminate_stops_nothing():
    """Also if its metric is missing: there is nothing to compare."""
    assert isinstance(open_stopping(replace(SWEEP, early_terminate=None, metric=None)), NoStopping)


def test_none_stops_nothing_whatever_the_file_says():
    """`--pruner none` is the way to let all trials run to their ends."""
    trials = [Trial(0, (), State.RUNNING, (9.0,)), Trial(1, (), State.RUNNING, (1.0,))]
    assert open_stopping(SWEEP, "wandb").verdicts(trials)
    assert not open_stopping(SWEEP, "none").verdicts(trials)


def test_a_goal_that_is_left_out_is_to_minimize():
    """W&B's default."""
    found = open_stopping(replace(SWEEP, metric={"name": "loss"}))
    assert isinstance(found, WandbStopping)
    assert found.bands.goal == "minimize"


def test_stopping_without_a_metric_is_refused():
    """W&B refuses it too; a rule that never stops anything would go unnoticed."""
    with pytest.raises(UserError) as caught:
        open_stopping(replace(SWEEP, metric=None))
    assert str(caught.value) == (
        "early stopping compares trials by a metric, and this sweep file names none; "
        "add metric: {name: ..., goal: minimize}, or stop none with --pruner none"
    )


def test_an_unknown_pruner_is_refused():
    """With the name that was probably meant."""
    with pytest.raises(UserError, match='unknown pruner "medain"; did you mean "median"'):
        open_stopping(SWEEP, "medain")


def test_asked_after_every_row_it_answers_as_the_rule_for_all_trials_at_once():
    """What it keeps between two calls must never go stale, also where a new attempt begins its rows anew."""
    draws = random.Random(5)  # noqa: S311 - no secret
    stopping, trials = WandbStopping(RULE, "maximize", "loss"), [Trial(n, (), State.RUNNING) for n in range(8)]
    stops = 0
    for _ in range(600):
        number = draws.randrange(8)
        rows = () if draws.random() < 0.03 else (*trials[number].rows, round(draws.random(), 1))
        state = State.RUNNING if draws.random() < 0.9 else State.DONE
        trials[number] = replace(trials[number], rows=rows, state=state)
        found = list(stopping.verdicts(trials))
        assert found == list(verdicts(RULE, "maximize", trials, metric="loss"))
        stops += len(found)
    assert stops > 100


def test_a_verdict_stays_until_the_trial_has_stopped():
    """Whoever missed it once is told again."""
    stopping = WandbStopping(RULE, "minimize", "loss")
    good, bad = Trial(0, (), State.RUNNING, (1.0,)), Trial(1, (), State.RUNNING, (2.0,))
    assert [each.number for each in stopping.verdicts([good, bad])] == [1]
    assert [each.number for each in stopping.verdicts([good, bad])] == [1]
    assert not stopping.verdicts([good, replace(bad, state=State.STOPPING)])
