"""Parameters that apply only beside certain values of others: read, enumerated, drawn, changed and remembered."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.sweeps.files.either import read_file
from scheduler.sweeps.recalled import plan_from
from scheduler.sweeps.search.grid import GridSearch, same_point
from scheduler.sweeps.search.random_points import RandomSearch
from scheduler.sweeps.space.conditions import masked
from scheduler.sweeps.space.distributions import grid_values
from scheduler.sweeps.space.points import named, placed
from scheduler.sweeps.sweep import read_plan

FILE = """
program: train.py
method: {method}
metric: {{name: loss}}
parameters:
  momentum: {{values: [0.5, 0.9], when: {{optimizer: [sgd, rmsprop]}}}}
  nesterov: {{values: [true, false], when: {{optimizer: sgd, momentum: 0.9}}}}
  optimizer: {{values: [adam, sgd, rmsprop]}}
  net:
    parameters:
      layers: {{min: 1, max: 3}}
      second: {{values: [16, 32], when: {{layers: {{min: 2}}}}}}
  warmup:
    when: {{net.layers: {{min: 2, max: 2}}}}
    parameters:
      steps: {{values: [10, 20]}}
      lr: {{value: 0.1, when: {{steps: 20}}}}
"""


@pytest.fixture
def path(tmp_path: Path):
    def written(text: str = FILE, method: str = "grid") -> str:
        (tmp_path / "sweep.yaml").write_text(text.format(method=method))
        return str(tmp_path / "sweep.yaml")

    return written


def test_a_grid_has_every_real_combination_once(path) -> None:
    """Without conditions half of it would be the same experiment under other names; W&B's own grid runs them all."""
    parameters = read_plan(path()).parameters
    search = GridSearch(parameters)
    points = [search.ask(number) for number in range(search.total)]
    assert search.ask(search.total) is None
    combinations = product(*(grid_values(each.distribution) for each in parameters))
    assert sorted(map(same_point, points)) == sorted({same_point(masked(parameters, each)) for each in combinations})
    assert len({same_point(point) for point in points}) == len(points) == 42


def test_the_list_of_a_grid_is_its_search(path) -> None:
    """`prepare` and `run` must not make of a file what `sweep` does not."""
    plan = read_plan(path())
    search = GridSearch(plan.parameters)
    listed = [experiment.config for experiment in read_file(path()).experiments()]
    assert listed == [plan.nested(search.ask(number)) for number in range(search.total)]
    assert {"net": {"layers": 1}, "optimizer": "adam"} in listed


def test_what_does_not_apply_is_not_drawn_and_not_passed(path) -> None:
    """A program that gets --momentum beside adam may stop there."""
    plan = read_plan(path(method="random"))
    search = RandomSearch(plan.parameters, 1)
    seen = set()
    for number in range(400):
        values = search.ask(number)
        point = plan.point(values)
        assert ("momentum" in point) == (point["optimizer"] != "adam")
        assert ("nesterov" in point) == (point["optimizer"] == "sgd" and point["momentum"] == 0.9)
        assert ("warmup.lr" in point) == (point.get("warmup.steps") == 20)
        assert ("--momentum" in " ".join(plan.experiment(values).argv)) == ("momentum" in point)
        assert placed(plan.parameters, json.loads(json.dumps(point))).outside == ()
        seen.add(frozenset(point))
    assert len(seen) == 12


@pytest.mark.parametrize(
    ("point", "outside"),
    [
        ({"optimizer": "adam", "net.layers": 1}, ()),
        ({"optimizer": "adam", "net.layers": 1, "momentum": 0.9}, ("momentum",)),
        ({"optimizer": "rmsprop", "net.layers": 1}, ("momentum",)),
        ({"optimizer": "adam", "net.layers": 3, "net.second": 16, "warmup.steps": 10}, ("warmup.steps",)),
    ],
)
def test_a_point_with_more_or_less_than_applies_lies_outside(path, point, outside) -> None:
    """It was asked before the condition was written."""
    assert placed(read_plan(path()).parameters, point).outside == outside


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        (["optimizer=adam"], {"net.layers", "net.second", "optimizer", "warmup.lr", "warmup.steps"}),
        (["optimizer=sgd", "momentum=0.5", "net.layers=1"], {"momentum", "net.layers", "optimizer"}),
        (["~optimizer", "~warmup"], {"net.layers", "net.second"}),
    ],
)
def test_a_change_of_the_command_line_takes_with_it_what_depends_on_it(path, changes, left) -> None:
    """Whoever fixes the optimizer need not know what belongs to the others."""
    assert {each.name for each in read_plan(path(), changes).parameters} == left


def test_a_fixed_parameter_applies_where_it_did(path) -> None:
    """`momentum=0.7` says which momentum, not that adam has one."""
    plan = read_plan(path(method="random"), ["momentum=0.7"])
    search = RandomSearch(plan.parameters, 1)
    points = [named(plan.parameters, search.ask(number)) for number in range(50)]
    assert {(point["optimizer"] == "adam", point.get("momentum")) for point in points} == {(True, None), (False, 0.7)}
    (momentum,) = [each for each in read_plan(path(), ["optimizer=sgd"]).parameters if each.name == "momentum"]
    assert momentum.when == ()


def test_a_change_of_what_never_applies_is_an_error(path) -> None:
    """It would be dropped without a word."""
    with pytest.raises(UserError, match='"momentum" does only where optimizer is sgd or rmsprop'):
        read_plan(path(), ["optimizer=adam", "momentum=0.3"])


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{optimizer: sdg}", r'sweep.yaml:6:\d+: "optimizer" never is sdg; did you mean "sgd"'),
        ("{optimiser: sgd}", '"momentum" depends on "optimiser", which is no parameter here; did you mean "optimizer"'),
        ("{nesterov: true}", '"momentum" applies only if it applies itself'),
        ("{momentum: 0.5}", '"momentum" applies only if it applies itself'),
        ("{net.layers: 4}", '"net.layers" never is 4'),
        ("{net.layers: {min: 4}}", '"net.layers" never is in this range'),
        ("{net.layers: {least: 2}}", 'expected a value, a list of values, or "min" and "max"'),
        ("{net.layers: {min: two}}", "expected a number"),
        ("{optimizer: []}", "expected one value or a list of some"),
        ("{rate: 0.5}", '"rate" is drawn from a range without steps, where no single value ever comes up; give min or max'),
        ("sgd", "expected"),
        ("{}", "expected the values of other parameters"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_told_at_its_place(path, written, message) -> None:
    """A parameter that silently never applies is searched for nothing."""
    text = FILE.replace("{{optimizer: [sgd, rmsprop]}}", written.replace("{", "{{").replace("}", "}}"))
    with pytest.raises(UserError) as caught:
        read_plan(path(text + "  rate: {{min: 0.0, max: 1.0}}\n", "random"))
    assert re.search(message, str(caught.value)), str(caught.value)


def test_a_range_decides_as_well(path) -> None:
    """A number drawn from a range may be what others depend on."""
    text = (
        "program: t.py\nmethod: random\nparameters:\n  a: {{min: 0.0, max: 1.0}}\n  b: {{value: 1, when: {{a: {{max: 0.25}}}}}}\n"
    )
    parameters = read_plan(path(text)).parameters
    points = [named(parameters, RandomSearch(parameters, 1).ask(number)) for number in range(100)]
    assert all(("b" in point) == (point["a"] <= 0.25) for point in points)
    assert 10 < sum("b" in point for point in points) < 40


def test_conditions_are_remembered(path) -> None:
    """`exp-queue trials` reads no file: without them every trial would lie outside."""
    plan = read_plan(path())
    kept = json.loads(plan.remembered("/", "wandb"))
    assert plan_from("sweep.yaml", kept, ()).parameters == plan.parameters


def test_names_are_looked_up_from_the_inside_out(path) -> None:
    """`layers` beside a parameter is nearer than one further out."""
    text = """
program: t.py
method: grid
parameters:
  kind: {{values: [a, b]}}
  g:
    parameters:
      kind: {{values: [c, d]}}
      own: {{value: 1, when: {{kind: c}}}}
      other: {{value: 1, when: {{g.kind: d}}}}
  outer: {{value: 1, when: {{kind: a}}}}
"""
    found = {each.name: each.when[0].path for each in read_plan(path(text)).parameters if each.when}
    assert found == {"g.own": ("g", "kind"), "g.other": ("g", "kind"), "outer": ("kind",)}
