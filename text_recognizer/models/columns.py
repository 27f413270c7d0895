"""The parts of the line readers: residual columns that know where each line ends, and an LSTM that runs both ways.

Whatever a line is padded to, and whatever lies beside it in the batch, it comes out alike (in evaluation).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from text_recognizer.models.positions import inside


class BothWays(nn.Module):
    """A bidirectional LSTM, (T, B, size) -> (T, B, 2 * hidden), that starts at the true ends of every line.

    Each line is turned round within its own length for the way back. A packed sequence says the same, but its backward
    pass took five times as long (24 lines, 60 frames, 1 CPU thread, bf16: 56 ms against 11).
    """

    def __init__(self, size: int, hidden: int) -> None:
        super().__init__()
        self.onward, self.back = nn.LSTM(size, hidden), nn.LSTM(size, hidden)

    def forward(self, x_TBD: torch.Tensor, frames_B: torch.Tensor) -> torch.Tensor:
        t_T1 = torch.arange(x_TBD.shape[0], device=x_TBD.device)[:, None]
        turned_TB = torch.where(t_T1 < frames_B, frames_B - 1 - t_T1, t_T1)
        back = self.back(_reordered(x_TBD, turned_TB))[0]
        return torch.cat([self.onward(x_TBD)[0], _reordered(back, turned_TB)], dim=-1)


def _reordered(x_TBD: torch.Tensor, order_TB: torch.Tensor) -> torch.Tensor:
    return x_TBD.gather(0, order_TB[:, :, None].expand_as(x_TBD))


class Stem(nn.Module):
    """(B, 1, H, W) -> (B, channels, H/2, W/2), all halves rounded up."""

    def __init__(self, channels: int, kernel: int = 5) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, channels, kernel, stride=2, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor, widths_B: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        widths_B = strided(widths_B, 2)
        return rectified(self.convolution, self.norm, x, widths_B), widths_B


class Residual(nn.Module):
    """Two 3x3 convolutions beside a skip connection (He et al. 2016), the first with a stride."""

    def __init__(self, channels_in: int, channels: int, stride: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels_in, channels, 3, stride=stride, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels)
        same = channels_in == channels and stride == (1, 1)
        self.skip = nn.Identity() if same else nn.Conv2d(channels_in, channels, 1, stride=stride, bias=False)
        self.stride = stride[1]

    def forward(self, x: torch.Tensor, widths_B: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        widths_B = strided(widths_B, self.stride)
        y = normalised(self.second, self.second_norm, rectified(self.first, self.first_norm, x, widths_B))
        return ended(y + self.skip(x), widths_B), widths_B


def normalised(convolution: nn.Conv2d, norm: nn.BatchNorm2d, x: torch.Tensor) -> torch.Tensor:
    """The convolution (which has no bias) and its norm; in evaluation as one convolution, whose weights take up the norm."""
    if norm.training or norm.running_mean is None or norm.running_var is None:
        return norm(convolution(x))
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
    weight, bias = convolution.weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale
    return nn.functional.conv2d(x, weight, bias, convolution.stride, convolution.padding)


def rectified(convolution: nn.Conv2d, norm: nn.BatchNorm2d, x: torch.Tensor, widths_B: torch.Tensor) -> torch.Tensor:
    """The same after a ReLU, and without padding."""
    return ended(normalised(convolution, norm, x), widths_B)


def ended(x_BCHW: torch.Tensor, widths_B: torch.Tensor) -> torch.Tensor:
    """A ReLU, then zeros beyond each line's own width, written into `x_BCHW` itself: results are large, and to write new ones
    takes as long as a convolution. Nothing else may need what it was: a sum or a norm's result is not looked at again."""
    if torch.compiler.is_compiling():
        return without_padding(torch.relu(x_BCHW), widths_B)
    if torch.is_grad_enabled():
        return _Ended.apply(x_BCHW, widths_B)
    return _blanked(x_BCHW.relu_(), widths_B)


class _Ended(torch.autograd.Function):
    """`ended` with its gradient. Where the result is zero, by the ReLU or beyond the end, none goes back: so the result says
    all, and nothing is multiplied by the padding a second time."""

    @staticmethod
    def forward(ctx: Any, x_BCHW: torch.Tensor, widths_B: torch.Tensor) -> torch.Tensor:
        _blanked(x_BCHW.relu_(), widths_B)
        ctx.mark_dirty(x_BCHW)
        ctx.save_for_backward(x_BCHW)
        return x_BCHW

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        (result,) = ctx.saved_tensors
        return torch.ops.aten.threshold_backward(gradient, result, 0), None


def strided(widths: torch.Tensor, stride: int) -> torch.Tensor:
    """The widths after a stride, rounded up."""
    return (widths + stride - 1) // stride


def without_padding(x_BCHW: torch.Tensor, widths_B: torch.Tensor) -> torch.Tensor:
    """The same with zeros beyond each line's own width, as if the image ended there."""
    return x_BCHW * inside(widths_B, x_BCHW.shape[3])[:, None, None, :].to(x_BCHW.dtype)


def _blanked(x_BCHW: torch.Tensor, widths_B: torch.Tensor) -> torch.Tensor:
    """`without_padding` in place; on the CPU only the columns that are padding of some line are touched."""
    first = int(widths_B.min()) if x_BCHW.device.type == "cpu" else 0
    x_BCHW[..., first:] *= inside(widths_B - first, x_BCHW.shape[3] - first)[:, None, None]
    return x_BCHW
