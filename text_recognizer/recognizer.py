"""Reading pictures of lines with a trained network: `Recognizer("weights/....pt").read([...])`.

>>> from text_recognizer.recognizer import Recognizer           # doctest: +SKIP
>>> Recognizer("best.pt").read(["line.png"])                    # doctest: +SKIP
[Reading(source='line.png', text='Ceci est mon testament', confidence=0.93, error='')]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from text_recognizer.building import model_of
from text_recognizer.catalog import DATASETS, LINES
from text_recognizer.data.line_images import prepared
from text_recognizer.data.line_set import Lines, LineSplit
from text_recognizer.data.options import IamParagraphOptions
from text_recognizer.errors import CheckpointError, ExperimentError
from text_recognizer.experiment import Experiment, read
from text_recognizer.models.line_model import LineBatch
from text_recognizer.models.model import Reader
from text_recognizer.sources import Choice, Found, Source, found_in
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

    With more than one of `beams` it reads by beam search: slower, sometimes a little better.
    """

    def __init__(self, checkpoint: str | Path, device: str = "cpu", beams: int = 1) -> None:
        kept = load(Path(checkpoint))
        self.experiment = _of_lines(kept, Path(checkpoint))
        self.device = _device(device)
        self.height = int(kept.about.get("height") or 32)
        self.model = _rebuilt(self.experiment, kept, Path(checkpoint), self.height, self.device)
        self.model.beams, self.model.resident_on = beams, ()

    def read(self, sources: Iterable[Source] | Source, *, recursive: bool = False, pages: bool | None = None) -> list[Reading]:
        """One reading per line, in order: pictures of lines or pages (paths, images of Pillow's, arrays: see
        `pictures.grey_array`), ALTO or PAGE files, and folders of these; a picture that a page's file names is read by its
        lines alone. The lines of a page are named `FILE#LINE`.

        What cannot be read has an `error` in place of a text; the rest goes on. `recursive`: also folders within folders.
        `pages`: pictures without XML are pages (True), or lines (False); None: as their shape says, see `sources.found_in`.
        """
        return list(self.stream(sources, recursive=recursive, pages=pages))

    def stream(
        self, sources: Iterable[Source] | Source, *, recursive: bool = False, pages: bool | None = None
    ) -> Iterator[Reading]:
        """What `read` gives, line by line, with no more than 64 lines in memory: a source is looked at when its turn comes."""
        return (reading for _, reading in self.with_places(sources, Choice(recursive, pages)))

    def with_places(self, sources: Iterable[Source] | Source, choice: Choice) -> Iterator[tuple[Found, Reading]]:
        """The same with what was found, whose line has a place on its sheet."""
        found = found_in(sources, self._whole(choice))
        while lines := list(islice(found, _BATCH)):
            yield from zip(lines, self._read(lines), strict=True)

    def _whole(self, choice: Choice) -> Choice:
        """Whoever learned to read whole paragraphs gets them whole."""
        reads_paragraphs = isinstance(self.experiment.dataset_args, IamParagraphOptions)
        return replace(choice, pages=False) if reads_paragraphs and choice.pages is None else choice

    def _read(self, lines: Sequence[Found]) -> Iterator[Reading]:
        answers = iter(self._answers([self._prepared(line.grey) for line in lines if line.grey is not None]))
        for line in lines:
            yield Reading(line.source, error=line.error) if line.grey is None else Reading(line.source, *next(answers))

    def _prepared(self, grey: np.ndarray) -> np.ndarray:
        return prepared(grey, self.height, upright=bool(getattr(self.experiment.dataset_args, "upright", False)))

    @torch.no_grad()
    def _answers(self, images: Sequence[np.ndarray]) -> list[tuple[str, float]]:
        """Text and confidence of every image, in order; each line carries its number through the batches as its text."""
        split = LineSplit(tuple(images), tuple(map(str, range(len(images)))))
        answers: dict[int, tuple[str, float]] = {}
        for batch in self.model.batches(split, _BATCH, self.device) if images else ():
            answers |= {int(p.target): (p.prediction, p.confidence) for p in self.model.predict(batch)}
        return [answers[i] for i in range(len(images))]


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
