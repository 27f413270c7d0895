"""Reading pictures of lines with a trained network: `Recognizer("weights/....pt").read([...])`.

>>> from text_recognizer.recognizer import Recognizer           # doctest: +SKIP
>>> Recognizer("best.pt").read(["line.png"])                    # doctest: +SKIP
[Reading(source='line.png', text='Ceci est mon testament', confidence=0.93, error='')]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from text_recognizer.building import model_of
from text_recognizer.catalog import DATASETS, LINES
from text_recognizer.data.line_images import PICTURES, open_grey, prepared
from text_recognizer.data.line_pages import line_images
from text_recognizer.data.line_set import Lines, LineSplit
from text_recognizer.data.page_xml import is_page, read_page
from text_recognizer.errors import CheckpointError, DataError, ExperimentError
from text_recognizer.experiment import Experiment, read
from text_recognizer.models.line_model import LineBatch
from text_recognizer.models.model import Reader
from text_recognizer.training.checkpoints import Checkpoint, load

_BATCH = 64


@dataclass(frozen=True)
class Reading:
    """What was read from one line, and how sure the network is (0 to 1, not calibrated); or why it could not be read."""

    source: str
    text: str = ""
    confidence: float = 0.0
    error: str = ""


class Recognizer:
    """A trained network for lines, rebuilt from its checkpoint. Raises CheckpointError where that cannot be used.

    With more than one of `beams` it reads by beam search: slower, sometimes a little better. With 3 or 9 `looks` it looks at each
    line so often (see `models.looks`): as many times slower, and better.
    """

    def __init__(self, checkpoint: str | Path, device: str = "cpu", beams: int = 1, looks: int = 1) -> None:
        kept = load(Path(checkpoint))
        self.experiment = _of_lines(kept, Path(checkpoint))
        self.device = _device(device)
        self.height = int(kept.about.get("height") or 32)
        self.model = _rebuilt(self.experiment, kept, Path(checkpoint), self.height, self.device)
        self.model.beams, self.model.looks, self.model.resident_on = beams, looks, ()

    def read(self, sources: Iterable[str | Path | np.ndarray]) -> list[Reading]:
        """One reading per line, in order: pictures of lines (a path, or a grey array uint8 (height, width)), ALTO or PAGE files,
        whose readings are named `FILE#LINE`, and folders of both; a picture that a page's file names is read by its lines alone.

        What cannot be read has an `error` in place of a text; the rest goes on.
        """
        found = [entry for source in sources for entry in self._lines(source)]
        ready = [i for i, (reading, _) in enumerate(found) if not reading.error]
        answers = self._answers([image for reading, image in found if not reading.error and image is not None])
        readings = [reading for reading, _ in found]
        for i, (text, confidence) in zip(ready, answers, strict=True):
            readings[i] = replace(readings[i], text=text, confidence=confidence)
        return readings

    def _lines(self, source: str | Path | np.ndarray) -> Iterator[tuple[Reading, np.ndarray | None]]:
        """Each line of a source, ready for the network; or the reading that says what is wrong."""
        if isinstance(source, np.ndarray):
            yield Reading("array"), self._prepared(source)
            return
        path = Path(source)
        try:
            if path.is_dir():
                for entry in _entries(path):
                    yield from self._lines(entry)
            elif path.suffix.lower() == ".xml":
                yield from self._lines_of_page(path)
            else:
                yield Reading(str(path)), self._prepared(open_grey(path))
        except DataError as error:
            yield Reading(str(path), error=str(error)), None

    def _lines_of_page(self, path: Path) -> Iterator[tuple[Reading, np.ndarray | None]]:
        page = read_page(path)
        if not page.lines and not page.left_out:
            raise DataError(
                f"{path}: no line is marked in it (no TextLine); mark its lines first, with eScriptorium for instance"
            )
        for line, image in zip(page.lines, line_images(page), strict=True):
            yield Reading(f"{path}#{line.id}"), self._prepared(image)
        for name, why in page.left_out:
            yield Reading(f"{path}#{name}", error=f"{path}: line {name!r} cannot be read: {why}; mend or remove it"), None

    def _prepared(self, grey: np.ndarray) -> np.ndarray:
        asked = {name: bool(getattr(self.experiment.dataset_args, name, False)) for name in ("upright", "fit")}
        return prepared(grey, self.height, **asked)

    @torch.no_grad()
    def _answers(self, images: Sequence[np.ndarray]) -> list[tuple[str, float]]:
        """Text and confidence of every image, in order; each line carries its number through the batches as its text."""
        split = LineSplit(tuple(images), tuple(map(str, range(len(images)))))
        answers: dict[int, tuple[str, float]] = {}
        for batch in self.model.batches(split, _BATCH, self.device) if images else ():
            answers |= {int(p.target): (p.prediction, p.confidence) for p in self.model.predict(batch)}
        return [answers[i] for i in range(len(images))]


def _entries(folder: Path) -> list[Path]:
    """What is to be read of a folder, in the order of the pictures' names: each picture, or the ALTO or PAGE file beside it whose
    picture it is. Raises DataError where there is none."""
    pages = {_pictured(file): file for file in sorted(folder.glob("*.xml")) if is_page(file)}
    pictures = {path for path in folder.iterdir() if path.suffix.lower() in PICTURES and not path.is_dir()}
    if not pictures and not pages:
        raise DataError(f"{folder}: no picture in this folder; name a folder of pictures of lines, or a page's .xml")
    return [pages.get(picture, picture) for picture in sorted(pictures | pages.keys())]


def _pictured(file: Path) -> Path:
    """The picture of a page; the file itself where that is not there, which is said when it is read."""
    try:
        return read_page(file).image
    except DataError:
        return file


def _of_lines(kept: Checkpoint, path: Path) -> Experiment:
    experiment = read(kept.experiment)
    if DATASETS.find(experiment.dataset).reads != LINES:
        raise CheckpointError(f"{path}: its network reads characters, not lines; give the checkpoint of a line reader")
    return experiment


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ExperimentError(f"there is no device {name!r}; give cpu or cuda") from error
    if device.type not in ("cpu", "cuda"):
        raise ExperimentError(f"{name} is no device to read on; give cpu or cuda")
    if device.type == "cuda" and not 0 <= (device.index or 0) < torch.cuda.device_count():
        raise ExperimentError(f"PyTorch sees no such GPU as {name} here; read with the device cpu")
    return device


def _rebuilt(
    experiment: Experiment, kept: Checkpoint, path: Path, height: int, device: torch.device
) -> Reader[LineSplit, LineBatch]:
    """The model with the weights of the checkpoint; of the data it needs the classes, the height, and the longest text."""
    longest = "x" * int(kept.about.get("longest") or 100)
    split = LineSplit((np.zeros((height, 8), np.uint8),), (longest,))
    model = model_of(experiment, Lines(split, split, split, kept.classes), device)
    try:
        model.network.load_state_dict(kept.weights)
    except RuntimeError as error:
        raise CheckpointError(
            f"{path}: its weights are not those of {experiment.network} alone; give best.pt or last.pt of a training, or what "
            f"--save kept (training.pt is for going on with it)"
        ) from error
    model.network.eval()
    return model
