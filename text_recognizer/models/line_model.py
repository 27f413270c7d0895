"""Reading a line as a sequence: connectionist temporal classification (Graves et al. 2006), read greedily."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from text_recognizer.data.directions import as_read, as_seen, runs_right_to_left
from text_recognizer.data.line_set import Lines, LineSplit
from text_recognizer.metrics import Character, Prediction, character_error_rate, word_error_rate
from text_recognizer.models.augmentation import Augmentation
from text_recognizer.models.ctc_beam import best_text
from text_recognizer.models.ctc_path import BLANK, best_path, extents, peaks, shares
from text_recognizer.models.fusion import Fusion
from text_recognizer.models.lab_transform import transformed
from text_recognizer.models.looks import looked_at
from text_recognizer.models.model import Model
from text_recognizer.models.pixels import as_float
from text_recognizer.models.resident import LinesOnDevice, fits
from text_recognizer.models.trust import AS_IT_IS, Trust

_WIDTH_STEP = 32
Seen = tuple[torch.Tensor, torch.Tensor]
"""What a network makes of a batch of lines before any text is searched for, and where it is there."""


@dataclass(frozen=True)
class LineBatch:
    """Images uint8, or float in 0..1, (B, H, W), padded with zeros on the right; true widths (B,); texts; and the same
    texts as classes.

    `classes` int64 holds all texts one after another, `lengths` (B,) their lengths, without the characters that are not
    among the classes. W is a multiple of 32.
    """

    images: torch.Tensor
    widths: torch.Tensor
    texts: tuple[str, ...]
    classes: torch.Tensor
    lengths: torch.Tensor

    def __len__(self) -> int:
        return len(self.texts)


class LinesByWidth(Model[LineSplit, LineBatch]):
    """What all readers of lines have in common: batches of lines of about one width, and the error rate."""

    metric, goal = "cer", "minimize"
    unit = "lines"
    resident_on: tuple[str, ...] = ("cuda",)
    fusion: Fusion | None = None
    """The language model that texts are searched with."""
    trust: Trust = AS_IT_IS
    """What is made of the network's probabilities to get confidences."""

    def __init__(self, network: nn.Module, data: Lines) -> None:
        self.network, self.alphabet = network, data.classes
        self.transform = getattr(data, "transform", None)
        self._class_of = {c: k for k, c in enumerate(data.classes, start=1)}
        self._resident: dict[tuple[int, torch.device], tuple[LineSplit, LinesOnDevice]] = {}

    def batches(
        self, split: LineSplit, size: int, device: torch.device, rng: np.random.Generator | None = None
    ) -> Iterator[LineBatch]:
        """The whole split in batches of lines of about the same width, in a random order where a generator is given.

        A batch has as many pixels, padding included, as `size` lines of the mean width, and of wide lines fewer.
        """
        kept = self._kept_on(device, split)
        for chosen in _neighbours([image.shape[1] for image in split.images], size, rng):
            widest = max(split.images[i].shape[1] for i in chosen)
            width = -(-widest // _WIDTH_STEP) * _WIDTH_STEP
            if kept:
                images_BHW, widths_B = kept.batch(torch.from_numpy(chosen).to(device, non_blocking=True), width)
            else:
                images_BHW, widths_B = _padded([split.images[i] for i in chosen], width, device)
            yield self._batch(images_BHW, widths_B, tuple(split.texts[i] for i in chosen))

    @staticmethod
    def needed(data: Lines) -> dict[str, int]:
        """What a checkpoint must say of the data, beside the classes, to read other lines later."""
        return {"height": data.train.images[0].shape[0], "longest": max(map(len, data.train.texts))}

    def varied(self, batch: LineBatch, augmentation: Augmentation) -> LineBatch:
        """The batch with its images changed at random; they become floats in 0..1."""
        images_BHW, widths_B = as_float(batch.images), batch.widths
        if self.transform:
            images_BHW, widths_B = transformed(images_BHW, widths_B, self.transform)
        images_BHW, widths_B = augmentation.of(images_BHW, widths_B)
        return replace(batch, images=images_BHW, widths=widths_B)

    def look(self, batch: LineBatch) -> Seen:
        """The network's part of reading, the same whatever language model is used."""
        raise NotImplementedError

    def read(self, batch: LineBatch, seen: Seen) -> list[Prediction]:
        """The other part: one prediction for each line."""
        raise NotImplementedError

    def predict(self, batch: LineBatch) -> list[Prediction]:
        """What is read in every line, with how sure that is."""
        return self.read(batch, self.look(batch))

    @property
    def hypotheses(self) -> int:
        """How many texts of a line are followed: as asked for, or what the language model was weighed with."""
        return self.fusion.weights.beams if self.fusion and self.beams == 1 else self.beams

    def figures(self, predictions: list[Prediction]) -> dict[str, float]:
        """The micro character and word error rates, 0 or more."""
        return {"cer": character_error_rate(predictions), "wer": word_error_rate(predictions)}

    def images(self, batch: LineBatch) -> list[np.ndarray]:
        """The images of a batch without their padding, uint8 (height, width) each."""
        return [x[:, :w] for x, w in zip(batch.images.cpu().numpy(), batch.widths.tolist(), strict=True)]

    def order_of(self, text: str) -> str:
        """The characters of a text in the order in which the network gives them."""
        return text

    def _kept_on(self, device: torch.device, split: LineSplit) -> LinesOnDevice | None:
        """The split on the device, brought there the first time it is asked for; nothing where it is too large for that."""
        if device.type not in self.resident_on or not fits(sum(image.size for image in split.images)):
            return None
        key = (id(split), device)
        if key not in self._resident:
            self._resident[key] = split, LinesOnDevice(split.images, device)  # with the split, so that its id stays its own
        return self._resident[key][1]

    def _batch(self, images: torch.Tensor, widths: torch.Tensor, texts: tuple[str, ...]) -> LineBatch:
        known = [[self._class_of[c] for c in self.order_of(text) if c in self._class_of] for text in texts]
        classes = torch.tensor([k for text in known for k in text])
        lengths = torch.tensor([len(text) for text in known])
        classes, lengths = (values.to(images.device, non_blocking=True) for values in (classes, lengths))
        return LineBatch(images, widths, texts, classes, lengths)


class LineModelCtc(LinesByWidth):
    """A network of lines -> logits per frame (blank first), with the CTC loss and greedy reading.

    With an alphabet that has characters from right to left, it gives those of a line as they stand on the paper.
    """

    def __init__(self, network: nn.Module, data: Lines, shortcut_weight: float = 0.1) -> None:
        super().__init__(network, data)
        self.shortcut_weight = shortcut_weight
        self._turns = runs_right_to_left(data.classes)

    @staticmethod
    def classes_of(data: Lines) -> int:
        """The number of logits that the network must give: the blank and the alphabet."""
        return 1 + len(data.classes)

    def loss(self, batch: LineBatch) -> torch.Tensor:
        """The CTC loss per line of both heads, a scalar; in float32 whatever the network computes in."""
        main, shortcut, frames_B = self.network(as_float(batch.images), batch.widths)
        loss, losses_B = self._ctc(main, frames_B, batch)
        # PyTorch makes an infinite loss 0; no other is: a text has a probability below 1.
        self.too_short = self.too_short + ((losses_B.detach() == 0) & (batch.lengths > 0)).sum()
        return loss if shortcut is None else loss + self.shortcut_weight * self._ctc(shortcut, frames_B, batch)[0]

    def look(self, batch: LineBatch) -> Seen:
        """The log-probabilities of all frames (B, T, classes), in float32, and the true number of frames (B,), on the CPU."""
        scores_BTC, frames_B = looked_at(self.network, as_float(batch.images), batch.widths, self.looks)
        return scores_BTC.cpu(), frames_B.cpu()

    def read(self, batch: LineBatch, seen: Seen) -> list[Prediction]:
        """The best path of every line; with several beams, or with a language model, the best text over all of its paths."""
        lines = zip(seen[0].numpy(), seen[1].tolist(), strict=True)
        return [self._prediction(t, scores[:frames]) for t, (scores, frames) in zip(batch.texts, lines, strict=True)]

    def _prediction(self, target: str, scores: np.ndarray) -> Prediction:
        searched = self.fusion or self.hypotheses > 1
        path = best_text(scores, self.hypotheses, self.fusion)[0] if searched else best_path(scores.argmax(axis=1))
        at = peaks(path, scores)
        letters = self.text_of(path.classes)
        certain = shares(path, at, scores, self.fusion)
        nothing = float(np.exp(scores[:, BLANK].mean())) if len(scores) else 0.0
        read = self.trust.prediction(target, list(zip(letters, certain, strict=True)), extents(at, len(scores)), nothing)
        return _turned(read) if self._turns else read

    def order_of(self, text: str) -> str:
        """The characters of a text from left to right, as the frames are."""
        return as_seen(text) if self._turns else text

    def text_of(self, classes: list[int]) -> str:
        """The characters of classes without blanks, from left to right."""
        return "".join(self.alphabet[k - 1] for k in classes)

    def _ctc(self, logits_BTC: torch.Tensor, frames_B: torch.Tensor, batch: LineBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """The loss per line, a scalar, and that of every line (B,): 0 where no path has room for the text."""
        scores_TBC = logits_BTC.float().log_softmax(dim=-1).transpose(0, 1)
        losses_B = nn.functional.ctc_loss(
            scores_TBC, batch.classes, frames_B, batch.lengths, reduction="none", zero_infinity=True
        )
        return losses_B.sum() / len(batch), losses_B


def _padded(images: list[np.ndarray], width: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """The images as uint8 (B, H, width), padded with zeros on the right, and their widths (B,), on the device."""
    padded = np.zeros((len(images), images[0].shape[0], width), np.uint8)
    for row, image in zip(padded, images, strict=True):
        row[:, : image.shape[1]] = image
    widths = torch.tensor([image.shape[1] for image in images])
    return torch.from_numpy(padded).to(device, non_blocking=True), widths.to(device, non_blocking=True)


def _neighbours(widths: list[int], size: int, rng: np.random.Generator | None) -> list[np.ndarray]:
    """The numbers of all lines in groups of about the same width, each within the room of `size` mean lines.

    With a generator, lines within a width step are mixed and the groups come in a random order.
    """
    steps = np.ceil(np.array(widths) / _WIDTH_STEP)
    order = np.argsort(steps, kind="stable") if rng is None else np.lexsort((rng.random(len(widths)), steps))
    groups = np.split(order, _cuts(steps[order], size * float(steps.mean())))
    return groups if rng is None else [groups[i] for i in rng.permutation(len(groups))]


def _cuts(steps: np.ndarray, room: float) -> list[int]:
    """Where to cut lines of rising width, so that each group, padded to its last line, stays within the room."""
    cuts, first = [], 0
    for i, step in enumerate(steps):
        if i > first and step * (i + 1 - first) > room:
            cuts.append(i)
            first = i
    return cuts


def _turned(read: Prediction) -> Prediction:
    """What was read from left to right, in the order of reading; its characters too."""
    text = as_read(read.prediction)
    left = list(reversed(read.characters))
    return replace(read, prediction=text, characters=tuple(_taken(character, left) for character in text))


def _taken(character: str, left: list[Character]) -> Character:
    """The character out of those that are left; one that is composed of several now, or was mirrored, out of theirs."""
    known = any(c.text == character for c in left)
    parts = [
        left.pop(next((i for i, c in enumerate(left) if c.text == part), 0))
        for part in ([character] if known else unicodedata.normalize("NFD", character))
        if left
    ]
    extents = [c.extent for c in parts if c.extent]
    extent = (min(start for start, _ in extents), max(end for _, end in extents)) if extents else None
    return Character(character, math.prod(c.confidence for c in parts), extent)
