"""Moments of the wall clock, as people write and read them. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from scheduler.errors import UserError
from scheduler.experiments.document import values

LATEST = 250_000_000_000  # seconds since 1970, in the year 9892
_OF_DAY = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_NEXT_STEP = "write 18:30, 2h, now+2h, 2026-12-24 or 2026-12-24T18:30"


def moment(text: str, now: float) -> float:
    """Seconds since 1970 of a time of this day or the next (`18:30`), a duration from `now` (`2h`, `now+2h`), or a date and
    time of ISO 8601, of this machine's time zone unless it says another. `now` alone is now. UserError for anything else."""
    word = text.strip()
    if word == "now":
        return now
    try:
        return _read(word, now)
    except (ValueError, OverflowError, OSError, UserError):
        raise values.expected("a time", text, _NEXT_STEP) from None


def _read(word: str, now: float) -> float:
    if match := _OF_DAY.fullmatch(word):
        return _of_day(now, *(int(part or 0) for part in match.groups()))
    if "-" in word:
        return datetime.fromisoformat(word.removesuffix("Z") + "+00:00" * word.endswith("Z")).timestamp()
    after = word.removeprefix("now+")
    seconds = values.duration(float(after) if after.replace(".", "", 1).isdecimal() else after)
    return datetime.fromtimestamp(now + seconds).timestamp()  # refuses the year 10000


def _of_day(now: float, hour: int, minute: int, second: int) -> float:
    today = datetime.fromtimestamp(now).replace(hour=hour, minute=minute, second=second, microsecond=0)
    return (today if today.timestamp() > now else today + timedelta(days=1)).timestamp()


def clock(at: float) -> str:
    """`2026-12-24 18:30`, in this machine's time zone; with seconds where there are any."""
    whole = datetime.fromtimestamp(round(at))
    return whole.isoformat(" ", "seconds" if whole.second else "minutes")
