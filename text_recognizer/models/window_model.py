"""Reading a line by windows of one character each, as the labs began: cross-entropy over the windows, and nothing behind a text.

It can only read lines whose characters stand where the windows are; what CTC does better is to be seen by it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from text_recognizer.data.line_set import Lines
from text_recognizer.metrics import Prediction
from text_recognizer.models.line_model import LineBatch, LinesByWidth, Seen
from text_recognizer.models.pixels import as_float
from text_recognizer.models.positions import inside

NOTHING = 0


class LineModelWindows(LinesByWidth):
    """A network of lines -> logits per window (nothing first): window i is to be character i of the text."""

    @staticmethod
    def classes_of(data: Lines) -> int:
        """The number of logits that the network must give: nothing, and the alphabet."""
        return 1 + len(data.classes)

    def loss(self, batch: LineBatch) -> torch.Tensor:
        """The mean cross-entropy per window, a scalar in float32."""
        logits_BTC, _, windows_B = self.network(as_float(batch.images), batch.widths)
        there_BT = inside(windows_B, logits_BTC.shape[1])
        wanted_BT = self.wanted(batch, logits_BTC.shape[1])
        return nn.functional.cross_entropy(logits_BTC[there_BT].float(), wanted_BT[there_BT])

    def look(self, batch: LineBatch) -> Seen:
        """The log-probabilities of all windows (B, T, classes), float32, and the true number of windows (B,), on the CPU."""
        logits_BTC, _, windows_B = self.network(as_float(batch.images), batch.widths)
        return logits_BTC.float().log_softmax(dim=-1).cpu(), windows_B.cpu()

    def read(self, batch: LineBatch, seen: Seen) -> list[Prediction]:
        """The likeliest class of every window, without those of nothing. There is nothing for a language model to do."""
        lines = zip(batch.texts, seen[0].numpy(), seen[1].tolist(), strict=True)
        return [self._prediction(target, scores[:windows]) for target, scores, windows in lines]

    def _prediction(self, target: str, scores: np.ndarray) -> Prediction:
        best = scores.argmax(axis=1)
        places = [t for t, k in enumerate(best) if k != NOTHING]
        letters = [(self.alphabet[best[t] - 1], float(np.exp(scores[t, best[t]]))) for t in places]
        nothing = float(np.exp(scores[:, NOTHING].mean())) if len(scores) else 0.0
        return self.trust.prediction(target, letters, [(t / len(scores), (t + 1) / len(scores)) for t in places], nothing)

    def wanted(self, batch: LineBatch, windows: int) -> torch.Tensor:
        """The class of every window, int64 (B, T): that of the character of its number, behind the text nothing."""
        place_T, lengths_B1 = torch.arange(windows, device=batch.classes.device), batch.lengths[:, None]
        place_BT = (lengths_B1.cumsum(0) - lengths_B1 + place_T).clamp(max=max(0, len(batch.classes) - 1))
        classes = batch.classes if len(batch.classes) else batch.classes.new_zeros(1)
        return torch.where(place_T < lengths_B1, classes[place_BT], NOTHING)
