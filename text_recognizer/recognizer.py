"""Reading pictures of lines with a trained network: `Recognizer("weights/....pt").read([...])`.

>>> from text_recognizer.recognizer import Recognizer           # doctest: +SKIP
>>> Recognizer("best.pt").read(["line.png"])                    # doctest: +SKIP
[Reading(source='line.png', text='Ceci est mon testament', confidence=0.93, error='', ...)]
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
from text_recognizer.data.baselines import along
from text_recognizer.data.fitting import fit_of
from text_recognizer.data.line_images import prepared, with_even_contrast
from text_recognizer.data.line_set import Lines, LineSplit
from text_recognizer.data.options import IamParagraphOptions
from text_recognizer.errors import CheckpointError, ExperimentError
from text_recognizer.experiment import Experiment, read
from text_recognizer.metrics import Character, Prediction, words_of
from text_recognizer.models.fusion import Fusion
from text_recognizer.models.line_model import LinesByWidth
from text_recognizer.models.trust import AS_IT_IS
from text_recognizer.sources import Choice, Found, Source, found_in
from text_recognizer.training import language_file
from text_recognizer.training.checkpoints import Checkpoint, load
from text_recognizer.training.language_file import Language, weights_digest

_BATCH = 64


@dataclass(frozen=True)
class Piece:
    """A character or a word that was read, how likely it is to be right (0 to 1), and from where to where it reaches: x in pixels
    of the given picture, of a page's line along its baseline, and the y of a page on its side; `share`: the same as shares of
    the line. ResnetTransformer does not say where, nor does any network that writes token by token with characters from right
    to left."""

    text: str
    confidence: float
    start: float | None
    end: float | None
    share: tuple[float, float] | None = None


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
    """A line ready for the network; where its columns are in the given piece of a picture (W + 1,), whose width that is; and the
    x of each of that piece's columns in its page, where it was cut from one."""

    image: np.ndarray
    across: np.ndarray
    width: int
    columns: np.ndarray | None = None


class Recognizer:
    """A trained network for lines, rebuilt from its checkpoint. Raises CheckpointError where that cannot be used.

    With more than one of `beams` it reads by beam search; with a language model it always does. With 3 or 9 `looks` it looks at
    each line so often (see `models.looks`): as many times slower, and better.
    """

    def __init__(self, checkpoint: str | Path, device: str = "cpu", beams: int = 1, looks: int = 1) -> None:
        self.checkpoint = Path(checkpoint)
        kept = load(self.checkpoint)
        self.experiment = _of_lines(kept, self.checkpoint)
        self.device = _device(device)
        self.height = int(kept.about.get("height") or 32)
        self.model = _rebuilt(self.experiment, kept, self.checkpoint, self.height, self.device)
        self.model.beams, self.model.looks, self.model.resident_on = beams, looks, ()
        self._digest = weights_digest(kept.weights)
        self._beside: list[tuple[Language | None, Fusion | None]] = []

    def read(
        self,
        sources: Iterable[Source] | Source,
        *,
        recursive: bool = False,
        pages: bool | None = None,
        turn: int | None = None,
        lm: bool = True,
    ) -> list[Reading]:
        """One reading per line, in order: pictures of lines or pages (paths, images of Pillow's, arrays: see
        `pictures.grey_array`), ALTO or PAGE files, and folders of these; a picture that a page's file names is read by its
        lines alone. The lines of a page are named `FILE#LINE`.

        What cannot be read has an `error` in place of a text; the rest goes on. `recursive`: also folders within folders.
        `pages`: pictures without XML are pages (True), or lines (False); None: as their shape says, see `sources.found_in`.
        `turn`: they are turned clockwise by so many degrees to be read, 0, 90, 180 or 270; None: a page that is read far more
        surely in another turn is read in that.
        `lm`: whether the language model beside the checkpoint is used, where there is one. Raises CheckpointError where that
        cannot be used, unless `lm` is off, and TypeError for what holds no sources at all.
        """
        return list(self.stream(sources, recursive=recursive, pages=pages, turn=turn, lm=lm))

    def stream(
        self,
        sources: Iterable[Source] | Source,
        *,
        recursive: bool = False,
        pages: bool | None = None,
        turn: int | None = None,
        lm: bool = True,
    ) -> Iterator[Reading]:
        """What `read` gives, line by line, with no more than 64 lines in memory: a source is looked at when its turn comes."""
        return (reading for _, reading in self.with_places(sources, Choice(recursive, pages, turn), lm=lm))

    def with_places(
        self, sources: Iterable[Source] | Source, choice: Choice, *, lm: bool = True
    ) -> Iterator[tuple[Found, Reading]]:
        """The same with what was found, whose line has a place on its sheet."""
        self._kept_beside(forgiving=not lm)
        found = found_in(sources, self._own(choice))
        while lines := list(islice(found, _BATCH)):
            yield from zip(lines, self._read(lines, lm=lm), strict=True)

    def _own(self, choice: Choice) -> Choice:
        """The same for this network, which tells which way up a page is; one that learned whole paragraphs gets them whole."""
        whole = isinstance(self.experiment.dataset_args, IamParagraphOptions) and choice.pages is None
        return replace(choice, sure=self._sureness, pages=False if whole else choice.pages)

    def _read(self, found: Sequence[Found], *, lm: bool) -> list[Reading]:
        calibrated = self._prepare(lm)
        lines = [self._line(each) for each in found]
        answers = iter(self._answers([line.image for line in lines if line]))
        return [
            self._told(each.source, line, next(answers), calibrated=calibrated)
            if line
            else Reading(each.source, error=each.error)
            for each, line in zip(found, lines, strict=True)
        ]

    def _line(self, found: Found) -> _Line | None:
        """None where there is nothing to read. A line that was cut out of its sheet was cut along its baseline."""
        if found.grey is None:
            return None
        is_whole = found.line is None or (found.grey.shape[::-1] == found.sheet.size and not found.line.turn)
        return self._ready(found.grey, None if is_whole or found.line is None else along(found.line))

    def _sureness(self, greys: Sequence[np.ndarray]) -> list[float]:
        """How sure the network by itself is of each of some pictures of lines, greedily and at one look; of nothing it is not."""
        model = self.model
        kept = model.fusion, model.trust, model.beams, model.looks
        model.fusion, model.trust, model.beams, model.looks = None, AS_IT_IS, 1, 1
        try:
            answers = self._answers([self._ready(grey).image for grey in greys])
        finally:
            model.fusion, model.trust, model.beams, model.looks = kept
        return [each.confidence if each.prediction.strip() else 0.0 for each in answers]

    def _prepare(self, lm: bool) -> bool:
        """Reads with the language model or without from now on; whether confidences are calibrated."""
        language, fusion = self._kept_beside(forgiving=not lm)
        self.model.fusion = fusion if lm else None
        trusts = language and (language.trust_with if self.model.fusion else language.trust_without)
        self.model.trust = trusts or AS_IT_IS
        return language is not None

    def use_language(self) -> None:
        """Whoever reads by `model` reads with the language model beside the checkpoint from now on. Raises CheckpointError where
        there is none, it was found to be of no use, or it cannot be used."""
        self._prepare(lm=True)
        if self.model.fusion is None:
            what = f"{self.checkpoint}: no language model lies beside it, or none that helps"
            raise CheckpointError(f"{what}; `python -m text_recognizer.language` makes one")

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

    def _told(self, source: str, line: _Line, read: Prediction, *, calibrated: bool) -> Reading:
        characters = tuple(_piece((c,), c.confidence, line) for c in read.characters)
        words = tuple(_piece(word, self.model.trust.word(word), line) for word in words_of(read.characters))
        return Reading(source, read.prediction, read.confidence, "", calibrated, characters, words)

    @property
    def preparation(self) -> dict[str, bool]:
        """What `prepared` is asked for, by the data that the network has learned from: `fit` and `upright`."""
        return {name: bool(getattr(self.experiment.dataset_args, name, False)) for name in ("fit", "upright")}

    def _ready(self, grey: np.ndarray, columns: np.ndarray | None = None) -> _Line:
        """The line as the network reads it. `columns`: x of each column in the page it was cut from."""
        asked = self.preparation
        image = prepared(grey, self.height, **asked)
        width, own = grey.shape[1], grey.shape[1] * self.height / grey.shape[0]
        start, end = 0.0, float(width)
        if asked["fit"]:
            fit = fit_of(with_even_contrast(grey))
            start, end, own = fit.column(0.0), fit.column(1.0), fit.aspect * self.height
        sides = max(0.0, image.shape[1] - max(own, 8)) / 2  # what a line that was set upright has become wider by
        x = start + (np.arange(image.shape[1] + 1) - sides) * (end - start) / max(own, 8)
        return _Line(image, np.clip(x, 0, width), width, columns)

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
    extents = [c.extent for c in characters if c.extent]
    if len(extents) < len(characters):
        return Piece(text, confidence, None, None)
    # From right to left the first stands last.
    reach = np.array([min(start for start, _ in extents), max(end for _, end in extents)]) * (len(line.across) - 1)
    within = np.interp(reach, np.arange(len(line.across)), line.across)
    start, end = within if line.columns is None else np.interp(within, np.arange(len(line.columns)), line.columns)
    share = float(within[0]) / line.width, float(within[1]) / line.width
    return Piece(text, confidence, round(float(start), 1), round(float(end), 1), share)


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
