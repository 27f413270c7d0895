"""Jobs side by side, on a real store."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from scheduler.actions.compare import Statistics, compare, means, statistics
from scheduler.actions.curves import curves
from scheduler.actions.results import Sort
from scheduler.errors import UserError
from scheduler.experiments import Experiment
from scheduler.queue.job import Ending
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.trials import SweepRecord, add_sweep, add_trial
from scheduler.report import comparison
from scheduler.runner.logs import keep_what_is_small
from tests.contract.actions.ended import ended

Experiments = Callable[[str], list[Experiment]]
GRID = """
command: [python, train.py, "${args_json}"]
base: {net: {width: 64}}
policy: {objective: {metric: val_loss, goal: minimize}}
grid: {lr: [0.1, 0.01], seed: [1, 2, 3]}
"""


def course(config: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Of each learning rate the best is in the middle, and the last is worse; one job has failed."""
    if (config["lr"], config["seed"]) == (0.01, 3):
        return None
    base = config["lr"] * 10 + config["seed"]
    return [{"_step": 10 * step, "val_loss": base + abs(step - 1), "acc": 1 / base, "said": "fine"} for step in range(4)]


@pytest.fixture
def filled(store: Store, experiments: Experiments, tmp_path: Path) -> Store:
    ended(store, experiments(GRID), str(tmp_path), course)
    return store


def test_of_each_job_stand_what_differs_and_the_best_and_last_value_of_its_objective(filled: Store) -> None:
    """The first question after a grid; the value at the end is not the best that there was."""
    found = compare(filled)
    words = [column.word for column in found.columns]
    assert words == ["id", "name", "state", "lr", "seed", "best.val_loss", "last.val_loss", "last.acc", "duration"]
    rows = [row[3:7] for row in found.values()]
    assert rows[:2] == [[0.01, 1, pytest.approx(1.1), pytest.approx(3.1)], [0.1, 1, 2.0, 4.0]]
    assert rows[-1] == [0.01, 3, None, None], "what has failed stands last"


def test_a_column_may_be_a_fact_a_parameter_a_metric_or_an_extreme_of_one(filled: Store) -> None:
    """What is kept of a curve can be asked for, also under a name that two things have."""
    words = "state net.width config.lr val_loss min.val_loss max.val_loss first.val_loss best_at.val_loss said step best"
    found = compare(filled, columns=[*words.split(), "count.acc", "best.acc"], limit=1)
    (row,) = found.values()
    assert (row[:3], row[8]) == (["done", 64, 0.01], "fine")
    assert [*row[3:8], *row[9:]] == pytest.approx([3.1, 1.1, 3.1, 2.1, 10, 30, 1.1, 4, 1 / 1.1])
    assert (found.of, list(found.guessed)) == (6, ["acc"])


@pytest.mark.parametrize(
    ("word", "meant"), [("val_los", "val_loss"), ("best.val_los", "best.val_loss"), ("config.l", "config.lr"), ("stat", "state")]
)
def test_an_unknown_column_is_answered_with_the_nearest(filled: Store, word: str, meant: str) -> None:
    """A slip in a name of twenty letters should cost one look."""
    with pytest.raises(UserError) as refused:
        compare(filled, columns=[word])
    assert str(refused.value) == f'no job here has "{word}"; did you mean "{meant}"?'


def test_whoever_asks_for_an_order_gets_it_and_what_is_missing_stands_last(filled: Store) -> None:
    """By a metric, an extreme or a parameter; a job without the value is neither first nor last by accident."""
    by_last = [each.config for each in compare(filled, sort=Sort.read("acc")).rows]
    assert [(each["lr"], each["seed"]) for each in by_last][:2] == [(0.01, 1), (0.1, 1)], "accuracy wants to be large"
    assert compare(filled, sort=Sort.read("best.val_loss:max")).rows[0].config["seed"] == 3
    assert compare(filled, sort=Sort.read("seed:max")).rows[0].config["seed"] == 3
    assert compare(filled, sort=Sort.read("acc:min")).rows[-1].job.state is State.FAILED
    with pytest.raises(UserError, match='did you mean "val_loss"'):
        compare(filled, sort=Sort.read("val_los"))


def test_a_failed_job_stands_behind_those_that_succeeded_whatever_it_had_logged(filled: Store) -> None:
    """Its best value cannot be had again."""
    with filled.change() as change:
        change.connection.execute("UPDATE job SET state = 'failed' WHERE id = ?", (compare(filled, limit=1).rows[0].job.id,))
    states = [each.job.state for each in compare(filled).rows]
    assert states == [State.DONE] * 4 + [State.FAILED] * 2


def test_only_what_differs_is_shown_commands_and_environment_too(
    store: Store, experiments: Experiments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two runs of one configuration that came out differently: what was it?"""
    one = "command: [{command}]\nbase: {{x: 1, y: 2}}\n"
    ended(store, experiments(one.format(command="train, '${args_json}'")), str(tmp_path), lambda _: [{"loss": 1.0}])
    same = compare(store, only_different=True)
    assert [column.word for column in same.columns] == ["id"]
    monkeypatch.setenv("VIRTUAL_ENV", "/another")
    fast = experiments(one.format(command="train, --fast, '${args_json}'"))
    ended(store, fast, str(tmp_path), lambda _: [{"loss": 2.0}])
    found = compare(store, only_different=True)
    assert [column.word for column in found.columns] == ["id", "command", "env.VIRTUAL_ENV", "last.loss"]
    assert {row[1] for row in found.values()} == {"train", "train --fast"}


def test_two_jobs_that_differ_in_nothing_are_said_to(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """A table of ids alone looks like a mistake."""
    for again in (False, True):
        ended(store, experiments("command: ['true', '${args}']\nbase: {x: 1}\n"), str(tmp_path), lambda _: [], again=again)
    assert "these 2 jobs differ in nothing" in comparison.nothing_differs(compare(store, only_different=True))


def test_means_are_over_the_seeds_and_leave_out_what_failed(filled: Store) -> None:
    """Three seeds are no result until somebody has made a mean of them; a crash must not become a zero."""
    found = means(filled, (), ["seed"])
    assert [(each.shown, len(each.succeeded), each.failed) for each in found.rows] == [({"lr": 0.01}, 2, 1), ({"lr": 0.1}, 3, 0)]
    best = found.rows[1].statistics["best.val_loss"]
    assert (best.mean, best.deviation, best.count) == (pytest.approx(3.0), pytest.approx(1.0), 3)
    row = comparison.table_of_means(found)[0]
    assert (row["best.val_loss"], row["jobs"], row["left out"]) == ("1.6 ± 0.71", "2", "1 failed")
    programs = comparison.objects_of_means(found)[0]
    assert programs["best.val_loss.std"] == pytest.approx(math.sqrt(0.5))
    by_least = means(filled, (), ["seed"], columns=["min.val_loss"], sort=Sort.read("min.val_loss:max"))
    assert by_least.rows[0].shown == {"lr": 0.1}
    with pytest.raises(UserError, match='no configuration here has a parameter "sed"; did you mean "seed"'):
        means(filled, (), ["sed"])


def test_of_many_groups_the_best_are_shown_and_how_many_there_are(filled: Store) -> None:
    """A table of a thousand means scrolls its best line away."""
    found = means(filled, (), ["seed"], limit=1)
    assert ([each.shown for each in found.rows], found.of) == ([{"lr": 0.01}], 2)


def test_what_is_guessed_to_be_the_best_of_a_metric_is_said_of_means_too(filled: Store) -> None:
    """A mean of best values is as wrong as a single one, where large was better and small was taken."""
    said = comparison.about_means(means(filled, (), ["seed"], columns=["best.val_loss", "best.acc"]))
    assert said[1:] == ["of acc the largest value is taken for the best, by its name; `--sort acc:min` says otherwise"]


def test_an_experiment_that_was_run_again_counts_once_in_a_mean(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """Its newest value: to run one seed twice is not to have two seeds."""
    text = "command: ['true', '${args}']\nbase: {seed: 1}\n"
    for loss in (5.0, 3.0):
        ended(store, experiments(text), str(tmp_path), lambda _, loss=loss: [{"loss": loss}], again=True)
    (group,) = means(store, (), ["seed"]).rows
    assert (group.statistics["last.loss"].mean, group.statistics["last.loss"].count) == (3.0, 1)


def test_two_directories_are_two_rows_of_means(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """The same file in two checkouts is other code: the newer job stood for both, and nobody was told."""
    text = "command: ['true', '${args}']\nbase: {seed: 1}\n"
    for name, loss in (("one", 5.0), ("two", 3.0)):
        ended(store, experiments(text), str(tmp_path / name), lambda _, loss=loss: [{"loss": loss}])
    rows = means(store, (), ["seed"]).rows
    found = {each.shown["cwd"]: each.statistics["last.loss"].mean for each in rows}
    assert found == {str(tmp_path / "one"): 5.0, str(tmp_path / "two"): 3.0}


def test_a_trial_is_ranked_by_the_metric_of_its_sweep(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """Its script need not declare anything."""
    jobs = ended(
        store,
        experiments("command: ['true', '${args}']\ngrid: {x: [1, 2]}\n"),
        str(tmp_path),
        lambda config: [{"acc": config["x"]}],
    )
    with store.change() as change:
        config = json.dumps({"metric": "acc", "goal": "maximize"})
        add_sweep(change, SweepRecord("s", "k", "sweep.yaml", 1, config, 0.0))
        for number, job in enumerate(jobs):
            add_trial(change, "s", number, job.id, job.config)
    assert [each.config["x"] for each in compare(store).rows] == [2, 1]


def test_what_a_script_has_declared_ranks_its_jobs_also_when_their_logs_are_gone(
    store: Store, experiments: Experiments, tmp_path: Path
) -> None:
    """What was logged is kept, so that logs may be deleted: their objective was lost then, and with it the order."""
    head = {"_objective": {"name": "acc", "goal": "maximize"}}
    jobs = ended(
        store,
        experiments("command: ['true']\ngrid: {x: [1, 3, 2]}\n"),
        str(tmp_path),
        lambda config: [head, {"acc": config["x"], "loss": 1.0}],
    )
    for job, attempt in zip(jobs, store.latest_attempts(jobs).values(), strict=True):
        keep_what_is_small(store, job, attempt)
        attempt.metrics.unlink()
    assert [row["best.acc"] for row in comparison.flat_rows(compare(store))] == [3, 2, 1]


def test_a_diverged_value_is_never_the_best_and_never_in_a_mean(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """NaN compares with nothing, and one of them makes every mean NaN."""
    text = "command: ['true', '${args}']\npolicy: {objective: {metric: loss, goal: minimize}}\ngrid: {seed: [1, 2]}\n"
    ended(store, experiments(text), str(tmp_path), lambda config: [{"loss": math.nan if config["seed"] == 1 else 2.0}])
    assert [each.config["seed"] for each in compare(store).rows] == [2, 1]
    assert [each.config["seed"] for each in compare(store, sort=Sort.read("last.loss")).rows] == [2, 1]
    assert means(store, (), ["seed"]).rows[0].statistics["last.loss"].mean == 2.0


def test_a_job_that_is_not_over_is_counted_apart(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """It has not failed, and its value is not its last."""
    first, second = ended(
        store, experiments("command: ['true', '${args}']\ngrid: {seed: [1, 2]}\n"), str(tmp_path), lambda _: [{"loss": 1.0}]
    )
    with store.change() as change:
        change.ask_again(second.id, "once more")
        attempt = change.begin(store.job(second.id), "launcher", "")
        assert attempt
    (group,) = means(store, (), ["seed"]).rows
    assert ([each.job.id for each in group.succeeded], group.failed, group.unfinished) == ([first.id], 0, 1)
    with store.change() as change:
        change.end(attempt, Ending(State.CANCELLED, None), 1.0)


def test_of_no_jobs_there_is_nothing_to_compare_and_no_word_is_wrong(store: Store) -> None:
    """To say that a metric is misspelt, where only nothing has run yet, sends people looking for a mistake."""
    assert not compare(store, ["failed"], columns=["loss"], sort=Sort.read("acc")).rows
    assert not means(store, ["failed"], ["seed"]).rows
    assert curves(store, ["failed"], ["loss"]).of == 0


def test_a_parameter_that_is_called_as_another_column_stands_beside_it(
    store: Store, experiments: Experiments, tmp_path: Path
) -> None:
    """In the objects for programs and in the means one of the two was lost, and a text called `duration` ended the command."""
    text = "command: ['true', '${args_json}']\ngrid: {duration: [long, short], jobs: [7], best: {loss: [5, 6]}, seed: [1, 2]}\n"
    text = text.replace("best: {loss: [5, 6]}", "best.loss: [5, 6]")
    policy = "policy: {objective: {metric: loss, goal: minimize}}\n"
    ended(store, experiments(text + policy), str(tmp_path), lambda config: [{"loss": float(config["seed"])}])
    row = comparison.objects(compare(store))[0]
    assert (row["config.best.loss"], row["best.loss"]) == (5, 1.0)
    assert row["config.duration"] in ("long", "short")
    assert row["duration"] == 60.0
    found = means(store, (), ["seed"])
    told = comparison.table_of_means(found)
    assert {each["config.duration"] for each in told} == {"long", "short"}
    assert {each["jobs"] for each in told} == {"2"}


def test_a_parameter_called_jobs_is_not_taken_for_their_number(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """`workers` is not everybody's word."""
    text = "command: ['true', '${args_json}']\ngrid: {jobs: [7, 9], seed: [1, 2, 3]}\n"
    ended(store, experiments(text), str(tmp_path), lambda config: [{"loss": 1.0}])
    found = means(store, (), ["seed"])
    assert [(each["config.jobs"], each["jobs"]) for each in comparison.table_of_means(found)] == [("7", "3"), ("9", "3")]
    assert [(each["config.jobs"], each["jobs"]) for each in comparison.objects_of_means(found)] == [(7, 3), (9, 3)]


def test_a_mean_of_diverged_values_is_a_number() -> None:
    """Squares of 1e200 are more than a float holds, and the comparison of all jobs ended with them."""
    assert statistics([1e200, 3e200]).mean == pytest.approx(2e200)
    assert statistics([1e200, 3e200]).deviation == pytest.approx(math.sqrt(2) * 1e200)
    assert statistics([1e308, 1e308, 1e308]) == Statistics(1e308, 0.0, 3)
