"""What the views draw, of a real store."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.actions.compared import compared
from scheduler.actions.curves import curves as terminal
from scheduler.actions.export import chosen, texts
from scheduler.actions.logged import logged
from scheduler.queue.job import Ending
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.tracking.logged import Gathering
from scheduler.tracking.readers.rows import Row
from scheduler.web.documents import curves, runs, system, timeline
from scheduler.web.documents.whole import LEAST, whole
from tests.contract.actions.ended import ended

GRID = """
command: [python, train.py, "${args_json}"]
policy: {objective: {metric: val_loss, goal: minimize}}
grid: {lr: [0.1, 0.2]}
"""


def course(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"_step": 10 * step, "_time": 100.0 + step, "val_loss": config["lr"] / (step + 1), "acc": math.nan if step == 1 else 0.5}
        for step in range(5)
    ]


@pytest.fixture
def filled(store: Store, experiments, tmp_path: Path) -> Store:
    ended(store, experiments(GRID), str(tmp_path), course)
    return store


def test_the_list_of_runs_has_the_best_first_and_is_plain_json(filled: Store) -> None:
    """A page that cannot parse its list shows nothing at all."""
    found = runs.document(filled, compared(filled, filled.jobs()))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert [(run["config"]["lr"], run["best"], run["state"]) for run in found["runs"]] == [
        (0.1, 0.02, "done"),
        (0.2, 0.04, "done"),
    ]
    assert found["metrics"] == ["val_loss", "acc"]
    assert found["goals"] == {"val_loss": "minimize", "acc": "maximize"}
    assert found["guessed"] == ["acc"]
    assert found["runs"][0]["low"] == {"val_loss": 0.02, "acc": 0.5}


def test_a_value_that_is_no_number_has_a_name(store: Store, experiments, tmp_path: Path) -> None:
    """A loss that is NaN in the end is what people look for."""
    rows = [{"_step": 0, "val_loss": 1.0}, {"_step": 1, "val_loss": math.nan}]
    ended(store, experiments(GRID), str(tmp_path), lambda config: rows)
    found = runs.document(store, compared(store, store.jobs()))
    assert [run["last"]["val_loss"] for run in found["runs"]] == ["NaN", "NaN"]
    assert found["runs"][0]["high"]["val_loss"] == 1.0


def test_jobs_that_have_not_begun_are_runs_too(store: Store, experiments, tmp_path: Path) -> None:
    """Who sends a report of what still waits does not lose it."""
    submit(store, experiments(GRID), str(tmp_path))
    found = whole(store, compared(store, store.jobs()), "waiting")
    assert [(run["state"], run["attempt"], run["last"]) for run in found["runs"]["runs"]] == [("queued", 0, {})] * 2
    assert (found["curves"], found["clocks"]) == ({}, {})
    assert [(wait["to"], wait["why"]) for wait in found["timeline"]["waits"]] == [(None, "")] * 2


def test_a_curve_has_its_steps_its_values_and_a_clock(filled: Store) -> None:
    """These are what is drawn."""
    (first, _) = filled.jobs()
    attempt = filled.latest_attempts([first])[first.id]
    found = curves.document([(first.id, logged(filled, first, attempt))])
    assert found["curves"]["val_loss"] == {
        first.id: {"at": {"from": 0, "by": 10, "count": 5}, "last": [0.1, 0.05, 0.033333, 0.025, 0.02], "odd": 0}
    }
    assert found["curves"]["acc"][first.id]["at"] == [0, 20, 30, 40]
    assert found["curves"]["acc"][first.id]["odd"] == 1
    assert found["clocks"][first.id] == {
        "begin": 100.0,
        "at": {"from": 0, "by": 10, "count": 5},
        "seconds": [0.0, 1.0, 2.0, 3.0, 4.0],
    }


def test_a_curve_of_fewer_points_keeps_its_extremes(store: Store, experiments, tmp_path: Path) -> None:
    """A spike is why somebody looks; it must not fall between two points."""
    rows = [{"_step": step, "_time": 100.0 + step, "val_loss": 99.0 if step == 33 else 1.0} for step in range(100)]
    ended(store, experiments(GRID), str(tmp_path), lambda config: rows)
    job = store.jobs()[0]
    found = curves.document([(job.id, logged(store, job, store.latest_attempts([job])[job.id]))], points=10)
    curve = found["curves"]["val_loss"][job.id]
    assert curve["at"] == {"from": 0, "by": 10, "count": 10}
    assert max(curve["high"]) == 99.0
    assert set(curve["last"]) == {1.0}


def test_a_report_of_much_has_fewer_points_of_each(store: Store, experiments, tmp_path: Path) -> None:
    """A file that is too large is not sent."""
    rows = [{"_step": step, **{f"loss{number}": step * 1.0 for number in range(100)}} for step in range(100)]
    ended(store, experiments(GRID), str(tmp_path), lambda config: rows)
    found = whole(store, compared(store, store.jobs()), "much")
    lengths = {len(curve["last"]) for of_metric in found["curves"].values() for curve in of_metric.values()}
    assert max(lengths) <= LEAST


def test_every_attempt_has_its_place_and_its_time(filled: Store) -> None:
    """Also those before the latest, and what failed."""
    (first, _) = filled.jobs()
    with filled.change() as change:
        change.ask_again(first.id, "asked for again")
        again = change.begin(first, "launcher", "0,1")
        assert again
        change.end(again, Ending(State.FAILED, 1, "exit status 1"), 2.0)
    found = timeline.document(filled, filled.jobs())
    mine = [each for each in found["attempts"] if each["run"] == first.id]
    assert [(each["number"], each["state"], each["reason"]) for each in mine] == [(1, "done", ""), (2, "failed", "exit status 1")]
    assert mine[1]["lanes"] == ["GPU 0", "GPU 1"]
    waits = [each for each in found["waits"] if each["run"] == first.id]
    assert [each["why"] for each in waits] == ["", "asked for again"]
    assert [each["to"] for each in waits] == [pytest.approx(each["started"], abs=1.0) for each in mine]


def test_what_is_held_says_so_until_it_goes_on(store: Store, experiments, tmp_path: Path) -> None:
    """The answer to why it took so long."""
    submit(store, experiments(GRID), str(tmp_path))
    (first, second) = store.jobs()
    with store.change() as change:
        change.move(first.id, State.HELD, "held")
    found = timeline.waits(store, [first, second])
    assert [(each["why"], each["to"] is None) for each in found if each["run"] == first.id] == [("", False), ("held", True)]
    assert [(each["why"], each["to"] is None) for each in found if each["run"] == second.id] == [("", True)]


def test_what_was_used_is_drawn_by_the_time_since_the_begin(filled: Store) -> None:
    """Two runs can be laid over one another."""
    each = compared(filled, filled.jobs())[0]
    assert system.document(filled, each) == {}
    assert each.attempt
    begun = each.attempt.started
    lines = [json.dumps({"_time": begun + 5 * number, "cpu.use": 0.5 * number}) for number in (1, 2, 3)]
    each.attempt.system.write_text("\n".join(lines) + "\n")
    assert system.document(filled, each) == {
        "cpu.use": {"at": {"from": 5, "by": 5, "count": 3}, "last": [0.5, 1.0, 1.5], "odd": 0}
    }


@pytest.mark.parametrize("second", [range(50, 150), range(60)])
def test_steps_that_go_back_are_one_curve_for_the_page_the_terminal_and_the_export(
    store: Store, experiments, tmp_path: Path, second: range
) -> None:
    """A training that goes on from its checkpoint repeats steps, and one that is begun again all of them: whoever looks,
    wherever, sees what counts in the end."""
    rows = [{"_step": step, "_time": 100.0 + number, "val_loss": number} for number, step in enumerate([*range(100), *second])]
    ended(store, experiments(GRID), str(tmp_path), lambda config: rows)
    job = store.jobs()[0]
    found = curves.document([(job.id, logged(store, job, store.latest_attempts([job])[job.id]))])
    drawn, clock = found["curves"]["val_loss"][job.id], found["clocks"][job.id]
    wanted = [(step, step if step < second[0] else 100 + step - second[0]) for step in range(second[-1] + 1)]
    assert (drawn["at"], drawn["last"]) == (curves.steps([step for step, _ in wanted]), [value for _, value in wanted])
    assert clock["seconds"] == sorted(clock["seconds"])
    (line,) = terminal(store, [job.id]).curves
    assert [(spot.x, spot.value) for spot in line.spots] == wanted
    exported = [json.loads(line) for line in texts(store, chosen(store, [job.id]), "jsonl", curves=True)]
    assert [(row["step"], row["value"]) for row in exported] == wanted


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), min_size=1, max_size=80))
def test_the_steps_that_are_sent_never_go_back_and_those_of_a_clock_go_on(rows: list[tuple[int, int]]) -> None:
    """A page looks for the time of a step between two that are not the same."""
    gathering = Gathering()
    gathering.take(Row(step, {f"m{name}": 1.0}, 100.0 + at) for at, (step, name) in enumerate(rows))
    found = curves.document([("a", gathering.logged("metric log"))], points=16)
    for each in [*found["curves"].values()]:
        at = spread(each["a"]["at"])
        assert at == sorted(at)
    clock = spread(found["clocks"]["a"]["at"])
    assert clock == sorted(set(clock))
    assert found["clocks"]["a"]["seconds"] == sorted(found["clocks"]["a"]["seconds"])


def spread(steps: Any) -> list[float]:
    """As `series.js` reads them."""
    return steps if isinstance(steps, list) else [steps["from"] + steps["by"] * each for each in range(steps["count"])]
