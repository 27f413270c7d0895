"""A job as a value, for tests without a store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scheduler.experiments import Policy, Resources
from scheduler.queue.job import Job
from scheduler.queue.states import State


def job(number: int, **changes: Any) -> Job:
    """One that is queued, does nothing and asks for nothing, but for these changes."""
    name = str(number)
    who = (f"{number:032x}", number, name, name, None)  # id, number, key, experiment, group
    return replace(Job(*who, ("true",), "{}", "/", Resources(), Policy(), State.QUEUED, 0.0), **changes)
