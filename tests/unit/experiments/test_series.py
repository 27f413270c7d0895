"""Experiments that are made by filling in forms: they are those that are made one by one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scheduler.errors import UserError
from scheduler.experiments import Experiment, read
from scheduler.experiments.command.command import Launch, OwnDirectory, Slot, Text
from scheduler.experiments.command.value import Value
from scheduler.experiments.configurations.configurations import Axis, combinations
from scheduler.experiments.series import FEW, series

NAMES = ("a", "B", "n", "z.z", "ü", "experiment")
texts = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=4)
plain = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(plain, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2), max_leaves=4)
PLACES = ("args_json", "args", "args_no_equals", "args_no_hyphens", "args_no_boolean_flags", "args_append_hydra")


@st.composite
def configs(draw: st.DrawFn) -> dict:
    inner = st.dictionaries(st.sampled_from(NAMES), values, max_size=3)
    return {**draw(inner), **{name: draw(inner) for name in draw(st.sets(st.sampled_from(NAMES), max_size=2))}}


@st.composite
def grids(draw: st.DrawFn) -> tuple[dict, tuple[Axis, ...]]:
    """A configuration, and axes of which none lies inside another."""
    config = draw(configs())
    heads = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    paths = [
        path for head in heads for path in draw(st.sampled_from([[(head,)], [(head, "in")], [(head, "x"), (head, "y", "in")]]))
    ]
    for path in paths:
        if len(path) > 1 and not isinstance(config.get(path[0], {}), dict):
            del config[path[0]]
        inner = config.get(path[0])
        if len(path) > 2 and isinstance(inner, dict) and not isinstance(inner.get(path[1], {}), dict):
            del inner[path[1]]
    axes = []
    while paths:
        count, beside = draw(st.integers(1, 2)), draw(st.integers(0, min(2, len(paths) - 1)))
        lanes = [Axis(paths.pop(0), tuple(draw(st.lists(values, min_size=count, max_size=count)))) for _ in range(beside + 1)]
        axes.append(replace(lanes[0], beside=tuple(lanes[1:])))
    return config, tuple(axes)


GROUPS = (("a", ""), ("n.in", "+"))
# Most have one place for arguments; others several, or none, or something odd.
LAUNCHES: tuple[Launch, ...] = (
    *(("python", Slot(name, groups=GROUPS), "end") for name in PLACES),
    ("python", "t.py", Slot("args_json")),
    ("python", Slot("args_json"), "and", Slot("args_json")),
    (Slot("args_json"), Slot("args_json"), Slot("args")),
    (Slot("args"), Slot("args_no_equals")),
    (Slot("args_json_file", folder="/files"),),
    ("python", Text(("x=", Value("a")))),
    ("sh", "-c", Text((Slot("args"),), quoted=True)),
    (Slot("args_override_hydra"), OwnDirectory("hydra.run.dir", "d=x_")),
    ("true",),
    (),
)
likes = [
    Experiment(("python", "${args}"), "", group, launch=launch, passes_group=passes)
    for launch in LAUNCHES
    for group, passes in ((None, True), ("g", True), ("g", False))
]


def argv_of(experiment: Experiment, *, as_json: bool = False) -> object:
    """Its command line, or what is wrong with it."""
    try:
        return experiment.argv_as_json if as_json else experiment.argv
    except UserError as error:
        return str(error)


def id_of(experiment: Experiment) -> str:
    """As it has always been made: from what its arguments say."""
    config = json.loads(experiment.arguments)
    if experiment.group is not None:
        config["experiment_group"] = experiment.group
    text = json.dumps([list(experiment.command), config], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@example(({"b": False}, (Axis(("a",), (False, True, 0)),)))
@settings(max_examples=40)
@given(grids())
def test_a_series_is_what_its_experiments_are_one_by_one(grid):
    """An id that changes in one byte runs everything again that is done, and a wrong command line trains something else."""
    config, axes = grid
    arguments = [json.dumps(each) for each in combinations(config, axes)]
    for like in likes:
        plain = [replace(like, arguments=each) for each in arguments]
        found = list(series(config, axes, like))
        assert found == plain
        assert [argv_of(each) for each in found] == [argv_of(each) for each in plain]
        assert [argv_of(each, as_json=True) for each in found] == [argv_of(each, as_json=True) for each in plain]
        if like.launch in LAUNCHES[:1]:  # the id knows nothing of the others
            assert [each.id for each in found] == [id_of(each) for each in plain]


def test_an_id_is_made_when_it_is_asked_for():
    """`prepare` of a million lines asks for none, and a digest of each took a fifth of its time."""
    like = Experiment(("python", "${args}"), "", launch=("python", Slot("args")))
    (found,) = series({}, (Axis(("a",), (1,)),), like)
    assert found.argv == ("python", "--a=1")
    assert "id" not in vars(found)
    assert found.id == id_of(found)


def test_a_copy_with_other_arguments_is_another_experiment():
    """What is known of an experiment ahead must not go over into its copies."""
    like = Experiment(("python", "${args}"), "", launch=("python", Slot("args")))
    (first,) = series({}, (Axis(("a",), (1,)),), like)
    copy = replace(first, arguments='{"a": 2}')
    assert (copy.id, copy.argv) == (id_of(copy), ("python", "--a=2"))
    assert copy.argv_as_json == '["python", "--a=2"]'


@pytest.mark.parametrize(
    ("extra", "more", "extended"),
    [("", 0, 0), ("exclude: [{a: 3}]\n", -1, 0), ("include: [{a: 3, b: 1}]\n", 0, 1), ("include: [{a: -1, b: 1}]\n", 1, 1)],
)
def test_a_long_grid_of_a_file_has_the_ids_of_its_single_experiments(tmp_path, extra, more, extended):
    """Whether a file is long enough for a series is nothing that an experiment could know."""
    path = tmp_path / "experiments.yaml"
    path.write_text(f"experiment_group: g\ncommand: [python, t.py, '${{args}}']\ngrid: {{a: {list(range(FEW + 5))}}}\n{extra}")
    long = list(read(str(path)).experiments())
    assert (len(long), sum('"b"' in each.arguments for each in long)) == (FEW + 5 + more, extended)
    path.write_text(f"experiment_group: g\ncommand: [python, t.py, '${{args}}']\ngrid: {{a: [{FEW}]}}\n{extra}")
    one = next(read(str(path)).experiments())
    assert [each for each in long if each.id == one.id] == [one]
    assert [each.argv for each in long if each == one] == [one.argv]
    assert [each.id for each in long] == [id_of(each) for each in long]
