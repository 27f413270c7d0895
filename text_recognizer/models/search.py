"""Which tokens to write: the likeliest after each prefix, or the best of several hypotheses (beam search)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from text_recognizer.models.decoder import END, PAD, SPECIAL, START, Writing
from text_recognizer.models.fusion import Fusion

_STEPS_BETWEEN_LOOKS = 8
"""On a GPU, to look whether all lines have ended means to wait for it."""


@torch.no_grad()
def greedy(writing: Writing) -> tuple[torch.Tensor, torch.Tensor]:
    """The likeliest token after each prefix, (B, L) with L <= longest, and its log-probability (B, L).

    A line that has come to END is PAD from there on, with log-probability 0; the writing stops when all have (on a GPU,
    some columns of PAD later).
    """
    token_B = torch.full((writing.lines,), START, device=writing.device)
    over_B = torch.zeros_like(token_B, dtype=torch.bool)
    tokens, scores = [], []
    while writing.place < writing.longest:
        score_B, token_B = writing.after(token_B[:, None])[:, 0].max(dim=-1)
        tokens.append(token_B := token_B.masked_fill(over_B, PAD))
        scores.append(score_B.masked_fill(over_B, 0.0))
        over_B = over_B | (token_B == END)
        if _time_to_look(writing) and over_B.all():
            break
    return torch.stack(tokens, dim=1), torch.stack(scores, dim=1)


@dataclass(frozen=True)
class _Beam:
    """W hypotheses of B lines, the best first: tokens (B, W, L), and for each but START how likely it was among all that might
    have stood there, as a logarithm (B, W, L - 1); and (B, W) each: the sum of their scores, their number (START not counted),
    and whether the last of them was END."""

    tokens: torch.Tensor
    shares: torch.Tensor
    total: torch.Tensor
    length: torch.Tensor
    over: torch.Tensor


@torch.no_grad()
def beam(writing: Writing, fusion: Fusion | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """The best hypothesis of every line by its mean score per token, END included: tokens (B, L), filled up with PAD, and how
    likely each was among all that might have stood there, as logarithms (B, L) with 0 for PAD.

    The score of a token is its log-probability, and with a language model the weighted one of that beside it. The mean, for
    a plain sum prefers texts that end too early, the more so after label smoothing (Murray and Chiang 2018). A line is over
    when its best hypothesis has ended. With one hypothesis this is `greedy`, save that PAD and START are never written.
    """
    state, parents_BW = _start(writing), None
    told = _Told(fusion, writing) if fusion else None
    while writing.place < writing.longest:
        if parents_BW is not None:
            writing.follow(parents_BW)
        scores_BWK = writing.after(state.tokens[:, :, -1])
        if told:
            scores_BWK = scores_BWK + told.scores()
        state, parents_BW = _extended(state, scores_BWK, weighed=bool(told))
        if told:
            told.follow(parents_BW, state.tokens[:, :, -1])
        if _time_to_look(writing) and state.over[:, 0].all():
            break
    return state.tokens[:, 0, 1:], state.shares[:, 0]


class _Told:
    """The states of a language model after every hypothesis of every line."""

    def __init__(self, fusion: Fusion, writing: Writing) -> None:
        self.fusion, self.device = fusion, writing.device
        self.states = [[fusion.start] * writing.hypotheses for _ in range(writing.lines)]

    def scores(self) -> torch.Tensor:
        """What it adds to the scores of all tokens after each hypothesis, (B, W, tokens); nothing to PAD and START."""
        rows_BWK = np.array([[self.fusion.row(state) for state in states] for states in self.states])
        return nn.functional.pad(torch.from_numpy(rows_BWK), (END, 0)).to(self.device)

    def follow(self, parents_BW: torch.Tensor, token_BW: torch.Tensor) -> None:
        """Hypothesis w of every line goes on from `parents_BW[:, w]` with one more token."""
        chosen = zip(self.states, parents_BW.tolist(), token_BW.tolist(), strict=True)
        self.states = [
            [self._after(states[parent], token) for parent, token in zip(parents, tokens, strict=True)]
            for states, parents, tokens in chosen
        ]

    def _after(self, state: int, token: int) -> int:
        return self.fusion.step(state, token - END)[1] if token >= SPECIAL else state


def _start(writing: Writing) -> _Beam:
    """One hypothesis of nothing but START; the others are impossible until it has continuations."""
    shape = (writing.lines, writing.hypotheses)
    total_BW = torch.full(shape, -torch.inf, device=writing.device)
    total_BW[:, 0] = 0.0
    length_BW = torch.zeros(shape, dtype=torch.int64, device=writing.device)
    tokens_BWL = torch.full((*shape, 1), START, device=writing.device)
    shares_BW0 = torch.zeros((*shape, 0), device=writing.device)
    return _Beam(tokens_BWL, shares_BW0, total_BW, length_BW, torch.zeros(shape, dtype=torch.bool, device=writing.device))


def _extended(state: _Beam, scores_BWK: torch.Tensor, *, weighed: bool) -> tuple[_Beam, torch.Tensor]:
    """The best W of all continuations of a line, and the hypotheses (B, W) that they continue.

    What has ended goes on with PAD alone, and so does all of a line that is over, whatever its neighbours still need.
    """
    hypotheses, kinds = scores_BWK.shape[1:]
    over_BW = state.over | state.over[:, :1]
    waits_K = torch.full((kinds,), -torch.inf, device=scores_BWK.device)
    waits_K[PAD] = 0.0
    scores_BWK = torch.where(over_BW[..., None], waits_K, scores_BWK.index_fill(2, _never(scores_BWK), -torch.inf))
    total_BWK = state.total[..., None] + scores_BWK
    length_BW = state.length + ~over_BW
    chosen_BW = (total_BWK / length_BW[..., None]).flatten(1).topk(hypotheses, dim=1).indices
    parents_BW, token_BW = chosen_BW // kinds, chosen_BW % kinds
    shares_BWK = scores_BWK.log_softmax(dim=-1) if weighed else scores_BWK
    share_BW = shares_BWK.flatten(1).gather(1, chosen_BW)
    parts = (state.tokens, state.shares, state.total, length_BW, over_BW)
    kept = _Beam(*(part.gather(1, _like(parents_BW, part)) for part in parts))
    return replace(
        kept,
        tokens=torch.cat([kept.tokens, token_BW[..., None]], dim=2),
        shares=torch.cat([kept.shares, share_BW[..., None]], dim=2),
        total=total_BWK.flatten(1).gather(1, chosen_BW),
        over=kept.over | (token_BW == END),
    ), parents_BW


def _never(scores: torch.Tensor) -> torch.Tensor:
    return torch.tensor([PAD, START], device=scores.device)


def _like(parents_BW: torch.Tensor, part: torch.Tensor) -> torch.Tensor:
    return parents_BW if part.ndim == 2 else parents_BW[..., None].expand(-1, -1, part.shape[2])


def _time_to_look(writing: Writing) -> bool:
    return writing.device.type == "cpu" or writing.place % _STEPS_BETWEEN_LOOKS == 0
