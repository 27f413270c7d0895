"""`zip`, `include` and `exclude`: which combinations there are, and in which order."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.experiments import read
from scheduler.experiments.configurations.configurations import Axis, combinations, same
from scheduler.experiments.grid.matrix import Block


@pytest.fixture
def configs(tmp_path):
    """The configurations of a YAML text, as JSON text, so that the order of keys counts."""

    def reader(text, *overrides):
        path = tmp_path / "experiments.yaml"
        path.write_text(text)
        found = read(str(path), overrides)
        listed = list(found.experiments())
        assert len(listed) == found.count() <= found.at_most()
        return [experiment.arguments for experiment in listed]

    return reader


def lines(*configs: dict) -> list[str]:
    return [json.dumps(config) for config in configs]


def test_the_values_of_a_zip_go_together(configs):
    """A learning rate that belongs to its batch size is varied with it."""
    found = configs("zip: {lr: [1, 2, 3], t.batch: [8, 16, 32]}")
    assert found == lines({"lr": 1, "t": {"batch": 8}}, {"lr": 2, "t": {"batch": 16}}, {"lr": 3, "t": {"batch": 32}})


def test_grid_and_zip_multiply_in_the_order_of_the_file(configs):
    """What stands last varies fastest, whichever of the two it is."""
    assert configs("grid: {s: [1, 2]}\nzip: {a: [1, 2], b: [3, 4]}") == lines(
        *({"s": s, "a": a, "b": b} for s in (1, 2) for a, b in ((1, 3), (2, 4)))
    )
    assert configs("zip: {a: [1, 2], b: [3, 4]}\ngrid: {s: [1, 2]}") == lines(
        *({"a": a, "b": b, "s": s} for a, b in ((1, 3), (2, 4)) for s in (1, 2))
    )


def test_several_zips_multiply(configs):
    """Each item of the list is an axis of its own."""
    assert len(configs("zip: [{a: [1, 2], b: [3, 4]}, {c: [1, 2, 3], d: [4, 5, 6]}]")) == 6


def test_an_override_of_one_key_leaves_its_companions_varying(configs):
    """`lr=9` says nothing about the batch size."""
    assert configs("zip: {lr: [1, 2], b: [8, 16]}", "lr=9") == lines({"b": 8, "lr": 9}, {"b": 16, "lr": 9})
    assert configs("zip: {lr: [1, 2], b: [8, 16]}", "lr=9", "b=4") == lines({"b": 4, "lr": 9})
    assert configs("zip: {lr: [1, 2], b: [8, 16]}", "~lr") == lines({"b": 8}, {"b": 16})


def test_an_entrys_axis_takes_the_files_key_out_of_its_zip(configs):
    """The nearer statement wins, for one key as for an axis."""
    found = configs("zip: {lr: [1, 2], b: [8, 16]}\nexperiments: [{grid: {lr: [5]}}]")
    assert found == lines({"b": 8, "lr": 5}, {"b": 16, "lr": 5})


def test_what_is_excluded_is_left_out_and_the_order_stays(configs):
    """All keys of one mapping must hold; of several mappings, any."""
    found = configs("grid: {net: [a, b], batch: [1, 2, 3]}\nexclude: [{net: b, batch: 3}, {batch: 1}]")
    assert found == lines({"net": "a", "batch": 2}, {"net": "a", "batch": 3}, {"net": "b", "batch": 2})


def test_exclude_sees_the_base_nested_keys_and_overrides(configs):
    """It speaks of experiments as they would run, not of the grid alone."""
    text = "base: {t: {e: 1, k: 2}}\ngrid: {s: [1, 2]}\nexclude: [{t: {e: 1}, s: 1}]"
    assert configs(text) == lines({"t": {"e": 1, "k": 2}, "s": 2})
    assert configs(text, "t.e=5") == lines({"t": {"e": 5, "k": 2}, "s": 1}, {"t": {"e": 5, "k": 2}, "s": 2})


def test_exclude_compares_as_json_does(configs):
    """1 is 1.0, but true is not 1, and a list must be the very list."""
    found = configs("grid: {a: [1, true, '1', [1]]}\nexclude: [{a: 1.0}]")
    assert found == lines({"a": True}, {"a": "1"}, {"a": [1]})
    assert configs("grid: {a: [[1, 2], [2, 1]]}\nexclude: [{a: [1, 2]}]") == lines({"a": [2, 1]})


def test_include_follows_the_example_in_the_documentation_of_github_actions(configs):
    """People know this example: https://docs.github.com/actions, "Expanding or adding matrix configurations"."""
    found = configs("""
        grid: {fruit: [apple, pear], animal: [cat, dog]}
        include:
          - {color: green}
          - {color: pink, animal: cat}
          - {fruit: apple, shape: circle}
          - {fruit: banana}
          - {fruit: banana, animal: cat}
        """)
    assert [json.loads(one) for one in found] == [
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "pear", "animal": "dog", "color": "green"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]


def test_include_alone_lists_experiments_over_the_base(configs):
    """Without a grid or zip there is nothing to extend."""
    assert configs("base: {a: 1}\ninclude: [{b: 1}, {b: 2}]") == lines({"a": 1, "b": 1}, {"a": 1, "b": 2})


def test_what_is_excluded_cannot_be_extended_but_can_be_included_anew(configs):
    """As on GitHub: first exclude, then include."""
    found = configs("grid: {a: [1, 2]}\nexclude: [{a: 2}]\ninclude: [{a: 2, b: 5}, {a: 1, c: 0}]")
    assert found == lines({"a": 1, "c": 0}, {"a": 2, "b": 5})


def test_an_override_wins_over_include(configs):
    """What is typed on the command line is set last, everywhere."""
    text = "grid: {a: [1, 2]}\ninclude: [{a: 1, lr: 5}, {a: 3, lr: 6}]"
    assert configs(text, "lr=9") == lines({"a": 1, "lr": 9}, {"a": 2, "lr": 9}, {"a": 3, "lr": 9})


def test_entries_vary_by_the_files_matrix_and_their_own(configs):
    """All four keys may stand in one experiment as well."""
    text = """
        grid: {seed: [1, 2]}
        exclude: [{net: a, seed: 2}]
        experiments:
          - {net: a, zip: {x: [1, 2], y: [3, 4]}, include: [{x: 2, extra: true}]}
          - {net: b, exclude: [{seed: 1}]}
        """
    assert [json.loads(one) for one in configs(text)] == [
        {"net": "a", "seed": 1, "x": 1, "y": 3},
        {"net": "a", "seed": 1, "x": 2, "y": 4, "extra": True},
        {"net": "b", "seed": 2},
    ]


def test_a_mapping_as_an_axis_is_excluded_by_any_of_its_keys(configs):
    """Related settings that are varied as mappings are named by what tells them apart."""
    assert configs("grid: {net: [{k: 1, w: 2}, {k: 8}]}\nexclude: [{net.k: 8}]") == lines({"net": {"k": 1, "w": 2}})


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=3), min_size=1, max_size=3), st.data())
def test_exclude_and_include_agree_with_filtering_the_whole_product(values, data):
    """The lazy way must give what the obvious way gives."""
    axes = tuple(Axis((f"k{n}",), tuple(axis)) for n, axis in enumerate(values))
    clause = st.dictionaries(st.sampled_from([axis.path for axis in axes]), st.integers(0, 3), min_size=1).map(
        lambda found: tuple(found.items())
    )
    exclude = tuple(data.draw(st.lists(clause, max_size=3)))
    block = Block({}, axes, exclude)
    kept = [
        one for one in combinations({}, axes) if not any(all(same(one[path[0]], value) for path, value in c) for c in exclude)
    ]
    assert list(block.configurations()) == kept
    assert block.count() == len(kept)
