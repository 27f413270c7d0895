"""The order of the result table and what tells its rows apart."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from scheduler.actions.results import Line, Sort, best_first, outcome, unlogged
from scheduler.experiments import Policy, Ranking, differences
from scheduler.experiments.configurations.configurations import flat
from scheduler.home import Home
from scheduler.queue.job import Pause
from scheduler.queue.states import State
from scheduler.report.jobs import layout, metric_columns, objects, table
from scheduler.report.labels import Labels, telling
from scheduler.report.submission import farewell
from scheduler.tracking.metric_log import Objective, Outcome
from tests.queued import job

PLAIN = job(0, argv=(), state=State.DONE)
ACCURACY, ERROR = Objective("accuracy", "maximize"), Objective("cer", "minimize")


def line(name: str, value: float | None, objective: Objective | None = ACCURACY, state: State = State.DONE) -> Line:
    last = {} if value is None or objective is None else {objective.name: value}
    return Line(replace(PLAIN, id=name, state=state), None, Outcome(last, objective))


def order(*lines: Line) -> str:
    return "".join(each.job.id for each in best_first(lines))


def test_the_best_stands_first_whatever_best_means() -> None:
    """Accuracy wants to be large, an error rate small."""
    assert order(line("a", 0.1), line("b", 0.9), line("c", 0.5)) == "bca"
    assert order(line("a", 0.1, ERROR), line("b", 0.9, ERROR), line("c", 0.5, ERROR)) == "acb"


def test_a_diverged_or_missing_value_is_never_best() -> None:
    """NaN compares with nothing; it must not float to the top."""
    assert order(line("a", math.nan), line("b", None), line("c", 0.1)) == "cab"
    assert order(line("a", math.nan, ERROR), line("c", 0.1, ERROR)) == "ca"
    assert order(line("a", -math.inf, ERROR), line("c", 0.1, ERROR)) == "ca"
    assert order(line("a", 10**400), line("c", 0.1)) == "ca"  # no float can be so large


def test_what_did_not_succeed_stands_below_whatever_its_metric() -> None:
    """A crashed run may have logged a fine value before."""
    assert order(line("a", 0.99, state=State.FAILED), line("b", 0.1)) == "ba"


def test_what_was_skipped_is_not_promised_to_run_by_the_same_command(tmp_path: Path) -> None:
    """What it comes after has to succeed first, and this command does not run that."""

    def again(*states: State) -> str:
        said = farewell(
            [line(name, None, state=state) for name, state in zip("ab", states, strict=True)],
            Home(tmp_path),
            (),
            interrupted=False,
            by_file=True,
        )
        return next((text for text in said if text.startswith("again: ")), "")

    assert again(State.SKIPPED, State.SKIPPED) == (
        "again: once what they come after has succeeded; `exp-queue explain a` names it"
    )
    assert again(State.SKIPPED, State.FAILED) == "again: the same command repeats only what did not succeed"
    assert again(State.DONE, State.STOPPED_EARLY) == ""


def test_different_objectives_are_not_mixed() -> None:
    """An accuracy and an error rate cannot be compared; each group has its own best."""
    assert order(line("a", 0.2, ERROR), line("b", 0.9), line("c", 0.1, ERROR), line("d", 0.95)) == "cadb"


def test_whoever_asks_for_an_order_gets_it_whatever_was_declared() -> None:
    """A missing value is last, NaN too; without a goal the declared one counts, else small is better."""
    lines = [line("a", 0.2), line("b", math.nan), line("c", 0.3), line("d", None)]
    assert [each.job.id for each in best_first(lines, Sort.read("accuracy"))] == ["c", "a", "b", "d"]
    assert [each.job.id for each in best_first(lines, Sort.read("accuracy:min"))] == ["a", "c", "b", "d"]
    plain = [Line(replace(PLAIN, id=name), None, Outcome({"val:loss": value})) for name, value in (("a", 2), ("b", 1))]
    assert [each.job.id for each in best_first(plain, Sort.read("val:loss"))] == ["b", "a"]
    assert [each.job.id for each in best_first(plain, Sort.read("val:loss:max"))] == ["a", "b"]
    assert unlogged(best_first(plain, Sort.read("loss"))) == 'no job here has a number for "loss": they log val:loss'
    assert unlogged(best_first(plain, Sort.read("val:loss"))) == unlogged([]) == ""


def test_the_objective_of_a_policy_is_before_that_of_the_script() -> None:
    """The file is written by whoever wants to know; also of a job that has not run, so that all rows are ranked alike."""
    job = replace(PLAIN, policy=Policy(objective=Ranking("cer", "minimize")))
    assert outcome(None, job.policy).objective == ERROR


def test_without_objectives_the_order_of_the_file_stays() -> None:
    """We do not guess which metric matters."""
    assert order(line("b", 1.0, None), line("a", 2.0, None)) == "ba"


def test_labels_show_only_what_differs() -> None:
    """Sixty shared parameters say nothing."""
    jobs = [replace(PLAIN, id=n, arguments=a) for n, a in [("a", '{"x": 1, "y": {"z": 2}}'), ("b", '{"x": 1, "y": {"z": 3}}')]]
    assert Labels(jobs) == {"a": "z=2", "b": "z=3"}
    assert Labels(jobs[:1]) == {"a": "x=1 z=2"}


def test_a_key_that_another_decides_is_left_out() -> None:
    """Where the network decides model and data set, three columns of the same news hide the one that matters."""
    configs = [
        {"data": "characters", "model": "c", "network": "mlp"},
        {"data": "characters", "model": "c", "network": "lenet"},
        {"data": "lines", "model": "l", "network": "lstm", "args": {"hidden": 64}},
        {"data": "lines", "model": "l", "network": "lstm", "args": {"hidden": 128}},
    ]
    assert telling([flat(each) for each in configs], differences(configs)) == ["network", "args.hidden"]
    grid = [{"lr": lr, "layers": layers} for lr in (1, 2) for layers in (1, 2)]
    assert telling(grid, differences(grid)) == ["lr", "layers"]
    assert telling([{"x": 1}, {"x": 1}], []) == []


def test_metric_columns_begin_with_the_objectives_and_the_others_stay() -> None:
    """The table answers the question that the experiments asked; one job that declares it takes nothing from the rest."""
    both = [line("a", 1.0), Line(PLAIN, None, Outcome({"loss": 1.0, "accuracy": 2.0, "lr": 3.0}))]
    assert metric_columns(both[::-1]) == ["accuracy", "loss", "lr"]
    assert metric_columns([line("a", 1.0), line("b", 1.0, ERROR)]) == ["accuracy", "cer"]
    assert metric_columns([Line(PLAIN, None, Outcome({"loss": 1.0, "lr": 2.0}))]) == ["loss", "lr"]


def test_a_job_that_is_paused_is_shown_as_paused() -> None:
    """Its state is running, and nothing of it runs."""
    running = replace(line("a", None, state=State.RUNNING), pause=Pause(since=1.0))
    (row,) = objects([running])
    assert (table([running])[0]["state"], row["paused"], row["state"]) == ("paused", 1.0, "running")
    assert table([line("a", None, state=State.RUNNING)])[0]["state"] == "running"


def test_a_metric_that_is_called_as_a_column_has_a_column_of_its_own() -> None:
    """A script that logs its `time` and its `state` had them taken for those of the job."""
    last = {"time": 3.5, "state": 1.0, "loss": 0.25}
    found = Line(job(1), None, Outcome(last, Objective("time", "minimize"), 1))
    (row,) = table([found])
    assert (row["state"], row["time"]) == ("queued", "")
    assert (row["last.time"], row["last.state"], row["loss"]) == ("3.5", "1", "0.25")
    assert set(layout([found], Labels([found.job])).bounds) <= set(row), "and gives way under the same name"
