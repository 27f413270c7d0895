"""Merging, setting and combining configurations."""

from __future__ import annotations

from itertools import islice, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.errors import UserError
from scheduler.experiments import differences
from scheduler.experiments.configurations.configurations import Axis, leaves, merge, put
from scheduler.experiments.grid.matrix import Block


def test_mappings_merge_and_everything_else_is_replaced():
    """One rule everywhere, so that people need to learn it once."""
    under = {"a": {"x": 1, "y": [1, 2]}, "b": 1, "c": {"z": 1}}
    over = {"a": {"y": [3]}, "b": {"n": 1}, "c": 5, "d": {}}
    assert merge(under, over) == {"a": {"x": 1, "y": [3]}, "b": {"n": 1}, "c": 5, "d": {}}


def test_keys_keep_their_first_position():
    """The lab compares printed lines by eye; keys must not wander."""
    assert list(merge({"a": 1, "b": 2}, {"c": 3, "a": 4})) == ["a", "b", "c"]
    assert list(put({"a": 1, "b": 2}, ("a",), 3)) == ["a", "b"]


def test_putting_a_value_leaves_the_original_alone():
    """Configurations share their parts; a change in one would change another."""
    original = {"a": {"b": {"c": 1}}}
    assert put(original, ("a", "b", "d"), 2) == {"a": {"b": {"c": 1, "d": 2}}}
    assert original == {"a": {"b": {"c": 1}}}


def test_a_value_cannot_be_put_inside_a_number():
    """Silently replacing the number would lose what was written."""
    with pytest.raises(UserError, match='"c" cannot be set inside "b", which is 5'):
        put({"a": {"b": 5}}, ("a", "b", "c"), 1)


@given(st.lists(st.lists(st.integers(), min_size=1, max_size=4), max_size=4))
def test_a_grid_is_the_product_of_its_axes_with_the_last_fastest(values):
    """The order is a promise: people stop a run in the middle and know what was done."""
    axes = tuple(Axis((f"k{n}",), tuple(axis)) for n, axis in enumerate(values))
    block = Block({}, axes)
    assert [tuple(config.values()) for config in block.configurations()] == list(product(*values))
    assert block.count() == len(list(product(*values)))


def test_an_enormous_grid_gives_its_first_configuration_at_once():
    """Nothing but laziness can end this test: there are 10^60 combinations."""
    block = Block({}, tuple(Axis((f"k{n}",), tuple(range(10))) for n in range(60)))
    assert block.count() == 10**60
    last = list(islice(block.configurations(), 11))[-1]
    assert (last["k57"], last["k58"], last["k59"]) == (0, 1, 0)


def test_leaves_name_every_single_value():
    """Overrides and tables speak of single values by dotted names."""
    assert list(leaves({"a": {"b": 1, "c": {}}, "d": [1]})) == [(("a", "b"), 1), (("a", "c"), {}), (("d",), [1])]


def test_only_what_differs_is_named():
    """A table of results shows the three columns that matter, not the thirty that do not."""
    configs = [{"a": 1, "b": {"c": 1, "d": 5}}, {"a": 1, "b": {"c": 2, "d": 5}}, {"a": 1, "b": {"c": 2, "d": 5}, "e": 0}]
    assert differences(configs) == ["b.c", "e"]
    assert differences([]) == differences(configs[:1]) == []


def test_one_and_true_differ():
    """Python calls them equal; a training program may not."""
    assert differences([{"a": 1}, {"a": True}]) == ["a"]
