"""Curves as a page gets them."""

from __future__ import annotations

import json
import sys

import pytest

from scheduler.tracking.logged import Gathering
from scheduler.tracking.readers.rows import Row
from scheduler.web.documents.curves import curve

LARGEST = sys.float_info.max


@pytest.mark.parametrize("others", [(0.123456789,), (0.123456789, 7)])
def test_the_largest_number_that_there_is_does_not_become_infinite(others: tuple[float, ...]) -> None:
    """A script that begins with it as its best loss: rounded to five digits it is no number of JSON, and there was no page."""
    gathering = Gathering()
    gathering.take(Row(step, {"loss": value}) for step, value in enumerate((LARGEST, -LARGEST, *others)))
    sent = curve(gathering.logged("metrics").series["loss"], 512)
    assert json.loads(json.dumps(sent, allow_nan=False))["last"] == [LARGEST, -LARGEST, 0.12346, *others[1:]]
