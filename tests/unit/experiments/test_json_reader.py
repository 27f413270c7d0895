"""JSON: its values come from the standard library, its places from a scanner of our own."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from scheduler.experiments.document.json_reader import marks, parse

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def placed(text: str, mark, value) -> None:
    """Fail unless the value that begins at the mark, and every value in it, is the right one."""
    offset = sum(len(line) + 1 for line in text.split("\n")[: mark.line - 1]) + mark.column - 1
    assert json.JSONDecoder().raw_decode(text, offset)[0] == value
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in children:
        placed(text, mark.children[key], inner)


@given(VALUES, st.sampled_from([None, 0, 2]), st.booleans())
def test_every_value_is_found_where_it_begins(value, indent, ascii_only):
    """A wrong place is worse than none: people look at the wrong line."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    placed(text, marks(text, "f"), value)


@given(VALUES)
def test_a_json_text_means_what_the_standard_library_says(value):
    """The lab's files must not change their meaning."""
    assert parse(json.dumps(value), "f") == value
