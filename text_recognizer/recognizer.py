"""Reading pictures of lines with a trained network: `Recognizer("weights/....pt").read([...])`.

>>> from text_recognizer.recognizer import Recognizer           # doctest: +SKIP
>>> Recognizer("best.pt").read(["line.png"])                    # doctest: +SKIP
[Reading(source='line.png', text='Ceci est mon testament', confidence=0.93, error='', ...)]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from text_recognizer.building import model_of
from text_recognizer.catalog import DATASETS, LINES
from text_recognizer.data.baselines import along
from text_recognizer.data.line_images import PICTURES, open_grey, prepared
from text_recognizer.data.line_pages import line_images
from text_recognizer.data.line_set import Lines, LineSplit
from text_recognizer.data.page_xml import is_page, read_page
from text_recognizer.errors import CheckpointError, DataError, ExperimentError
from text_recognizer.experiment import Experiment, read
from text_recognizer.metrics import Character, Prediction, words_of
from text_recognizer.models.fusion import Fusion
from text_recognizer.models.line_model import LinesByWidth
from text_recognizer.models.trust import AS_IT_IS
from text_recognizer.training import language_file
from text_recognizer.training.checkpoints import Checkpoint, load
from text_recognizer.training.language_file import Language, weights_digest

_BATCH = 64


@dataclass(frozen=True)
class Piece:
    """A character or a word that was read, how likely it is to be right (0 to 1), and from where to where it reaches: x in pixels
    of the given picture, of a page's line along its baseline. Networks that write token by token do not say where."""

    text: str
    confidence: float
    start: float | None
    end: float | None


@dataclass(frozen=True)
class Reading:
    """What was read from one line, and how sure that is (0 to 1): the share of its characters that should be right; or why it
    could not be read. `calibrated`: whether the confidences were fitted to lines that nothing was learned from."""

    source: str
    text: str = ""
    confidence: float = 0.0
    error: str = ""
    calibrated: bool = False
    characters: tuple[Piece, ...] = ()
    words: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class _Line:
    """A line ready for the network, and where its columns are in the given picture: x at both ends and evenly between, or at
    every point along a baseline (W,)."""

    image: np.ndarray
    across: np.ndarray


class Recognizer:
    """A trained network for lines, rebuilt from its checkpoint. Raises CheckpointError where that cannot be used.

    With more than one of `beams` it reads by beam search; with a language model it always does.
    """

    def __init__(self, checkpoint: str | Path, device: str = "cpu", beams: int = 1) -> None:
        self.checkpoint = Path(checkpoint)
        kept = load(self.checkpoint)
        self.experiment = _of_lines(kept, self.checkpoint)
        self.device = _device(device)
        self.height = int(kept.about.get("height") or 32)
        self.model = _rebuilt(self.experiment, kept, self.checkpoint, self.height, self.device)
        self.model.beams, self.model.resident_on = beams, ()
        self._digest = weights_digest(kept.weights)
        self._beside: list[tuple[Language | None, Fusion | None]] = []

    def read(self, sources: Iterable[str | Path | np.ndarray], *, lm: bool = True) -> list[Reading]:
        """One reading per line, in order: pictures of lines (a path, or a grey array uint8 (height, width)), ALTO or PAGE files,
        whose readings are named `FILE#LINE`, and folders of both; a picture that a page's file names is read by its lines alone.

        What cannot be read has an `error` in place of a text; the rest goes on. `lm`: whether the language model beside the
        checkpoint is used, where there is one. Raises CheckpointError where that cannot be used, unless `lm` is off.
        """
        calibrated = self._prepare(lm)
        found = [entry for source in sources for entry in self._lines(source)]
        lines = [line for reading, line in found if line is not None]
        answers = iter(self._answers([line.image for line in lines]))
        return [
            reading if line is None else self._told(reading, line, next(answers), calibrated=calibrated)
            for reading, line in found
        ]

    def _prepare(self, lm: bool) -> bool:
        """Reads with the language model or without from now on; whether confidences are calibrated."""
        language, fusion = self._kept_beside(forgiving=not lm)
        self.model.fusion = fusion if lm else None
        trusts = language and (language.trust_with if self.model.fusion else language.trust_without)
        self.model.trust = trusts or AS_IT_IS
        return language is not None

    def _kept_beside(self, *, forgiving: bool) -> tuple[Language | None, Fusion | None]:
        """What lies beside the checkpoint, read once. `forgiving`: what cannot be used is as if there were nothing."""
        if not self._beside:
            try:
                language = language_file.load(self.checkpoint, self._digest, self.model.alphabet)
            except CheckpointError:
                if not forgiving:
                    raise
                return None, None
            self._beside.append((language, language.fused() if language else None))
        return self._beside[0]

    def _told(self, reading: Reading, line: _Line, read: Prediction, *, calibrated: bool) -> Reading:
        characters = tuple(_piece((c,), c.confidence, line) for c in read.characters)
        words = tuple(_piece(word, self.model.trust.word(word), line) for word in words_of(read.characters))
        return Reading(reading.source, read.prediction, read.confidence, "", calibrated, characters, words)

    def _lines(self, source: str | Path | np.ndarray) -> Iterator[tuple[Reading, _Line | None]]:
        """Each line of a source, ready for the network; or the reading that says what is wrong."""
        if isinstance(source, np.ndarray):
            yield Reading("array"), self._ready(source)
            return
        path = Path(source)
        try:
            if path.is_dir():
                for entry in _entries(path):
                    yield from self._lines(entry)
            elif path.suffix.lower() == ".xml":
                yield from self._lines_of_page(path)
            else:
                yield Reading(str(path)), self._ready(open_grey(path))
        except DataError as error:
            yield Reading(str(path), error=str(error)), None

    def _lines_of_page(self, path: Path) -> Iterator[tuple[Reading, _Line | None]]:
        page = read_page(path)
        if not page.lines and not page.left_out:
            raise DataError(
                f"{path}: no line is marked in it (no TextLine); mark its lines first, with eScriptorium for instance"
            )
        for line, image in zip(page.lines, line_images(page), strict=True):
            yield Reading(f"{path}#{line.id}"), self._ready(image, along(line))
        for name, why in page.left_out:
            yield Reading(f"{path}#{name}", error=f"{path}: line {name!r} cannot be read: {why}; mend or remove it"), None

    def _ready(self, grey: np.ndarray, columns: np.ndarray | None = None) -> _Line:
        """The line as the network reads it. `columns`: x of each column in the page it was cut from."""
        image = prepared(grey, self.height, upright=bool(getattr(self.experiment.dataset_args, "upright", False)))
        width, own = grey.shape[1], grey.shape[1] * self.height / grey.shape[0]
        sides = max(0.0, image.shape[1] - max(own, 8)) / 2  # what a line that was set upright has become wider by
        x = (np.arange(image.shape[1] + 1) - sides) * width / max(own, 8)
        return _Line(image, np.clip(x, 0, width) if columns is None else np.interp(x, np.arange(len(columns)), columns))

    @torch.no_grad()
    def _answers(self, images: Sequence[np.ndarray]) -> list[Prediction]:
        """What is read in every image, in order; each line carries its number through the batches as its text."""
        split = LineSplit(tuple(images), tuple(map(str, range(len(images)))))
        answers: dict[int, Prediction] = {}
        for batch in self.model.batches(split, _BATCH, self.device) if images else ():
            answers |= {int(p.target): p for p in self.model.predict(batch)}
        return [answers[i] for i in range(len(images))]


def _piece(characters: Sequence[Character], confidence: float, line: _Line) -> Piece:
    text = "".join(c.text for c in characters)
    first, last = characters[0].extent, characters[-1].extent
    if first is None or last is None:
        return Piece(text, confidence, None, None)
    start, end = np.interp(np.array([first[0], last[1]]) * (len(line.across) - 1), np.arange(len(line.across)), line.across)
    return Piece(text, confidence, round(float(start), 1), round(float(end), 1))


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


def _rebuilt(experiment: Experiment, kept: Checkpoint, path: Path, height: int, device: torch.device) -> LinesByWidth:
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
    assert isinstance(model, LinesByWidth)
    return model
