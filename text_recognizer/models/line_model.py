"""Reading a line as a sequence: connectionist temporal classification (Graves et al. 2006), read greedily."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from text_recognizer.data.line_set import Lines, LineSplit
from text_recognizer.metrics import Prediction, character_error_rate, collapse, word_error_rate
from text_recognizer.models.augmentation import Augmentation
from text_recognizer.models.ctc_beam import best_text
from text_recognizer.models.looks import looked_at
from text_recognizer.models.model import Model
from text_recognizer.models.pixels import as_float
from text_recognizer.models.positions import inside
from text_recognizer.models.resident import LinesOnDevice, fits

_WIDTH_STEP = 32


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
    resident_on = ("cuda",)

    def __init__(self, network: nn.Module, data: Lines) -> None:
        self.network, self.alphabet = network, data.classes
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
        images_BHW, widths_B = augmentation.of(as_float(batch.images), batch.widths)
        return replace(batch, images=images_BHW, widths=widths_B)

    def figures(self, predictions: list[Prediction]) -> dict[str, float]:
        """The micro character and word error rates, 0 or more."""
        return {"cer": character_error_rate(predictions), "wer": word_error_rate(predictions)}

    def images(self, batch: LineBatch) -> list[np.ndarray]:
        """The images of a batch without their padding, uint8 (height, width) each."""
        return [x[:, :w] for x, w in zip(batch.images.cpu().numpy(), batch.widths.tolist(), strict=True)]

    def _kept_on(self, device: torch.device, split: LineSplit) -> LinesOnDevice | None:
        """The split on the device, brought there the first time it is asked for; nothing where it is too large for that."""
        if device.type not in self.resident_on or not fits(sum(image.size for image in split.images)):
            return None
        key = (id(split), device)
        if key not in self._resident:
            self._resident[key] = split, LinesOnDevice(split.images, device)  # with the split, so that its id stays its own
        return self._resident[key][1]

    def _batch(self, images: torch.Tensor, widths: torch.Tensor, texts: tuple[str, ...]) -> LineBatch:
        known = [[self._class_of[c] for c in text if c in self._class_of] for text in texts]
        classes = torch.tensor([k for text in known for k in text])
        lengths = torch.tensor([len(text) for text in known])
        classes, lengths = (values.to(images.device, non_blocking=True) for values in (classes, lengths))
        return LineBatch(images, widths, texts, classes, lengths)


class LineModelCtc(LinesByWidth):
    """A network of lines -> logits per frame (blank first), with the CTC loss and greedy reading."""

    def __init__(self, network: nn.Module, data: Lines, shortcut_weight: float = 0.1) -> None:
        super().__init__(network, data)
        self.shortcut_weight = shortcut_weight

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

    def predict(self, batch: LineBatch) -> list[Prediction]:
        """The best path of every line; with several beams, the likeliest text over all of its paths.

        The confidence is the probability of that path, or of that text, per frame (its geometric mean).
        """
        scores_BTC, frames_B = looked_at(self.network, as_float(batch.images), batch.widths, self.looks)
        if self.beams > 1:
            answers = [best_text(s[:n], self.beams) for s, n in zip(scores_BTC.cpu().numpy(), frames_B.tolist(), strict=True)]
            texts = [self._spelt(classes) for classes, _ in answers]
            totals = torch.tensor([total for _, total in answers])
        else:
            score_BT, best_BT = scores_BTC.max(dim=-1)
            inside_BT = inside(frames_B, score_BT.shape[1])
            totals = (score_BT * inside_BT).sum(dim=1).cpu()
            texts = [self.text_of(b[:n]) for b, n in zip(best_BT.tolist(), frames_B.tolist(), strict=True)]
        confidences = (totals / frames_B.cpu()).exp().tolist()
        return [Prediction(*row) for row in zip(batch.texts, texts, confidences, strict=True)]

    def text_of(self, best_path: list[int]) -> str:
        """The text of a best path of classes."""
        return self._spelt(collapse(best_path))

    def _spelt(self, classes: list[int]) -> str:
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
