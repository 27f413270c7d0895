"""Reading a line by writing it down, token by token: cross-entropy on the next token, read greedily or by beam search."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from text_recognizer.data.directions import runs_right_to_left
from text_recognizer.data.line_set import Lines
from text_recognizer.metrics import Prediction
from text_recognizer.models.decoder import END, PAD, SPECIAL, START
from text_recognizer.models.line_model import LineBatch, LinesByWidth, Seen
from text_recognizer.models.line_transformer import WritingNetwork
from text_recognizer.models.pixels import as_float
from text_recognizer.models.where_looked import Extents, reaches

_SMOOTHING = 0.1
_SPARE = 10


class LineModelTransformer(LinesByWidth):
    """A network that writes tokens, with label smoothing (Szegedy et al. 2016) while it learns.

    Written are at most ten tokens more than the longest text of the training set.
    """

    network: WritingNetwork

    def __init__(self, network: WritingNetwork, data: Lines) -> None:
        super().__init__(network, data)
        self.longest = max((len(text) for text in data.train.texts), default=0) + _SPARE
        self._turns = runs_right_to_left(data.classes)

    @staticmethod
    def classes_of(data: Lines) -> int:
        """The number of logits that the network must give: padding, start, end, and the alphabet."""
        return SPECIAL + len(data.classes)

    def loss(self, batch: LineBatch) -> torch.Tensor:
        """The mean cross-entropy per token, the end included; a scalar in float32."""
        tokens_BL = self.tokens(batch)
        logits_BLK = self.network(as_float(batch.images), batch.widths, tokens_BL[:, :-1])
        return nn.functional.cross_entropy(
            logits_BLK.float().flatten(0, 1), tokens_BL[:, 1:].flatten(), ignore_index=PAD, label_smoothing=_SMOOTHING
        )

    def look(self, batch: LineBatch) -> Seen:
        """The memory of every line, and the places in it that are there."""
        return self.network.memory(as_float(batch.images), batch.widths)

    def read(self, batch: LineBatch, seen: Seen) -> list[Prediction]:
        """The text that the network writes for each line, greedily or with several beams; its characters stand where it looked
        while it wrote them, where that can be said."""
        tokens_BL, shares_BL = self.network.write(*seen, self.longest, self.hypotheses, self.fusion)
        rows = zip(batch.texts, tokens_BL.tolist(), shares_BL.exp().tolist(), self._where(batch, tokens_BL, seen), strict=True)
        return [self._prediction(*row) for row in rows]

    def _prediction(self, target: str, tokens: list[int], shares: list[float], where: Extents | None) -> Prediction:
        certain = [q for k, q in zip(self._before_end(tokens), shares, strict=False) if k >= SPECIAL]
        letters = list(zip(self.text_of(tokens), certain, strict=True))
        return self.trust.prediction(target, letters, where or [None] * len(letters), shares[0] if shares else 0.0)

    def _where(self, batch: LineBatch, tokens_BL: torch.Tensor, seen: Seen) -> Iterator[Extents | None]:
        """From where to where the characters of each line reach, as shares of its width. Nothing where characters may run from
        right to left: numbers among them would run the other way."""
        middles_S = self.network.middles(seen[1].shape[1])
        if middles_S is None or self._turns:
            yield from [None] * len(batch)
            return
        before_BL = nn.functional.pad(tokens_BL[:, :-1], (1, 0), value=START)
        looked_BLS = self.network.decoder.looked(before_BL, *seen).float().cpu().numpy()
        lines = zip(looked_BLS, tokens_BL.tolist(), seen[1].sum(dim=1).tolist(), batch.widths.tolist(), strict=True)
        for looked_LS, tokens, places, width in lines:
            written = [i for i, k in enumerate(self._before_end(tokens)) if k >= SPECIAL]
            yield reaches(looked_LS[written, :places], middles_S[:places], width)

    def text_of(self, tokens: list[int]) -> str:
        """The text up to END."""
        return "".join(self.alphabet[k - SPECIAL] for k in self._before_end(tokens) if k >= SPECIAL)

    @staticmethod
    def _before_end(tokens: list[int]) -> list[int]:
        return tokens[: tokens.index(END)] if END in tokens else tokens

    def tokens(self, batch: LineBatch) -> torch.Tensor:
        """START, the text and END of every line, int64 (B, L + 2), filled up with PAD."""
        longest, lengths_B1 = max(map(len, batch.texts)), batch.lengths[:, None]
        place_L = torch.arange(longest + 1, device=batch.classes.device)
        place_BL = (lengths_B1.cumsum(0) - lengths_B1 + place_L).clamp(max=len(batch.classes))
        letter_BL = nn.functional.pad(batch.classes + (SPECIAL - 1), (0, 1))[place_BL]  # the classes count from 1
        ended_BL = torch.where(place_L == lengths_B1, END, PAD)
        return nn.functional.pad(torch.where(place_L < lengths_B1, letter_BL, ended_BL), (1, 0), value=START)
