"""Long lists of numbers in a YAML file, which are read in one piece."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.errors import UserError
from scheduler.experiments import read as read_file
from scheduler.experiments.document import long_lists
from scheduler.experiments.document.limits import Limits
from scheduler.experiments.document.long_lists import LONG, read
from scheduler.experiments.document.yaml_reader import parse

MANY = ", ".join(map(str, range(LONG + 20)))
# Where numbers with commas between them are a list, and where they are something else.
PLACES = (
    "x: [{}]",
    "x: [{},]",
    "x: [a, {}, b]",
    "x: [a\n {}]",
    "x: [[{}], [{}]]",
    "x: [&one 5, {}]\ny: *one",
    "x: &all [{}]\ny: *all",
    "x: [!!str {}]",
    "x: !!seq [{}]",
    "x: {{{}}}",
    "x: {{a: [{}]}}",
    "x: [{}: 1]",
    "x: {}",
    "x: {},",
    "x: '{},'",
    'x: ["{}", {}]',
    "x: 1 # {}, \ny: 2",
    "x: [1, # {},\n 2]",
    "x: |\n  {},\ny: 3",
    "x: >\n  {}\n  {}",
    "- {}",
    "[{}]",
    "[{},]",
    "{}",
    "x: [{}",
    "x: [{}]]",
    "<<: [{}]",
    "x: [a{}]",
    "x: [{}b]",
    "x: [{}]\nx: 2",
    "x: [\ue0000, {}]",
    "x: [\ue0000 # a comment\n , {}]",
    "a: &one 1\nx: [&one {}]\ny: *one",
)
LIMITS = (Limits(), Limits(values=LONG // 2), Limits(depth=1))
numbers = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(
        ["0", "-0", "1e3", "1E-5", "007", "+1", "0x1f", "0o17", "1.", ".5", "1_000", "~", "-", ".inf", "1e", "é", "9" * 5000]
    ),
)
commas = st.sampled_from([",", ", ", " ,\n ", ",\t", ",\r\n  ", " , # a comment\n "])


@st.composite
def lists(draw: st.DrawFn) -> str:
    """More numbers than are read one by one, with a few odd ones among them."""
    odd = draw(st.dictionaries(st.integers(0, LONG + 19), numbers, max_size=4))
    between = draw(st.dictionaries(st.integers(0, LONG + 19), commas, max_size=4))
    return "".join(odd.get(place, str(place)) + between.get(place, ", ") for place in range(LONG + 19)) + odd.get(LONG + 19, "7")


def outcome(text: str, limits: Limits, how: str) -> object:
    """What is read, with its places, or what is wrong with it."""
    try:
        if how == "plain":
            return parse(text, "x.yaml", limits)
        value, marks = read(text, "x.yaml", limits)
    except UserError as error:
        return str(error)
    return value, marks()


@given(st.sampled_from(PLACES), lists(), st.sampled_from(LIMITS))
def test_a_text_with_long_lists_is_what_it_is_value_by_value(place: str, listed: str, limits: Limits) -> None:
    """A number that is read as another trains something else, and a comment that is read as numbers is worse."""
    text = place.format(listed, listed)
    found, plain = outcome(text, limits, "short"), outcome(text, limits, "plain")
    assert found == plain
    assert repr(found) == repr(plain)  # 1 and 1.0 are no longer the same


@pytest.mark.parametrize("limits", LIMITS, ids=repr)
@pytest.mark.parametrize("place", PLACES)
def test_plain_numbers_are_read_the_same_in_every_place(place: str, limits: Limits) -> None:
    """The same without chance."""
    text = place.format(MANY, MANY)
    assert repr(outcome(text, limits, "short")) == repr(outcome(text, limits, "plain"))


def test_a_long_list_is_read_in_one_piece() -> None:
    """What all of this is for."""
    short, found = long_lists._shortened(f"x: [{MANY}, 5]")
    assert (len(found), short.count(",")) == (1, 1)


def test_many_numbers_behind_one_another_without_a_comma_cost_no_more_than_their_length() -> None:
    """A pattern that tried each beginning anew would take hours for a text of digits."""
    text = "x: ['" + "1" * 300_000 + "', " + "1.5," * LONG + "]"
    assert read(text, "x.yaml")[0] == {"x": ["1" * 300_000, *[1.5] * LONG]}


def test_a_list_of_numbers_may_lie_too_deep_as_any_other(tmp_path: Path) -> None:
    """That nothing is wrong with its numbers says nothing of where it stands."""
    path = tmp_path / "deep.json"
    path.write_text('{"experiments": [{"a": [[1, 2]]}]}')
    assert list(read_file(str(path), limits=Limits(depth=5)).experiments())
    with pytest.raises(UserError, match="nested deeper than 4 levels"):
        read_file(str(path), limits=Limits(depth=4))
