"""Jobs as TensorBoard's event files: a folder for each, with its curves and its hyperparameters.

Messages, checksums and the framing are the tensorboard library's (not TensorFlow's); it is imported when it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scheduler.actions.compared import Compared
from scheduler.actions.exports.texts import sound
from scheduler.errors import UserError
from scheduler.tracking.logged import Logged

VERSION = "brain.Event:2"  # the first record of every event file


class EventFiles:
    """Writes them below `folder`. UserError without tensorboard."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            from tensorboard.compat.proto import event_pb2, summary_pb2
            from tensorboard.plugins.hparams import summary_v2
            from tensorboard.summary.writer.record_writer import RecordWriter
        except ImportError as error:
            what = "event files are written by the tensorboard library, which is not installed here"
            raise UserError(what, next_step="pip install 'exp-queue[tensorboard]'") from error
        self._event, self._summary = event_pb2.Event, summary_pb2.Summary
        self._hparams, self._writer = summary_v2.hparams_pb, RecordWriter

    def write(self, each: Compared, name: str, whole: Logged) -> None:
        """The folder `name` of one job."""
        began = each.attempt.started if each.attempt else each.job.submitted
        folder = self._folder / name
        folder.mkdir(parents=True)
        with (folder / f"events.out.tfevents.{int(began)}.exp-queue.{each.job.short_id}").open("wb") as file:
            writer = self._writer(file)
            for event in self._events(each, whole, began):
                writer.write(event.SerializeToString())
            writer.flush()

    def close(self) -> None:
        """Every file was closed when it was written."""

    def _events(self, each: Compared, whole: Logged, began: float) -> Iterator[Any]:
        yield self._event(wall_time=began, file_version=VERSION)
        if config := sound({name: _plain(value) for name, value in each.config.items() if value is not None}):
            summary = self._hparams(config, trial_id=each.job.id, start_time_secs=began)
            yield self._event(wall_time=began, summary=summary)
        for at, moment, name, value in in_order(whole, began):
            summary = self._summary(value=[self._summary.Value(tag=name, simple_value=value)])
            yield self._event(wall_time=moment, step=int(at), summary=summary)


def in_order(whole: Logged, began: float) -> Iterator[tuple[float, float, str, float]]:
    """Step, time, name and value of all points, by their steps."""
    points = ((point.at, point, name) for name, series in whole.series.items() for point in series.curve)
    for at, point, name in sorted(points, key=lambda found: found[0]):
        yield at, began if point.time is None else point.time, sound(name), point.last


def _plain(value: object) -> object:
    return value if isinstance(value, (bool, int, float, str)) else str(value)
