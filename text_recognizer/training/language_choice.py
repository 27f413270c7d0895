"""After a training of lines: a language model of its texts, its weights, and confidences that can be trusted.

Every third line of `val` chooses (`CHOOSING` at most); what is reported is of the others, which chose nothing here.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from text_recognizer.data.line_set import LineSplit, one_line, read_text
from text_recognizer.metrics import Prediction, matched, words_of
from text_recognizer.models.fusion import Fusion, Weights
from text_recognizer.models.line_model import LineBatch, LinesByWidth, Seen
from text_recognizer.models.ngrams import Level, Ngrams, counted
from text_recognizer.models.trust import AS_IT_IS, Trust, calibration_error, fitted
from text_recognizer.training import checkpoints, language_file
from text_recognizer.training.language_file import Language
from text_recognizer.training.options import TrainOptions

CHOOSING = 200
_EVERY = 3
_BATCH = 128
_LONGEST, _SHORTEST, _MOST_NGRAMS = 8, 3, 1_000_000
_BEAMS = 12
_HOPELESS = 0.7
"""A network with so many errors guesses; a language model would make fluent texts of nothing, slowly."""
_WEIGHTS, _BONUSES = (0.5, 0.3, 0.8), (1.0, 0.3, 1.8, 2.5)


@dataclass(frozen=True)
class _Looked:
    """Lines with what the network has made of them: to search them again costs no network."""

    model: LinesByWidth
    batches: Sequence[tuple[LineBatch, Seen]]

    def read(self, fusion: Fusion | None = None, trust: Trust = AS_IT_IS) -> list[Prediction]:
        before = self.model.fusion, self.model.trust
        self.model.fusion, self.model.trust = fusion, trust
        try:
            return [p for batch, seen in self.batches for p in self.model.read(batch, seen)]
        finally:
            self.model.fusion, self.model.trust = before


def made_beside(
    checkpoint: Path,
    model: object,
    data: Any,
    options: TrainOptions,
    device: torch.device,
) -> dict[str, float]:
    """Makes and keeps what `adapted` gives for a checkpoint whose weights the model has; its figures as `val_rest_NAME`, and
    those of the test set with the model as `test_NAME_lm`.

    Nothing for models of characters, or where `train_args.lm` is off.
    """
    if not isinstance(model, LinesByWidth) or not getattr(options, "lm", False):
        return {}
    texts = [*data.train.texts, *texts_asked_for(options)]
    language, figures = adapted(model, data.val, texts, device)
    language_file.save(checkpoint, checkpoints.load(checkpoint).weights, language)
    tested = measured_with(model, data.test, language, device)
    return {
        **{f"val_rest_{name}": figure for name, figure in figures.items()},
        **{f"test_{name}_lm": figure for name, figure in tested.items()},
    }


@torch.no_grad()
def measured_with(model: LinesByWidth, split: LineSplit, language: Language, device: torch.device) -> dict[str, float]:
    """The error rates of a split as `predict` reads it; nothing where the language model is of no help, and is not used."""
    fused = language.fused()
    if fused is None:
        return {}
    reader = copy.copy(model)
    reader.fusion, reader.trust = fused, language.trust_with
    return reader.figures([p for batch in reader.batches(split, _BATCH, device) for p in reader.predict(batch)])


def texts_asked_for(options: TrainOptions) -> list[str]:
    """The lines of the texts that `lm_texts` names. Raises DataError where one cannot be read."""
    return texts_of(getattr(options, "lm_texts", "").split(","))


def texts_of(files: Iterable[str]) -> list[str]:
    """The lines of plain text files as lines of a picture would hold them. Raises DataError where one cannot be read."""
    return [line for name in files if name.strip() for line in _lines(Path(name.strip()).expanduser())]


def _lines(file: Path) -> list[str]:
    return [line for raw in read_text(file, "name a plain text").split("\n") if (line := one_line(raw))]


@torch.no_grad()
def adapted(model: LinesByWidth, val: LineSplit, texts: Sequence[str], device: torch.device) -> tuple[Language, dict[str, float]]:
    """The language model of these texts for a trained model, and figures of the lines of `val` that chose nothing: error rates
    and calibration errors, by name, `..._lm` with it."""
    chosen, rest = (_looked(model, split, device) for split in parted(val))
    plain = chosen.read()
    some = [model.order_of(p.target) for p in plain]
    levels, ngrams = _model([model.order_of(text) for text in texts], model.alphabet, some)
    without = model.figures(plain)["cer"]
    fusion = _weighed(chosen, ngrams, without) if without < _HOPELESS else None
    fused = Fusion(ngrams, fusion) if fusion else None
    trusts = _trusted(chosen.read(fused)) if fused else _trusted(plain), _trusted(plain)
    made = {"order": len(levels), "smoothing": "Kneser-Ney", "bits": ngrams.bits(some, model.alphabet), "texts": len(texts)}
    made |= {"chosen_by": len(some), "reported": sum(len(batch) for batch, _ in rest.batches)}
    language = Language(model.alphabet, tuple(levels), fusion, *trusts, made)
    return language, _figures(rest, fused, language) if rest.batches else {}


def parted(val: LineSplit) -> tuple[LineSplit, LineSplit]:
    """Every third line, and the others."""
    rest = [i for i in range(len(val)) if i % _EVERY]
    return _these(val, list(range(0, len(val), _EVERY))[:CHOOSING]), _these(val, rest)


def _these(split: LineSplit, places: Sequence[int]) -> LineSplit:
    return LineSplit(tuple(split.images[i] for i in places), tuple(split.texts[i] for i in places))


def _looked(model: LinesByWidth, split: LineSplit, device: torch.device) -> _Looked:
    batches = []
    for batch in model.batches(split, _BATCH, device) if len(split) else ():
        batches.append((batch, model.look(batch)))
    return _Looked(model, batches)


def _model(texts: Sequence[str], alphabet: str, some: Sequence[str]) -> tuple[list[Level], Ngrams]:
    """The order that says most about some other texts."""
    levels = counted(texts, alphabet, _LONGEST, _MOST_NGRAMS)
    orders = range(min(_SHORTEST, len(levels)), len(levels) + 1)
    models = {order: Ngrams(levels[:order], alphabet) for order in orders}
    best = min(orders, key=lambda order: models[order].bits(some, alphabet))
    return levels[:best], models[best]


def _weighed(chosen: _Looked, ngrams: Ngrams, without: float) -> Weights | None:
    """The weight and the bonus with the fewest errors, one after the other; nothing where they are no fewer than without."""
    tried: dict[Weights, float] = {}

    def errors(weights: Weights) -> float:
        if weights not in tried:
            tried[weights] = chosen.model.figures(chosen.read(Fusion(ngrams, weights)))["cer"]
        return tried[weights]

    best = min((Weights(weight, 1.0, _BEAMS) for weight in _WEIGHTS), key=errors)
    best = min((Weights(best.weight, bonus, _BEAMS) for bonus in _BONUSES), key=errors)
    return best if errors(best) < without else None


def _trusted(predictions: Sequence[Prediction]) -> Trust:
    """Fitted to predictions whose confidences are the network's own; that of words to products of those of characters."""
    characters = fitted(*_of_characters(predictions))
    raw = Trust(characters, AS_IT_IS.words)
    mapped = [
        raw.prediction(p.target, [(c.text, c.confidence) for c in p.characters], [None] * len(p.characters), 0.0)
        for p in predictions
    ]
    return Trust(characters, fitted(*_of_words(mapped, raw)))


def _of_characters(predictions: Sequence[Prediction]) -> tuple[list[float], list[bool]]:
    """The confidence of every character, and whether it is right."""
    return (
        [c.confidence for p in predictions for c in p.characters],
        [right for p in predictions for right in matched(p.prediction, p.target)],
    )


def _of_words(predictions: Sequence[Prediction], trust: Trust) -> tuple[list[float], list[bool]]:
    return (
        [trust.word(word) for p in predictions for word in words_of(p.characters)],
        [right for p in predictions for right in matched(p.prediction.split(), p.target.split())],
    )


def _figures(rest: _Looked, fused: Fusion | None, language: Language) -> dict[str, float]:
    raw, plain = rest.read(), rest.read(trust=language.trust_without)
    with_model = rest.read(fused, language.trust_with)
    figures = rest.model.figures
    return {
        **figures(plain),
        **{f"{name}_lm": figure for name, figure in figures(with_model).items()},
        "ece_raw": calibration_error(*_of_characters(raw)),
        "ece": calibration_error(*_of_characters(plain)),
        "ece_raw_lm": calibration_error(*_of_characters(rest.read(fused))),
        "ece_lm": calibration_error(*_of_characters(with_model)),
        "word_ece_lm": calibration_error(*_of_words(with_model, language.trust_with)),
    }


def in_words(language: Language) -> str:
    """What was chosen, and by how many lines."""
    made, fusion = language.made, language.fusion
    weighed = f"weight {fusion.weight:g}, bonus {fusion.bonus:g}" if fusion else "of no help, and not used"
    of = f"order {made['order']}, {made['bits']:.2f} bits per character, {weighed}"
    return f"{of}; chosen by {made['chosen_by']} lines of val, figures of {made['reported']} others"
