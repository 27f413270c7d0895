"""Changes that a program gives as a mapping, in the words of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.errors import UserError
from scheduler.experiments.configurations.overrides import parse, spelled

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6)


@given(VALUES)
def test_what_a_program_says_is_what_an_experiment_gets(value: Any) -> None:
    """Between them lie JSON and YAML, which do not agree on characters beyond 65,535, on 1e-05, or on what a text is."""
    (edit,) = parse(spelled({"outer.inner": value}))
    assert edit.path == ("outer", "inner")
    assert (edit.value, type(edit.value)) == (value, type(value))


class Scalar:
    """A number as NumPy has it."""

    def tolist(self) -> float:
        return 0.5


def test_numbers_of_numpy_and_paths_stand_for_what_they_say() -> None:
    """They are what a notebook has in its hands."""
    assert spelled({"lr": Scalar(), "data": Path("/data"), "+new": 1}) == ["lr=0.5", 'data="/data"', "+new=1"]


@pytest.mark.parametrize("value", [object(), float("nan"), {1, 2}])
def test_what_json_cannot_hold_is_refused_by_its_key(value: object) -> None:
    """The key says where to look in a call of many lines."""
    with pytest.raises(UserError, match='the value of "lr" cannot be written as JSON'):
        spelled({"lr": value})


def test_a_key_cannot_smuggle_a_value() -> None:
    """`{"lr=1": 2}` would set lr to the text "1=2"."""
    with pytest.raises(UserError, match='the key "lr=1"'):
        spelled({"lr=1": 2})
