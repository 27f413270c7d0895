"""A Transformer decoder (Vaswani et al. 2017) with pre-norm layers (Xiong et al. 2020) that reads a memory.

`Decoder.forward` is for training: all tokens at once. `Decoder.begin` is for writing one token after another.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from text_recognizer.models.positions import positions

PAD, START, END = 0, 1, 2
SPECIAL = 3
"""Tokens below this are none of the alphabet's."""


@dataclass(frozen=True)
class DecoderSize:
    """Layers of width `dim`, `heads` heads and `inner` hidden units, over an alphabet of `tokens`, special ones included."""

    tokens: int
    dim: int
    inner: int
    heads: int
    layers: int
    dropout: float


class Decoder(nn.Module):
    """Tokens int64 (B, L) and a memory (B, S, dim) with the true places in it bool (B, S) -> logits (B, L, tokens).

    The logits at place i are about the token at i + 1 and depend on the tokens up to i alone.
    """

    def __init__(self, size: DecoderSize) -> None:
        super().__init__()
        self.size = size
        self.embedding = nn.Embedding(size.tokens, size.dim, padding_idx=PAD)
        nn.init.normal_(self.embedding.weight, std=size.dim**-0.5)
        self.layers = nn.ModuleList(_Layer(size) for _ in range(size.layers))
        self.norm = nn.LayerNorm(size.dim)
        self.head = nn.Linear(size.dim, size.tokens)

    def forward(self, tokens_BL: torch.Tensor, memory_BSD: torch.Tensor, there_BS: torch.Tensor) -> torch.Tensor:
        x_BLD = self._embedded(tokens_BL)
        for layer in self.layers:
            x_BLD = layer(x_BLD, memory_BSD, there_BS[:, None, None, :])
        return self.head(self.norm(x_BLD))

    def _embedded(self, tokens_BL: torch.Tensor) -> torch.Tensor:
        table_LD = positions(tokens_BL.shape[1], self.size.dim, tokens_BL.device)
        return self.embedding(tokens_BL) * self.size.dim**0.5 + table_LD

    @torch.no_grad()
    def looked(self, tokens_BL: torch.Tensor, memory_BSD: torch.Tensor, there_BS: torch.Tensor) -> torch.Tensor:
        """How much was looked at each place of the memory for the token after each place, (B, L, S), rows of sum one: the mean
        over all layers and heads."""
        x_BLD, looks = self._embedded(tokens_BL), []
        for layer in self.layers:
            assert isinstance(layer, _Layer)
            looks.append(layer.looked(x_BLD, memory_BSD, there_BS[:, None, None, :]))
            x_BLD = layer(x_BLD, memory_BSD, there_BS[:, None, None, :])
        return torch.stack(looks).mean(dim=0)

    def begin(self, memory_BSD: torch.Tensor, there_BS: torch.Tensor, longest: int, hypotheses: int = 1) -> Writing:
        """Lines about to be written: so many hypotheses of each, of `longest` tokens at most."""
        return Writing(self, memory_BSD, there_BS, longest, hypotheses)


class _Layer(nn.Module):
    """Attention to earlier tokens, attention to the memory, and a feed-forward part, each normalised before and added."""

    def __init__(self, size: DecoderSize) -> None:
        super().__init__()
        self.heads, self.rate = size.heads, size.dropout
        self.norms = nn.ModuleList(nn.LayerNorm(size.dim) for _ in range(3))
        self.own = nn.Linear(size.dim, 3 * size.dim)
        self.own_out = nn.Linear(size.dim, size.dim)
        self.query = nn.Linear(size.dim, size.dim)
        self.memory = nn.Linear(size.dim, 2 * size.dim)
        self.memory_out = nn.Linear(size.dim, size.dim)
        self.dropout = nn.Dropout(size.dropout)
        self.inner = nn.Sequential(
            nn.Linear(size.dim, size.inner), nn.GELU(), nn.Dropout(size.dropout), nn.Linear(size.inner, size.dim)
        )

    def forward(self, x_BLD: torch.Tensor, memory_BSD: torch.Tensor, there_B11S: torch.Tensor) -> torch.Tensor:
        x_BLD = self._after_own(x_BLD)
        query = self._split(self.query(self.norms[1](x_BLD)))
        seen = scaled_dot_product_attention(query, *self.of_memory(memory_BSD), attn_mask=there_B11S, dropout_p=self._rate())
        x_BLD = x_BLD + self.dropout(self.memory_out(_joined(seen)))
        return x_BLD + self.dropout(self.inner(self.norms[2](x_BLD)))

    def _after_own(self, x_BLD: torch.Tensor) -> torch.Tensor:
        query, keys, values = (self._split(part) for part in self.own(self.norms[0](x_BLD)).chunk(3, dim=-1))
        seen = scaled_dot_product_attention(query, keys, values, is_causal=True, dropout_p=self._rate())
        return x_BLD + self.dropout(self.own_out(_joined(seen)))

    def looked(self, x_BLD: torch.Tensor, memory_BSD: torch.Tensor, there_B11S: torch.Tensor) -> torch.Tensor:
        """How much `forward` looks at each place of the memory, (B, L, S): the mean over the heads."""
        query_BHLd = self._split(self.query(self.norms[1](self._after_own(x_BLD))))
        scores_BHLS = query_BHLd @ self.of_memory(memory_BSD)[0].transpose(2, 3) * query_BHLd.shape[3] ** -0.5
        return scores_BHLS.masked_fill(~there_B11S, -torch.inf).softmax(dim=-1).mean(dim=1)

    def of_memory(self, memory_BSD: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values of a memory, (B, heads, S, dim / heads) each; they are the same for all tokens."""
        keys, values = self.memory(memory_BSD).chunk(2, dim=-1)
        return self._split(keys), self._split(values)

    def step(self, x_NWD: torch.Tensor, kept: _Kept, place: int) -> torch.Tensor:
        """What `forward` gives for the token at `place` alone, of W hypotheses of N lines; its keys and values are kept."""
        heads_MH1d = self.own(self.norms[0](x_NWD)).view(-1, 1, 3, self.heads, x_NWD.shape[2] // self.heads)
        query_A1d, keys_A1d, values_A1d = (part.transpose(1, 2).flatten(0, 1) for part in heads_MH1d.unbind(2))
        kept.keys[:, place : place + 1], kept.values[:, place : place + 1] = keys_A1d, values_A1d
        seen_A1d = _attended(query_A1d, kept.keys[:, : place + 1], kept.values[:, : place + 1])
        x_NWD = x_NWD + self.own_out(seen_A1d.view_as(x_NWD))
        query_CWd = self._split(self.query(self.norms[1](x_NWD))).flatten(0, 1)
        seen_CWd = _attended(query_CWd, kept.memory_keys, kept.memory_values, kept.mask)
        x_NWD = x_NWD + self.memory_out(_joined(seen_CWd.unflatten(0, (-1, self.heads))))
        return x_NWD + self.inner(self.norms[2](x_NWD))

    def _split(self, x_BLD: torch.Tensor) -> torch.Tensor:
        return x_BLD.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def _rate(self) -> float:
        return self.rate if self.training else 0.0


def _joined(x_BHLD: torch.Tensor) -> torch.Tensor:
    return x_BHLD.transpose(1, 2).flatten(2)


def _attended(
    query_NTd: torch.Tensor, keys_NSd: torch.Tensor, values_NSd: torch.Tensor, mask_N1S: torch.Tensor | None = None
) -> torch.Tensor:
    """Attention in two matrix products, (N, T, d). For few queries they beat the fused kernels on the CPU by a quarter."""
    scale, keys_NdS = query_NTd.shape[2] ** -0.5, keys_NSd.transpose(1, 2)
    if mask_N1S is None:
        return torch.bmm(torch.bmm(query_NTd * scale, keys_NdS).softmax(dim=-1), values_NSd)
    return torch.bmm(torch.baddbmm(mask_N1S, query_NTd, keys_NdS, alpha=scale).softmax(dim=-1), values_NSd)


@dataclass(frozen=True)
class _Kept:
    """What one layer keeps while N lines are written in W hypotheses each, head by head.

    `keys` and `values` (N * W * heads, longest, d): those of the tokens so far, filled from the front. `memory_keys` and
    `memory_values` (N * heads, S, d). `mask` (N * heads, 1, S): added to the scores of the memory's places, -inf where
    there is none; nothing where all are there.
    """

    keys: torch.Tensor
    values: torch.Tensor
    memory_keys: torch.Tensor
    memory_values: torch.Tensor
    mask: torch.Tensor | None

    def reorder(self, rows: torch.Tensor, places: int) -> None:
        for kept in (self.keys, self.values):
            kept[:, :places] = kept[rows, :places]


class Writing:
    """Lines being written: the keys and values of the memory and of all tokens so far are kept, so that a step costs one
    token and not the whole prefix again.

    On the CPU the steps are float32, whatever autocast is on: a step has few rows, for which bf16 kernels are slower
    (attention of 16 lines to 112 places: 1.0 ms against 0.18, one thread of an AMD EPYC with bf16 instructions).
    """

    def __init__(self, decoder: Decoder, memory_BSD: torch.Tensor, there_BS: torch.Tensor, longest: int, hypotheses: int) -> None:
        self.decoder, self.longest, self.hypotheses, self.place = decoder, longest, hypotheses, 0
        self.device, self.lines = memory_BSD.device, len(memory_BSD)
        self._table_LD = positions(longest, decoder.size.dim, self.device)
        self._kept = [self._for(layer, memory_BSD, there_BS) for layer in decoder.layers if isinstance(layer, _Layer)]

    def after(self, tokens_BW: torch.Tensor) -> torch.Tensor:
        """Takes the next token of every hypothesis, int64 (B, W); the log-probabilities of the one after, (B, W, tokens).

        At most `longest` times.
        """
        decoder = self.decoder
        with self._precision():
            x_BWD = decoder.embedding(tokens_BW) * decoder.size.dim**0.5 + self._table_LD[self.place]
            for layer, kept in zip(decoder.layers, self._kept, strict=True):
                assert isinstance(layer, _Layer)
                x_BWD = layer.step(x_BWD, kept, self.place)
            self.place += 1
            return decoder.head(decoder.norm(x_BWD)).float().log_softmax(dim=-1)

    def follow(self, parents_BW: torch.Tensor) -> None:
        """Hypothesis w of every line goes on from its hypothesis `parents_BW[:, w]`."""
        heads = self.decoder.size.heads
        first_B1 = torch.arange(self.lines, device=self.device)[:, None] * self.hypotheses
        rows_A = ((first_B1 + parents_BW).reshape(-1, 1) * heads + torch.arange(heads, device=self.device)).flatten()
        for kept in self._kept:
            kept.reorder(rows_A, self.place)

    def _for(self, layer: _Layer, memory_BSD: torch.Tensor, there_BS: torch.Tensor) -> _Kept:
        parts = (part.flatten(0, 1).contiguous() for part in layer.of_memory(memory_BSD))
        keys_CSd, values_CSd = (part.float() if self._on_cpu else part for part in parts)
        room = (len(keys_CSd) * self.hypotheses, self.longest, keys_CSd.shape[2])
        mask_C1S = None
        if not (self._on_cpu and bool(there_BS.all())):  # on a GPU, to look would mean to wait for it
            mask_BS = torch.zeros_like(there_BS, dtype=keys_CSd.dtype).masked_fill_(~there_BS, -torch.inf)
            mask_C1S = mask_BS.repeat_interleave(layer.heads, dim=0)[:, None]
        return _Kept(keys_CSd.new_empty(room), keys_CSd.new_empty(room), keys_CSd, values_CSd, mask_C1S)

    @property
    def _on_cpu(self) -> bool:
        return self.device.type == "cpu"

    def _precision(self) -> contextlib.AbstractContextManager[object]:
        return torch.autocast("cpu", enabled=False) if self._on_cpu else contextlib.nullcontext()
