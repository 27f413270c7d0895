"""Hydra's words for several values on the command line, in lists of experiments and in sweeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.experiments.configurations.overrides import parse
from scheduler.experiments.configurations.sweep_words import Interval, Several
from scheduler.experiments.document.limits import Limits
from scheduler.sweeps.files.either import read_file
from scheduler.sweeps.sweep import read_plan

LIST = "command: [train, '${args}']\nbase: {lr: 0.1, net: {width: 8}}\ngrid: {seed: [1, 2]}\n"
SWEEP = """
program: train.py
method: random
metric: {name: loss}
parameters:
  lr: {value: 0.1}
  optimizer: {values: [adam, sgd]}
  momentum: {value: 0.9, when: {optimizer: sgd}}
"""


@pytest.fixture
def path(tmp_path: Path):
    def written(text: str) -> str:
        (tmp_path / "file.yaml").write_text(text)
        return str(tmp_path / "file.yaml")

    return written


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("choice(a,b)", Several(("a", "b"))),
        ("choice( 1e-3, 2, true, null, 'x,y' )", Several((0.001, 2, True, None, "x,y"))),
        ("choice([1,2],{a:1,b:[c,d]})", Several(([1, 2], {"a": 1, "b": ["c", "d"]}))),
        ("choice('')", Several(("",))),
        ("range(3)", Several((0, 1, 2))),
        ("range(1,10,4)", Several((1, 5, 9))),
        ("range(5,1,-2)", Several((5, 3))),
        ("range(0,0.4,0.1)", Several((0.0, 0.1, 0.2, 0.3))),
        ("range(start=1, stop=4)", Several((1, 2, 3))),
        ("range(4, step=2)", Several((0, 2))),
        ("interval(1e-5,1e-2)", Interval(1e-5, 1e-2)),
        ("interval(start=0, end=1)", Interval(0, 1)),
        ("int(interval(0.5,9.5))", Interval(1, 9, whole=True)),
        ("float(interval(1,9))", Interval(1, 9)),
        ("tag(log, interval(1e-5, 1e-2))", Interval(1e-5, 1e-2, log=True)),
        ("int(tag(log,interval(1,1000)))", Interval(1, 1000, log=True, whole=True)),
        ("tag(log,int(interval(1,1000)))", Interval(1, 1000, log=True, whole=True)),
    ],
)
def test_a_word_of_hydras_stands_for_several_values(text, value) -> None:
    """Whoever knows Hydra's sweepers writes these without looking."""
    (edit,) = parse([f"+a.b={text}"])
    assert (edit.value, edit.path, edit.sign) == (value, ("a", "b"), "+")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"choice(a,b)"', "choice(a,b)"),
        ("'range(3)'", "range(3)"),
        ("tanh(x)", "tanh(x)"),
        ("int(3.7)", "int(3.7)"),
        ("choice(a", "choice(a"),
        ("choice", "choice"),
        ("my choice(a)", "my choice(a)"),
        ("a,b", "a,b"),
        ("[choice(a)]", ["choice(a)"]),
    ],
)
def test_what_is_no_word_or_is_quoted_is_what_it_was(text, value) -> None:
    """No value that a program takes has become impossible to write."""
    assert parse([f"a={text}"])[0].value == value


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("a=choice()", 'the value in "a=choice()": choice has an empty value; write choice(a,b)'),
        ("a=choice(a,,b)", "choice has an empty value"),
        ("a=range()", "a range has a stop, and may have a start and a step, all numbers; write range(10)"),
        ("a=range(a)", "a range has a stop"),
        ("a=range(1,2,0)", "a range has a stop"),
        ("a=range(1,2,3,4)", "a range has a stop"),
        ("a=range(end=3)", "a range has a stop"),
        ("a=range(3,1)", "a range from 3 to 1 by 1 has no value"),
        ("a=range(10000000)", "this range has 10,000,000 values, more than"),
        ("a=interval(1)", "an interval has a start and an end, both numbers; write interval(1e-5, 1e-2)"),
        ("a=interval(1,true)", "an interval has a start and an end"),
        ("a=interval(2,1)", "an interval ends above its start, which is 2"),
        ("a=tag(log,interval(0,1))", "a logarithmic interval begins above 0, not at 0"),
        ("a=tag(log,choice(1,2))", "the only tag that is known here is log, of an interval"),
        ("a=tag(linear,interval(1,2))", "the only tag that is known here is log, of an interval"),
        ("a=int(choice(1,2))", "int(...) is taken of an interval alone"),
        ("a=int(interval(1.2,1.8))", "this interval has not two whole numbers"),
        ("a=glob(*)", "glob(...) of Hydra is not taken here; list the options: choice(a,b); in quotes it is text"),
        ("a=sort(choice(2,1))", "sort(...) of Hydra is not taken here; write the values in their order"),
        ("a=shuffle(range(9))", "shuffle(...) of Hydra is not taken here"),
        ("~a=choice(1,2)", '"~a=choice(1,2)" names several values; write ~a to take the key away'),
    ],
)
def test_a_wrong_word_says_what_and_how_to_write_it(argument, message) -> None:
    """Passed on as a text, it would be found out by the program, or by nobody."""
    with pytest.raises(UserError) as caught:
        parse([argument])
    assert message in str(caught.value)


def test_several_values_are_several_experiments(path) -> None:
    """The last one varies fastest but for the file's own grid, as with Hydra's own sweeper."""
    file = read_file(path(LIST), ["lr=choice(1,2)", "net.width=range(8,10)", "+tag='choice(x)'"])
    found = [experiment.config for experiment in file.experiments()]
    assert [(each["lr"], each["net"]["width"], each["seed"]) for each in found] == [
        (lr, width, seed) for lr in (1, 2) for width in (8, 9) for seed in (1, 2)
    ]
    assert {each["tag"] for each in found} == {"choice(x)"}
    assert file.count() == 8


def test_a_word_takes_the_place_of_the_files_own_values(path) -> None:
    """`seed=choice(3)` asks for no other seed."""
    found = read_file(path(LIST), ["seed=choice(3,4,5)"])
    assert [experiment.config["seed"] for experiment in found.experiments()] == [3, 4, 5]


def test_a_word_chooses_options_of_config_groups(tmp_path: Path) -> None:
    """`net=choice(a,b)` is what Hydra's users write most."""
    (tmp_path / "net").mkdir()
    for name, width in (("small", 8), ("large", 64)):
        (tmp_path / "net" / f"{name}.yaml").write_text(f"width: {width}\n")
    (tmp_path / "file.yaml").write_text("command: [train, '${args}']\ndefaults: [{net: small}]\nbase: {lr: 1}\n")
    found = read_file(str(tmp_path / "file.yaml"), ["net=choice(large,small)"])
    assert [experiment.config["net"]["width"] for experiment in found.experiments()] == [64, 8]


@pytest.mark.parametrize("text", [LIST, SWEEP.replace("random", "grid")])
def test_a_list_has_no_interval(path, text) -> None:
    """Which of its numbers should run?"""
    with pytest.raises(UserError, match="`exp-queue sweep` with a sweep file draws from it; for a list write choice"):
        read_file(path(text), ["lr=interval(0,1)"])


def test_more_combinations_than_experiments_may_be_are_told_before_they_are_made(path) -> None:
    """Two ranges are written in a moment."""
    with pytest.raises(UserError, match="the file asks for 10,000 experiments, more than 500"):
        read_file(path(LIST), ["lr=range(100)", "net.width=range(100)"], limits=Limits(experiments=500))


@pytest.mark.parametrize(
    ("change", "name", "fields"),
    [
        ("lr=interval(1e-5,1e-2)", "uniform", {"min": 1e-5, "max": 1e-2}),
        ("lr=tag(log, interval(1e-5,1e-2))", "log_uniform_values", {"min": 1e-5, "max": 1e-2}),
        ("lr=int(interval(1,8))", "int_uniform", {"min": 1, "max": 8}),
        ("lr=int(tag(log,interval(1,800)))", "q_log_uniform_values", {"min": 1, "max": 800, "q": 1}),
        ("lr=choice(a,b)", "categorical", {"values": ["a", "b"]}),
        ("lr=range(1,4)", "categorical", {"values": [1, 2, 3]}),
        ("+dropout=interval(0,0.5)", "uniform", {"min": 0, "max": 0.5}),
    ],
)
def test_a_sweep_takes_a_word_for_a_distribution(path, change, name, fields) -> None:
    """A search without a word in its file, from the command line."""
    wanted = change.partition("=")[0].strip("+")
    (found,) = [each for each in read_plan(path(SWEEP), [change]).parameters if each.name == wanted]
    assert (found.distribution.name, found.distribution.fields) == (name, fields)


def test_a_word_keeps_the_condition_of_its_parameter(path) -> None:
    """Momentum goes on to be sgd's."""
    (momentum, *_) = [each for each in read_plan(path(SWEEP), ["momentum=interval(0,1)"]).parameters if each.name == "momentum"]
    assert momentum.distribution.name == "uniform"
    assert len(momentum.when) == 1
    assert [each.name for each in read_plan(path(SWEEP), ["optimizer=choice(adam,lion)"]).parameters] == ["lr", "optimizer"]


def test_what_lies_inside_the_values_of_a_parameter_cannot_vary(path) -> None:
    """It would be a value of a value."""
    with pytest.raises(UserError, match="varies what lies inside the values of a parameter"):
        read_plan(path(SWEEP.replace("{value: 0.1}", "{value: {a: 1}}")), ["lr.a=choice(1,2)"])


def test_a_grid_list_of_a_sweep_file_takes_words(path) -> None:
    """`run` and `sweep` read the same command line."""
    found = read_file(path(SWEEP.replace("random", "grid")), ["lr=range(2)"])
    assert [experiment.config["lr"] for experiment in found.experiments() if experiment.config["optimizer"] == "sgd"] == [0, 1]
