"""How far a training has come, and how long it still takes: from what it was asked for and what it has logged. Pure.

Only what is known counts. A bar of one epoch says nothing of the whole, and a count of epochs nothing where no epoch is logged.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from scheduler.experiments.configurations.configurations import flat
from scheduler.tracking.logged import Logged, Point, Series
from scheduler.values import dataclass

EPOCHS = ("max_epochs", "num_epochs", "n_epochs", "epochs", "num_train_epochs", "total_epochs", "training_epochs", "train_epochs")
STEPS = (
    *("max_steps", "num_steps", "n_steps", "steps", "total_steps", "train_steps", "num_train_steps", "max_train_steps"),
    *("max_iters", "num_iters", "n_iters", "iters", "total_iters", "iterations", "max_iterations", "num_iterations"),
    *("total_timesteps", "timesteps"),
)
AN_EPOCH = ("epoch", "current_epoch")
A_STEP = ("global_step", "step", "iter", "iteration", "train_step")
_BAR = re.compile(r"\b\d{1,3}%\|[^|]*\|\s*(\d[\d.]*[kMG]?)/(\d[\d.]*[kMG]?)\s*\[\s*([\d:]+)<\s*([\d:]+|\?)")
_OF = re.compile(r"\bepochs?\b\W{0,3}(\d+)\s*(?:/|of)\s*(\d+)", re.IGNORECASE)
_SIZES = {"k": 1e3, "M": 1e6, "G": 1e9}


@dataclass(frozen=True)
class Headway:
    """`done` is the part that is done, 0 to 1; `left` the seconds that the rest takes at this pace, None: that is not known."""

    done: float
    left: float | None = None


@dataclass(frozen=True)
class _Course:
    """What was done of `total` at two moments, in seconds since some other."""

    total: float
    first: float
    first_at: float | None
    last: float
    last_at: float | None


def headway(
    config: Mapping[str, object],
    logged: Logged,
    line: str,
    begun: float,
    now: float,
    pauses: Sequence[tuple[float, float]] = (),
) -> Headway | None:
    """How far an attempt that began at `begun` has come at `now`, both in seconds since 1970; None where nothing says so.
    `line` is the newest of its output. `pauses`: from when to when it stood still; they are no part of its pace. What a
    progress bar says of its own pace is taken as it is."""
    course = _epochs(config, logged) or _steps(config, logged) or _share(logged)
    if course is None:
        return _bar(line, config)

    def worked(moment: float) -> float:
        return moment - sum(max(0.0, min(end, moment) - since) for since, end in pauses)

    first_at, last_at = (None if at is None else worked(at) for at in (course.first_at, course.last_at))
    return _ahead(replace(course, first_at=first_at, last_at=last_at), worked(begun), worked(now))


def _ahead(course: _Course, begun: float, now: float) -> Headway | None:
    if not (math.isfinite(course.last) and course.last > 0):
        return None
    done = min(course.last / course.total, 1.0)
    at = course.last_at
    if done == 1.0 or at is None:
        return Headway(done, 0.0 if done == 1.0 else None)
    if course.first_at is not None and course.last > course.first and at > course.first_at:
        pace = (at - course.first_at) / (course.last - course.first)
    else:
        pace = (at - begun) / course.last
    left = pace * (course.total - course.last) - max(0.0, now - at)
    return Headway(done, max(0.0, left) if pace > 0 else None)


def _total(config: Mapping[str, object], names: tuple[str, ...]) -> float | None:
    """The number that the configuration gives one of these names, that nearest to its root; -1 and 0 mean none."""
    found = [(key.count("."), names.index(_plain(key)), value) for key, value in flat(config).items() if _plain(key) in names]
    return next(
        (number for *_, value in sorted(found, key=lambda each: each[:2]) if (number := _number(value)) and number > 0), None
    )


def _number(value: object) -> float | None:
    """A finite number, also one that a command line has as a text."""
    try:
        number = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _plain(name: str) -> str:
    """The last part of a name, as Python would write it."""
    return re.split(r"[./]", name)[-1].lower().replace("-", "_")


def _named(logged: Logged, names: Iterable[str]) -> Series | None:
    wanted = set(names)
    return next((each for name, each in logged.series.items() if _plain(name) in wanted and each.curve), None)


def _epochs(config: Mapping[str, object], logged: Logged) -> _Course | None:
    total, seen = _total(config, EPOCHS), _named(logged, AN_EPOCH)
    if total is None or seen is None:
        return None
    first, last = seen.curve[0], seen.curve[-1]
    if any(not float(point.last).is_integer() for point in seen.curve):
        return _Course(total, first.low, first.time, last.last, logged.time or last.time)
    base = 0 if first.low == 0 else 1  # counted from
    part = _parts(seen.curve, logged)
    return _Course(total, first.low - base + part[0], first.time, last.last - base + part[1], logged.time or last.time)


def _parts(curve: tuple[Point, ...], logged: Logged) -> tuple[float, float]:
    """Which parts of their epochs the first and the last row stand for: the whole, where there is one row an epoch."""
    first, last = curve[0], curve[-1]
    begins = next(point.at for point in curve if point.last == last.last)
    if last.last <= first.low or begins <= first.at:
        return 0.0, 0.0
    length = (begins - first.at) / (last.last - first.low)
    rows = sum(point.last == last.last for point in curve)
    if rows == 1 and len(curve) <= last.last - first.low + 1:
        return 1.0, 1.0
    return 0.0, min((max(last.at, logged.step or 0) - begins) / length, 1.0)


def _steps(config: Mapping[str, object], logged: Logged) -> _Course | None:
    total = _total(config, STEPS)
    if total is None:
        return None
    if seen := _named(logged, A_STEP):
        return _of_curve(total, seen, logged)
    longest = max((each.curve for each in logged.series.values() if each.curve), key=len, default=())
    if logged.step is None or not longest:
        return None
    return _Course(total, longest[0].at, longest[0].time, logged.step, logged.time)


def _share(logged: Logged) -> _Course | None:
    """A row that says it itself, 0 to 1."""
    seen = _named(logged, ("progress",))
    if seen is None or seen.low is None or seen.high is None or seen.low < 0 or seen.high > 1:
        return None
    return _of_curve(1.0, seen, logged)


def _of_curve(total: float, seen: Series, logged: Logged) -> _Course:
    first, last = seen.curve[0], seen.curve[-1]
    return _Course(total, first.low, first.time, last.last, logged.time or last.time)


def _bar(line: str, config: Mapping[str, object]) -> Headway | None:
    """What a progress bar like tqdm's says; of a bar of one epoch only with the number of that epoch."""
    bar, epoch = _last(_BAR, line), _last(_OF, line)
    if bar is None:
        return Headway(min(int(epoch[1]) / int(epoch[2]), 1.0)) if epoch and int(epoch[1]) > 0 and int(epoch[2]) > 0 else None
    done, total = _size(bar[1]), _size(bar[2])
    if not total:
        return None
    elapsed, left = _clock(bar[3]), _clock(bar[4])
    part = min(done / total, 1.0)
    if epoch and 0 < int(epoch[1]) <= int(epoch[2]):
        return _of_epochs(int(epoch[1]), int(epoch[2]), part, elapsed, left)
    asked = (_total(config, EPOCHS), _total(config, STEPS))
    return Headway(part, left) if total in asked or (asked[0] or 1) == 1 else None


def _of_epochs(epoch: int, epochs: int, part: float, elapsed: float | None, left: float | None) -> Headway:
    known = elapsed is not None and left is not None
    rest = left + (epochs - epoch) * (elapsed + left) if known else None  # type: ignore[operator]
    return Headway((epoch - 1 + part) / epochs, rest)


def _last(pattern: re.Pattern[str], line: str) -> re.Match[str] | None:
    found = None
    for found in pattern.finditer(line):  # noqa: B007
        pass
    return found


def _size(text: str) -> float:
    return float(text.rstrip("kMG").rstrip(".") or 0) * _SIZES.get(text[-1], 1) if text.count(".") < 2 else 0.0


def _clock(text: str) -> float | None:
    """Seconds of `00:12`, `1:02:03`; None for `?`."""
    parts = text.split(":")
    if not all(part.isdecimal() for part in parts):
        return None
    return float(sum(int(part) * 60**place for place, part in enumerate(reversed(parts))))
