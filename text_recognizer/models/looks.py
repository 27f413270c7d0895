"""Looking at a line several times, leant and stretched a little otherwise each time.

What a network takes for a letter by chance it takes for another one when the letter leans otherwise; what is there it sees
each time. A lean about the middle row leaves every letter in its columns, so leans are joined frame by frame. Stretched, a
dense hand comes to the width that the network knows; there the surest width is taken.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from text_recognizer.models.positions import inside

LEANS = (0.0, 0.12, -0.12)
"""To the right, in pixels per pixel of height."""
STRETCHES = (1.0, 1.25, 1.55)
_WIDTH_STEP = 32


def looked_at(
    network: nn.Module, images_BHW: torch.Tensor, widths_B: torch.Tensor, looks: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The log-probabilities of the frames (B, T, classes), float32, and the true frames (B,), after so many looks at each line.

    Up to three looks are leans, whose mean it is; from six on there are three of every stretch, and each line is given as it
    was seen at the one at which the likeliest path is likeliest as a whole.
    """
    stretches = STRETCHES[: max(1, looks // len(LEANS))]
    found = [_leaning(network, *stretched(images_BHW, widths_B, by), LEANS[:looks]) for by in stretches]
    return found[0] if len(found) == 1 else _surest(found)


def leant(images_BHW: torch.Tensor, lean: float) -> torch.Tensor:
    """Float images leant to the right about their middle row, black where nothing was."""
    return _moved(images_BHW, images_BHW.shape[2], 1.0, lean)


def stretched(images_BHW: torch.Tensor, widths_B: torch.Tensor, by: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Float images so many times as wide, padded to a multiple of 32, and their widths."""
    if by == 1:
        return images_BHW, widths_B
    width = math.ceil(images_BHW.shape[2] * by / _WIDTH_STEP) * _WIDTH_STEP
    return _moved(images_BHW, width, by, 0.0), (widths_B * by).round().to(widths_B.dtype)


def _leaning(
    network: nn.Module, images_BHW: torch.Tensor, widths_B: torch.Tensor, leans: tuple[float, ...]
) -> tuple[torch.Tensor, torch.Tensor]:
    seen, frames_B = [], widths_B
    for lean in leans:
        logits_BTC, _, frames_B = network(leant(images_BHW, lean) if lean else images_BHW, widths_B)
        seen.append(logits_BTC.float().log_softmax(dim=-1))
    return (torch.logsumexp(torch.stack(seen), dim=0) - math.log(len(seen)) if len(seen) > 1 else seen[0]), frames_B


def _surest(found: list[tuple[torch.Tensor, torch.Tensor]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Each line as it is where the sum over its frames is highest."""
    sureness_NB = torch.stack([(s.amax(dim=-1) * inside(frames_B, s.shape[1])).sum(dim=1) for s, frames_B in found])
    longest, best_B = max(s.shape[1] for s, _ in found), sureness_NB.argmax(dim=0)
    scores_NBTC = torch.stack([functional.pad(s, (0, 0, 0, longest - s.shape[1])) for s, _ in found])
    line_B = torch.arange(len(best_B), device=best_B.device)
    return scores_NBTC[best_B, line_B], torch.stack([frames_B for _, frames_B in found])[best_B, line_B]


def _moved(images_BHW: torch.Tensor, width: int, by: float, lean: float) -> torch.Tensor:
    """Stretched, leant and padded to the width. Autocast would round products of matrices to whole pixels; this is none."""
    count, height, before = images_BHW.shape
    y_H1 = torch.arange(height, device=images_BHW.device)[:, None] + 0.5 - height / 2
    x_HW = (torch.arange(width, device=images_BHW.device) + 0.5) / by + lean * y_H1
    grid_HW2 = torch.stack([x_HW * (2 / before) - 1, (y_H1 * (2 / height)).expand_as(x_HW)], dim=-1)
    grid_BHW2 = grid_HW2.expand(count, height, width, 2)
    return functional.grid_sample(images_BHW[:, None], grid_BHW2, align_corners=False)[:, 0]
