"""One row, one metric: which values are a number to compare, and which rows say anything of a metric."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.tracking.readers.rows import Row, finite, holds, mention


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"a.b": 1}, 1.0),
        ({"a": {"b": 2.5}}, 2.5),
        ({"a": {"b": 1}, "a.b": 3}, 3.0),
        ({"a": 1}, None),
        ({"a": {"c": 1}}, None),
        ({"a.b": True}, None),
        ({"a.b": math.nan}, None),
        ({"a.b": -math.inf}, None),
        ({"a.b": "0.5"}, None),
        ({"a.b": None}, None),
        ({"a.b": 10**400}, None),
        ({}, None),
    ],
)
def test_only_a_finite_number_counts(values: dict[str, Any], expected: float | None) -> None:
    """Early stopping counts such rows and no others; a bool that counted as 1 would move every band."""
    assert finite(Row(1, values), "a.b") == expected


def test_dots_are_levels_wherever_they_can_be() -> None:
    """Frameworks mix both: a nested dict under a name with dots, and the other way round."""
    assert finite(Row(1, {"val.top": {"k": {"1.5": 4}}}), "val.top.k.1.5") == 4


def test_a_row_with_nan_still_is_a_row_of_the_metric() -> None:
    """A diverged run shows where its metric comes from, too."""
    assert holds(Row(1, {"loss": math.nan}), ["loss"])
    assert not holds(Row(1, {"acc": 1}), ["loss"])


@given(st.text(min_size=1), st.dictionaries(st.text(), st.integers(), max_size=3))
def test_the_filter_never_loses_a_row(name: str, others: dict[str, int]) -> None:
    """It looks at bytes before parsing, so JSON's escapes must not fool it, whatever a metric is called."""
    for text in (json.dumps({**others, name: 1}), json.dumps({**others, name: 1}, ensure_ascii=False)):
        assert mention([name])(text.encode(errors="surrogatepass"))


def test_the_filter_lets_through_what_a_strange_writer_has_escaped() -> None:
    """JSON may write any letter as its number, and a few programs do."""
    assert mention(["loss"])(b'{"\\u006coss": 1}')
    assert mention(["loss", "acc"])(b'{"\\u006coss": 1}')


def test_the_filter_saves_the_parsing_of_other_rows() -> None:
    """A filter that let everything through would be none."""
    assert not mention(["val.loss", "cer"])(b'{"train_acc": 0.5, "step": 3}')
