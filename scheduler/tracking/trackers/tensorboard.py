"""Event files for TensorBoard, by the messages of the `tensorboard` package; PyTorch is not needed.

The files hold what PyTorch's SummaryWriter would write. Each event is one write that is not buffered: TensorBoard sees it at
once, and a killed training loses none. All numbers of a row are one event.
"""

from __future__ import annotations

import html
import itertools
import json
import os
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scheduler.tracking.media import Histogram, Image, Shown, Table, jsonable
from scheduler.tracking.plain import flattened
from scheduler.tracking.trackers.training import Predictions, Training, pictures_of, pillow, texts_of

_NUMBERS = itertools.count()


class EventFileRun(Predictions):
    """One event file, in the folder `tensorboard` of the attempt; without a directory in a new folder of ./runs."""

    def __init__(self, training: Training) -> None:
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.summary.writer.record_writer import RecordWriter

        self._event, self._summary = event_pb2.Event, summary_pb2.Summary
        self._file = _new_file(training.directory).open("xb", buffering=0)
        self._writer = RecordWriter(self._file)
        self._step, self._config = -1, dict(training.config)
        self._has_parameters = False
        self._write(self._event(wall_time=time.time(), file_version="brain.Event:2"))

    def log(self, values: Mapping[str, Any], step: int | None) -> None:
        self._say_parameters()
        self._step = self._step + 1 if step is None else step
        self._row(values)

    def show(self, name: str, media: Shown, step: int | None) -> None:
        """A table is a text; its images stand beside it, by column."""
        if isinstance(media, Image):
            self._pictures(name, [media], step)
        elif isinstance(media, Histogram):
            self._add([self._summary.Value(tag=name, histo=self._histogram(media))], step)
        else:
            self._text(name, _markdown(media), step)
            for column, images in pictures_of(media).items():
                self._pictures(f"{name}/{column}", images, step)

    def configure(self, values: Mapping[str, Any]) -> None:
        """TensorBoard's page of hyperparameters takes the first word for them, the text the last one."""
        self._config.update(values)
        if self._has_parameters:
            self._say_config()

    def summarize(self, values: Mapping[str, Any]) -> None:
        """As a last row."""
        self._say_parameters()
        self._row(values)

    def keep(self, path: Path, name: str) -> None:
        """TensorBoard shows no files."""

    def finish(self) -> None:
        self._say_parameters()
        self._writer.close()

    def _row(self, values: Mapping[str, Any]) -> None:
        numbers = {name: found for name, value in values.items() if (found := _float(value)) is not None}
        self._add([self._summary.Value(tag=name, simple_value=value) for name, value in numbers.items()], self._step)
        for name, value in values.items():
            if isinstance(value, str):
                self._text(name, value, self._step)

    def _pictures(self, name: str, images: Sequence[Image], step: int | None) -> None:
        for number, image in enumerate(images):
            picture = pillow(image)
            if picture is not None:
                shown = self._summary.Image(
                    height=picture.height,
                    width=picture.width,
                    colorspace=len(picture.getbands()),
                    encoded_image_string=image.content,
                )
                self._add([self._summary.Value(tag=name if len(images) == 1 else f"{name}/{number}", image=shown)], step)

    def _text(self, name: str, text: str, step: int | None) -> None:
        from tensorboard.compat.proto import summary_pb2, tensor_pb2, tensor_shape_pb2

        plugin = summary_pb2.SummaryMetadata(plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="text"))
        shape = tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=1)])
        tensor = tensor_pb2.TensorProto(dtype="DT_STRING", string_val=[text.encode("utf-8", "replace")], tensor_shape=shape)
        self._add([self._summary.Value(tag=f"{name}/text_summary", metadata=plugin, tensor=tensor)], step)

    def _histogram(self, found: Histogram) -> Any:
        from tensorboard.compat.proto import histogram_pb2

        edges, counts = list(found.edges), list(found.counts)
        middles = [(low + high) / 2 for low, high in itertools.pairwise(edges)]
        return histogram_pb2.HistogramProto(
            min=edges[0],
            max=edges[-1],
            num=sum(counts),
            sum=sum(count * middle for count, middle in zip(counts, middles, strict=True)),
            sum_squares=sum(count * middle**2 for count, middle in zip(counts, middles, strict=True)),
            bucket_limit=edges,  # the first bucket is what lies below all: nothing
            bucket=[0, *counts],
        )

    def _say_parameters(self) -> None:
        """Before the first row: until then a script may add to its configuration."""
        if self._has_parameters:
            return
        self._has_parameters = True
        if self._config:
            self._say_config()
            self._add([_parameters(self._config, self._summary)], 0)

    def _say_config(self) -> None:
        text = json.dumps(jsonable(self._config), indent=2, ensure_ascii=False)
        self._text("config", "".join(f"    {line}\n" for line in text.splitlines()), None)

    def _add(self, values: list[Any], step: int | None) -> None:
        at = max(self._step, 0) if step is None else step
        if values:
            self._write(self._event(wall_time=time.time(), step=at, summary=self._summary(value=values)))

    def _write(self, event: Any) -> None:
        self._writer.write(event.SerializeToString())


def _parameters(config: Mapping[str, Any], summary: Any) -> Any:
    """For TensorBoard's page of hyperparameters, by the plugin's own messages."""
    from tensorboard.compat.proto import summary_pb2
    from tensorboard.plugins.hparams import metadata, plugin_data_pb2

    start = plugin_data_pb2.SessionStartInfo(start_time_secs=time.time())
    for name, value in flattened(jsonable(config)):
        if isinstance(value, bool):
            start.hparams[name].bool_value = value
        elif isinstance(value, (int, float)):
            start.hparams[name].number_value = value
        else:
            start.hparams[name].string_value = value if isinstance(value, str) else json.dumps(value)
    content = plugin_data_pb2.HParamsPluginData(session_start_info=start, version=metadata.PLUGIN_DATA_VERSION)
    data = summary_pb2.SummaryMetadata.PluginData(plugin_name="hparams", content=content.SerializeToString())
    about = summary_pb2.SummaryMetadata(plugin_data=data)
    return summary.Value(tag=metadata.SESSION_START_INFO_TAG, metadata=about, tensor=metadata.NULL_TENSOR)


def _new_file(directory: Path | None) -> Path:
    now, process = time.time(), os.getpid()
    folder = directory / "tensorboard" if directory else Path("runs") / f"{time.strftime('%Y%m%d-%H%M%S')}-{process}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"events.out.tfevents.{int(now):010d}.{socket.gethostname()}.{process}.{next(_NUMBERS)}"


def _float(value: Any) -> float | None:
    if isinstance(value, str):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _markdown(table: Table) -> str:
    """The page shows a text as Markdown, without pages of a table: so many rows."""
    lines = [_line(table.columns), _line(["---"] * len(table.columns)), *map(_line, texts_of(table)[:200])]
    return "\n".join(lines)


def _line(cells: Sequence[Any]) -> str:
    """
    >>> _line(["a|b", 1, None])
    '| a\\\\|b | 1 |  |'
    """
    shown = ("" if cell is None else html.escape(str(cell), quote=False).replace("|", "\\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(shown)} |"
