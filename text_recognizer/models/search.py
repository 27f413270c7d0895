"""Which tokens to write: the likeliest after each prefix, or the best of several hypotheses (beam search)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from text_recognizer.models.decoder import END, PAD, START, Writing

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
    """W hypotheses of B lines, the best first: tokens (B, W, L); and (B, W) each: the sum of their log-probabilities, their
    number (START not counted), and whether the last of them was END."""

    tokens: torch.Tensor
    total: torch.Tensor
    length: torch.Tensor
    over: torch.Tensor

    @property
    def mean(self) -> torch.Tensor:
        return self.total / self.length.clamp(min=1)


@torch.no_grad()
def beam(writing: Writing) -> tuple[torch.Tensor, torch.Tensor]:
    """The best hypothesis of every line by its mean log-probability per token, END included: tokens (B, L), filled up with
    PAD, and that mean (B,).

    The mean, for a plain sum prefers texts that end too early, the more so after label smoothing (Murray and Chiang 2018).
    A line is over when its best hypothesis has ended. With one hypothesis this is `greedy`, save that PAD and START are never
    written.
    """
    state, parents_BW = _start(writing), None
    while writing.place < writing.longest:
        if parents_BW is not None:
            writing.follow(parents_BW)
        scores_BWK = writing.after(state.tokens[:, :, -1])
        state, parents_BW = _extended(state, scores_BWK)
        if _time_to_look(writing) and state.over[:, 0].all():
            break
    return state.tokens[:, 0, 1:], state.mean[:, 0]


def _start(writing: Writing) -> _Beam:
    """One hypothesis of nothing but START; the others are impossible until it has continuations."""
    shape = (writing.lines, writing.hypotheses)
    total_BW = torch.full(shape, -torch.inf, device=writing.device)
    total_BW[:, 0] = 0.0
    length_BW = torch.zeros(shape, dtype=torch.int64, device=writing.device)
    tokens_BWL = torch.full((*shape, 1), START, device=writing.device)
    return _Beam(tokens_BWL, total_BW, length_BW, torch.zeros(shape, dtype=torch.bool, device=writing.device))


def _extended(state: _Beam, scores_BWK: torch.Tensor) -> tuple[_Beam, torch.Tensor]:
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
    parts = (state.tokens, state.total, length_BW, over_BW)
    kept = _Beam(*(part.gather(1, _like(parents_BW, part)) for part in parts))
    return replace(
        kept,
        tokens=torch.cat([kept.tokens, token_BW[..., None]], dim=2),
        total=total_BWK.flatten(1).gather(1, chosen_BW),
        over=kept.over | (token_BW == END),
    ), parents_BW


def _never(scores: torch.Tensor) -> torch.Tensor:
    return torch.tensor([PAD, START], device=scores.device)


def _like(parents_BW: torch.Tensor, part: torch.Tensor) -> torch.Tensor:
    return parents_BW if part.ndim == 2 else parents_BW[..., None].expand(-1, -1, part.shape[2])


def _time_to_look(writing: Writing) -> bool:
    return writing.device.type == "cpu" or writing.place % _STEPS_BETWEEN_LOOKS == 0
