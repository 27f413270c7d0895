"""The kernel's timer of the wall clock."""

from __future__ import annotations

import select
import time

from scheduler.linux.alarm import Alarm


def rings(alarm: Alarm, within: float) -> bool:
    return bool(select.select([alarm], [], [], within)[0])


def test_an_alarm_rings_at_its_time_and_once() -> None:
    """A runner sleeps on it for hours; one that rang on would keep a core busy."""
    with Alarm() as alarm:
        at = time.time() + 0.05
        alarm.set(at)
        assert rings(alarm, 60)
        assert time.time() > at - 0.001, "it has rung before its time"
        alarm.drain()
        assert not rings(alarm, 0)
        alarm.drain()


def test_a_time_that_is_over_rings_at_once_and_another_takes_its_place() -> None:
    """The machine may have slept through it; and a job with a later time must not wake anybody now."""
    with Alarm() as alarm:
        alarm.set(1.0)
        assert rings(alarm, 60)
        alarm.set(time.time() + 3600)
        assert not rings(alarm, 0)
        alarm.set(0.0)
        assert rings(alarm, 60)
        alarm.set(None)
        assert not rings(alarm, 0)
