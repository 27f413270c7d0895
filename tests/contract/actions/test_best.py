"""The best jobs, on a real store."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from scheduler.actions.best import best
from scheduler.actions.curves import curves
from scheduler.actions.results import Sort
from scheduler.actions.show import show
from scheduler.errors import UserError
from scheduler.experiments import Experiment
from scheduler.queue.store import Store
from scheduler.report import best as report
from scheduler.report.curves import print_charts
from scheduler.report.details import details, print_details
from tests.contract.actions.ended import ended

GRID = """
command: [python, train.py, "${args_json}"]
base: {width: 64}
policy: {objective: {metric: loss, goal: minimize}}
grid: {lr: [0.2, 0.1, 0.3]}
"""


def course(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The last of the first is worse than its best; the third has diverged."""
    losses = {0.1: [3.0, 1.0, 4.0], 0.2: [3.0, 2.0, 2.0], 0.3: [math.nan] * 3}[config["lr"]]
    return [{"_step": step, "loss": loss, "acc": 1 / loss} for step, loss in enumerate(losses)]


@pytest.fixture
def filled(store: Store, experiments: Callable[[str], list[Experiment]], tmp_path: Path) -> Store:
    ended(store, experiments(GRID), str(tmp_path), course)
    return store


def test_the_best_is_the_best_value_that_there_was_with_its_step_and_what_tells_it_apart(filled: Store) -> None:
    """The value at the end would have called another one the best; a diverged one is none."""
    found = best(filled, count=3)
    assert [(each.value, each.at, each.config) for each in found.winners] == [(1.0, 1, {"lr": 0.1}), (2.0, 1, {"lr": 0.2})]
    (first, *_) = report.lines(found)
    assert first.endswith(": loss 1 at step 1 (last 4)")


def test_its_checkpoint_is_the_one_that_is_called_best(filled: Store) -> None:
    """`last.pt` is written after it, and is not what anybody wants to go on with."""
    (winner,) = best(filled).winners
    assert winner.compared.attempt is not None
    folder = Path(winner.compared.attempt.directory)
    for name in ("best_model.pt", "last.pt", "epoch_3.ckpt"):
        (folder / name).touch()
    os.utime(folder / "best_model.pt", (1000.0, 1000.0))
    (winner,) = best(filled).winners
    assert winner.checkpoints.files[0] == folder / "best_model.pt"
    assert report.rows(best(filled))[0]["checkpoint"] == str(folder / "best_model.pt")
    assert report.objects(best(filled))[0]["config"] == {"width": 64, "lr": 0.1}


def test_another_metric_may_be_asked_for_and_what_is_guessed_is_said(filled: Store) -> None:
    """By its name an accuracy wants to be large; whoever says so is not told."""
    found = best(filled, sort=Sort.read("acc"))
    assert (found.winners[0].value, found.guessed) == (1.0, True)
    assert "`-m acc:min` says otherwise" in report.go_on(found)[1]
    other = best(filled, sort=Sort.read("acc:min"))
    assert (other.winners[0].value, other.guessed) == (pytest.approx(0.25), False)
    with pytest.raises(UserError, match='no job here has "los"; did you mean "loss"'):
        best(filled, sort=Sort.read("los"))


def test_a_failed_job_is_not_the_best_whatever_it_had_logged(filled: Store) -> None:
    """Its value cannot be had again."""
    with filled.change() as change:
        change.connection.execute("UPDATE job SET state = 'failed' WHERE arguments LIKE '%0.1%'")
    assert best(filled).winners[0].config == {"lr": 0.2}


def test_where_nothing_was_logged_there_is_none_and_where_nobody_ranks_a_metric_is_asked_for(
    store: Store, experiments: Callable[[str], list[Experiment]], tmp_path: Path
) -> None:
    """We do not guess which of ten metrics matters."""
    assert best(store).of == 0
    plain = "command: ['true', '${args}']\nbase: {x: 1}\n"
    ended(store, experiments(plain), str(tmp_path), lambda _: [])
    assert "have logged no numbers" in report.none(best(store))
    ended(store, experiments(plain), str(tmp_path), lambda _: [{"a": 1.0, "b": 2.0}], again=True)
    with pytest.raises(UserError, match="they log a, b; name one: -m a:min"):
        best(store)


def test_without_steps_the_best_is_at_a_row(store: Store, experiments: Callable[[str], list[Experiment]], tmp_path: Path) -> None:
    """The third row may be epoch 30: `show` calls it a row too."""
    ended(store, experiments(GRID)[:1], str(tmp_path), lambda _: [{"loss": 3.0}, {"loss": 1.0}, {"loss": 2.0}])
    assert next(iter(report.lines(best(store)))).endswith(": loss 1 at row 1 (last 2)")


def test_a_step_of_a_long_training_is_told_to_its_last_digit(
    store: Store, experiments: Callable[[str], list[Experiment]], tmp_path: Path
) -> None:
    """The checkpoint of step 1234567 is not found by `step 1.23457e+06`."""
    losses = {1234566: 3.0, 1234567: 1.0, 1234568: 2.0}
    logged = [{"_step": step, "loss": loss} for step, loss in losses.items()]
    (job,) = ended(store, experiments(GRID)[:1], str(tmp_path), lambda _: logged)
    shown, drawn = io.StringIO(), io.StringIO()
    print_details(details(show(store, job)), shown)
    assert "min 1 at step 1234567, max 3 at step 1234566" in shown.getvalue()
    print_charts(curves(store, ["all"], ["loss"]), drawn, 80, 20)
    assert "best 1 at 1234567" in drawn.getvalue()
    assert next(iter(report.lines(best(store)))).endswith(": loss 1 at step 1234567 (last 2)")
