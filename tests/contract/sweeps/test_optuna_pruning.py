"""Optuna's pruners behind our door, beside a bare loop of Optuna's own over the same rows."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from scheduler.errors import UserError
from scheduler.queue.states import State
from scheduler.sweeps.files.early_terminate import EarlyTerminate
from scheduler.sweeps.files.sweep_file import Sweep
from scheduler.sweeps.stopping.hyperband import standings
from scheduler.sweeps.stopping.optuna_pruning import OptunaStopping
from scheduler.sweeps.stopping.rules import rule_of
from scheduler.sweeps.stopping.stopping import OPTUNA_PRUNERS, open_stopping
from scheduler.sweeps.trials import Trial

optuna = pytest.importorskip("optuna", reason="these pruners are Optuna's")
RULE = EarlyTerminate(min_iter=2, max_iter=16, s=2, eta=3.2)
ROWS = 16


def curves(count: int, goal: str = "minimize") -> list[tuple[float, ...]]:
    """Falling or rising curves, better and worse ones, with noise."""
    sign = 1 if goal == "minimize" else -1
    luck = Random(4)  # noqa: S311 - a repeatable choice, not a secret
    levels = [luck.random() for _ in range(count)]
    return [tuple(sign * (level + 1 / row + 0.05 * luck.random()) for row in range(1, ROWS + 1)) for level in levels]


def bare_pruner(name):
    pruners = optuna.pruners
    return {
        "hyperband": lambda: pruners.HyperbandPruner(min_resource=2, max_resource=16, reduction_factor=3),
        "asha": lambda: pruners.SuccessiveHalvingPruner(min_resource=2, reduction_factor=3),
        "median": lambda: pruners.MedianPruner(n_warmup_steps=2),
    }[name]()


def bare(name, found, goal) -> dict[int, int]:
    """Trial after trial in a loop as in Optuna's documentation: which are pruned, after how many rows."""
    study = optuna.create_study(study_name="sweep", direction=goal, pruner=bare_pruner(name))
    pruned = {}
    for number, rows in enumerate(found):
        trial = study.ask()
        for step, value in enumerate(rows, 1):
            trial.report(value, step)
            if trial.should_prune():
                pruned[number] = step
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, min(rows) if goal == "minimize" else max(rows))
    return pruned


def ours(stopping, found) -> dict[int, int]:
    trials: list[Trial] = []
    stopped = {}
    for number, rows in enumerate(found):
        for count in range(1, len(rows) + 1):
            running = Trial(number, (), State.RUNNING, rows[:count])
            verdicts = stopping.verdicts([*trials, running])
            if verdicts:
                assert [verdict.number for verdict in verdicts] == [number]
                stopped[number] = verdicts[0].band
                break
        trials.append(replace(running, state=State.STOPPED_EARLY if number in stopped else State.DONE))
    return stopped


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
@pytest.mark.parametrize("name", OPTUNA_PRUNERS)
def test_a_pruner_stops_what_it_stops_in_a_bare_loop(name, goal):
    """Reports, ends and settings arrive as Optuna expects them; `early_terminate` gives the settings, eta rounded."""
    found = curves(25, goal)
    stopped = ours(OptunaStopping(name, goal, "loss", RULE), found)
    assert stopped == bare(name, found, goal)
    assert 3 < len(stopped) < 25


@pytest.mark.parametrize("name", OPTUNA_PRUNERS)
def test_nothing_is_stopped_before_min_iter(name):
    """Rows count from 1, as in the file."""
    stopped = ours(OptunaStopping(name, "minimize", "loss", EarlyTerminate(min_iter=5)), curves(25))
    assert not stopped or min(stopped.values()) >= 5


def test_the_verdict_says_who_and_when():
    """Optuna gives no threshold; what is known is said."""
    sweep = Sweep("random", (), metric={"name": "loss"}, early_terminate=EarlyTerminate(min_iter=1))
    trials = [*(Trial(number, (), State.DONE, (1.0,) * 3) for number in range(5)), Trial(5, (), State.RUNNING, (9.0, 9.0))]
    first, *_ = open_stopping(sweep, "median").verdicts(trials)
    assert (first.number, first.rows, first.threshold, first.better) == (5, 2, None, ())
    assert first.sentence == "Optuna's median pruner stops it after 1 row, with loss 9"


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
def test_halving_says_who_was_better(goal):
    """The rungs are rows that are known, so who is compared with whom is no secret: each that is stopped was behind the last that
    passes there, and bands are shown as they are for the rule of a file."""
    found, rule = curves(30, goal), EarlyTerminate(min_iter=2, eta=3)
    stopping, trials, told = OptunaStopping("asha", goal, "loss", rule), list[Trial](), 0
    for number, rows in enumerate(found):
        for count in range(1, len(rows) + 1):
            running = Trial(number, (), State.RUNNING, rows[:count])
            if verdicts := stopping.verdicts([*trials, running]):
                break
        trials.append(replace(running, state=State.STOPPED_EARLY if verdicts else State.DONE))
        for verdict in verdicts:
            there = [each for each in trials if len(each.rows) >= verdict.band]
            ranked = sorted((each.rows[verdict.band - 1] for each in there), reverse=goal == "maximize")
            best = {each.number for each in there if each.rows[verdict.band - 1] in ranked[: max(len(there) // 3, 1)]}
            assert (set(verdict.better), verdict.value) == (best, rows[verdict.band - 1])
            assert verdict.sentence.startswith(f"Optuna's asha pruner stops it: its loss in row {verdict.band} was ")
            told += 1
    assert told > 10
    shown = [(each.rows, each.threshold is not None) for each in standings(rule_of(rule, "asha"), goal, trials)]
    assert shown[:3] == [(2, True), (6, True), (18, False)]


def test_a_verdict_stays_until_the_trial_has_stopped():
    """Whoever missed it once is told again, also when no row is new."""
    stopping = OptunaStopping("asha", "minimize", "loss", EarlyTerminate(min_iter=1))
    trials = [Trial(number, (), State.RUNNING, (float(number),)) for number in range(2)]
    assert [verdict.number for verdict in stopping.verdicts(trials)] == [1]
    assert [verdict.number for verdict in stopping.verdicts(trials)] == [1]
    assert not stopping.verdicts([trials[0], replace(trials[1], state=State.STOPPING)])


def test_a_new_attempt_is_judged_by_its_own_rows():
    """The rows of a trial that is run again must not be taken for rows of the first attempt."""
    stopping = OptunaStopping("asha", "minimize", "loss", EarlyTerminate(min_iter=1))
    good, bad = Trial(0, (), State.RUNNING, (1.0,)), Trial(1, (), State.FAILED, (2.0,))
    assert not stopping.verdicts([good, bad])
    again = replace(bad, state=State.RUNNING, rows=(0.5,))
    assert not stopping.verdicts([good, again])
    assert [each.number for each in stopping.verdicts([good, again, Trial(2, (), State.RUNNING, (3.0,))])] == [2]


def test_a_later_life_judges_with_the_trials_of_the_earlier():
    """Also where some numbers are missing, for trials can be deleted."""
    found = curves(25)
    past = [Trial(number, (), State.DONE, rows) for number, rows in enumerate(found) if number != 3]
    stopping = OptunaStopping("median", "minimize", "loss")
    good, bad = Trial(30, (), State.RUNNING, (0.0,) * 6), Trial(31, (), State.RUNNING, (9.0,) * 6)
    assert [each.number for each in stopping.verdicts([*past, good, bad])] == [31]


@pytest.mark.parametrize("name", ["hyperband", "asha"])
def test_ended_trials_that_are_told_at_once_count_at_every_rung(name):
    """In a later life they are not judged row by row, which would take minutes, and yet must weigh the same."""
    past = [Trial(number, (), State.DONE, rows) for number, rows in enumerate(curves(25))]
    at_once, by_row = (OptunaStopping(name, "minimize", "loss", RULE) for _ in range(2))
    at_once.verdicts(past)
    for trial in past:
        for rows in range(1, ROWS + 1):
            by_row.verdicts([*past[: trial.number], replace(trial, state=State.RUNNING, rows=trial.rows[:rows])])
        by_row.verdicts(past[: trial.number + 1])
    noted = [[trial.system_attrs for trial in stopping._study.get_trials()] for stopping in (at_once, by_row)]
    assert noted[0] == noted[1]
    assert any(noted[0])


def test_bounds_that_contradict_each_other_are_refused():
    """Optuna would raise something about log."""
    with pytest.raises(UserError, match="max_iter 3, which is less than its min_iter 9"):
        OptunaStopping("hyperband", "minimize", "loss", EarlyTerminate(min_iter=9, max_iter=3, s=1))
