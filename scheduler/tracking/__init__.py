"""What came out: the metric log that every attempt writes, and the call with which a training script writes it."""

from scheduler.tracking.opening import init, track
from scheduler.tracking.tracker import Tracker

__all__ = ["Tracker", "init", "track"]
