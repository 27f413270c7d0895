"""A metric as a number or a text of Python's own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from scheduler.tracking.plain import plain

np = pytest.importorskip("numpy")


@pytest.mark.parametrize("value", [1, 0.5, True, "text", np.float32(0.5), np.array([[2]]), np.int64(3)])
def test_numbers_texts_and_arrays_of_one_element_are_metrics(value: Any) -> None:
    """What a training step returns is rarely a plain float."""
    found = plain("loss", value)
    assert type(found) in (bool, int, float, str)
    assert found == value


@pytest.mark.parametrize("value", [[1], None, np.zeros(2), Decimal(1), {1}])
def test_anything_else_is_refused_by_the_name_of_the_metric(value: Any) -> None:
    """The traceback shows the call, not which of twenty names was wrong."""
    with pytest.raises(TypeError, match=rf'"loss" is a {type(value).__name__}; log numbers or texts'):
        plain("loss", value)
