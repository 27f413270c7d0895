"""Times as people write them on a command line."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from scheduler.errors import UserError
from scheduler.queue.moments import clock, moment

NOW = datetime(2026, 11, 28, 12, 0).timestamp()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", datetime(2026, 11, 28, 12, 0)),
        ("18:30", datetime(2026, 11, 28, 18, 30)),
        ("9:05", datetime(2026, 11, 29, 9, 5)),
        ("12:00", datetime(2026, 11, 29, 12, 0)),
        ("18:30:15", datetime(2026, 11, 28, 18, 30, 15)),
        ("2h", datetime(2026, 11, 28, 14, 0)),
        ("now+1h30m", datetime(2026, 11, 28, 13, 30)),
        ("90", datetime(2026, 11, 28, 12, 1, 30)),
        ("2026-12-24", datetime(2026, 12, 24)),
        ("2026-12-24T18:30", datetime(2026, 12, 24, 18, 30)),
        (" 2026-12-24 18:30:01 ", datetime(2026, 12, 24, 18, 30, 1)),
    ],
)
def test_a_time_is_one_of_this_machines_clock(text: str, meant: datetime) -> None:
    """`at`, Slurm and people at night write it in these ways."""
    assert moment(text, NOW) == meant.timestamp()


def test_a_time_with_a_zone_means_that_zone() -> None:
    """A time that was copied from a calendar or a log."""
    assert moment("1970-01-02T00:00:00Z", NOW) == 86400
    assert moment("1970-01-02T01:00:00+01:00", NOW) == 86400


@pytest.mark.parametrize("text", ["", "tonight", "25:00", "18:61", "2026-13-01", "-2h", "0", "now+", "99999999999d"])
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    """Nothing is guessed: a job that starts at once instead of tonight takes somebody's GPU."""
    with pytest.raises(UserError, match="expected a time") as caught:
        moment(text, NOW)
    assert "18:30" in str(caught.value)


def test_a_moment_is_shown_as_it_can_be_typed() -> None:
    """And seconds only where there are any."""
    assert clock(datetime(2026, 12, 24, 18, 30).timestamp()) == "2026-12-24 18:30"
    assert moment(clock(NOW + 61), time.time()) == NOW + 61
