"""Convolutions, norms and ReLUs while a network learns in float32 on a CPU, a few lines at a time.

`columns` says the same in plain words, for a whole batch at once. There each result is written to memory that the system hands
out anew, page by page, and read again by the next step, a dozen times in all: that took about as long as the convolutions. Here
what one step writes is still in the processor's cache when the next one reads it, and memory holds the results of convolutions
alone: what a norm and a ReLU make of them is made again where it is needed, part by part. The norm of the first convolution needs
no results at all: with one channel, mean and variance follow from those of nine neighbouring pixels. And no more of a line is
computed than there is: beyond its end all results are zero, which the norms count, and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import nn
from torch.nn.functional import conv2d, pad, unfold

from text_recognizer.models.columns import ended, strided

ROOM = 4 << 20
"""Bytes of a convolution's results that are made at a time, unless one line has more."""
_NARROW = 16
"""With fewer channels PyTorch writes beyond its memory (see `building`)."""
_STRIDES = 8
"""The largest stride of all stages together."""
_GRAIN = 32
"""Lines are cut off at multiples of this: oneDNN makes code for each new shape, which takes a millisecond, and keeps no more
than 1024 pieces of it."""
_NEIGHBOURS = 8


class Stage(Protocol):
    """A convolution without a bias and its norm."""

    @property
    def convolution(self) -> nn.Conv2d: ...
    @property
    def norm(self) -> nn.BatchNorm2d: ...


def pays(stages: Sequence[Stage], x: torch.Tensor) -> bool:
    """Whether images x are to go through these stages by parts: where a network learns, on a CPU, in float32."""
    return (
        (x.device.type, x.dtype) == ("cpu", torch.float32)
        and torch.is_grad_enabled()
        and not (x.requires_grad or torch.is_autocast_enabled("cpu") or torch.compiler.is_compiling())
        and all(stage.norm.training and stage.convolution.out_channels >= _NARROW for stage in stages)
    )


def convolved(
    stages: Sequence[Stage], x_B1HW: torch.Tensor, widths_B: torch.Tensor, room: int = ROOM
) -> tuple[torch.Tensor, torch.Tensor]:
    """Images through all stages, each a convolution, its norm, a ReLU and zeros beyond the line's end; and the widths then.

    The first stage reads one channel and has no stride; along the line all have one of 8 at most together. The norms take note of
    the batch as they do in a training. `room`: how many bytes of results are made at a time.
    """
    height, width = x_B1HW.shape[2:]
    level = x_B1HW.mean()
    x_B1YX = _framed(x_B1HW, stages[0].convolution) - level
    scale, shift = _norm_of_first(stages[0], x_B1YX, level)
    parts = _cut(x_B1YX, widths_B, width, max(1, room // (len(shift) * height * width * 4)))
    for stage in stages[1:]:
        down, along = stage.convolution.stride
        parts = _joined(parts, width, room) if stage is not stages[1] else parts
        height, width = -(-height // down), -(-width // along)
        known_C = _known_mean(stage.norm)
        ends = [part.tolist() for part in widths_B.split([len(part) for part in parts])]
        how = _How((down, along), stage.convolution.padding, -known_C, ends)
        sums_C, squares_C, *parts = _Convolved.apply(how, scale, shift, stage.convolution.weight, *parts)
        count = len(x_B1HW) * height * width
        beyond = count - sum(part[:, 0].numel() for part in parts)
        mean_C = (sums_C - beyond * known_C) / count
        variance_C = ((squares_C + beyond * known_C.square()) / count - mean_C.square()).clamp(min=0)
        scale, shift = _normed(stage.norm, mean_C, variance_C, count, known_C)
        widths_B = strided(widths_B, along)
    x_BCHW = torch.cat(_as_wide(parts, width)) * scale[:, None, None] + shift[:, None, None]
    return ended(x_BCHW, widths_B), widths_B


def _framed(x_B1HW: torch.Tensor, convolution: nn.Conv2d) -> torch.Tensor:
    """The images within the zeros that the convolution is to see around them."""
    assert isinstance(convolution.padding, tuple)
    down, along = convolution.padding
    return pad(x_B1HW, (along, along, down, down))


def _norm_of_first(stage: Stage, x_B1YX: torch.Tensor, level: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The kernels of the first convolution with its norm in them, and what is to be added, for framed images from which
    `level` was subtracted.

    A result is the product of a kernel k and a patch p of the image, so over all patches its mean is k mean(p) and its variance
    k cov(p) k. In float64, for of neighbouring pixels, which are much alike, little is left where a kernel subtracts them.
    """
    convolution, norm = stage.convolution, stage.norm
    size = math.prod(convolution.kernel_size)
    sums_K, products_KK = x_B1YX.new_zeros(size, dtype=torch.float64), x_B1YX.new_zeros(size, size, dtype=torch.float64)
    count = 0
    for image in x_B1YX:
        patches_KP = unfold(image, convolution.kernel_size).double()
        sums_K += patches_KP.sum(1)
        products_KK += patches_KP @ patches_KP.T
        count += patches_KP.shape[1]
    mean_K, kernels_CK = sums_K / count, convolution.weight.flatten(1).double()
    variance_C = ((kernels_CK @ (products_KK / count - mean_K.outer(mean_K))) * kernels_CK).sum(1).clamp(min=0)
    known_C = kernels_CK.detach().sum(1).float() * level
    scale_C, shift_C = _normed(norm, (kernels_CK @ mean_K).float(), variance_C.float(), count, known_C)
    return convolution.weight * scale_C[:, None, None, None], shift_C


def _cut(x_B1YX: torch.Tensor, widths_B: torch.Tensor, width: int, number: int) -> list[torch.Tensor]:
    """The framed images in parts of so many, without what lies far beyond the ends of all: after each stage there is still a
    column beyond the end whose result is not zero."""
    frame = x_B1YX.shape[3] - width
    beyond = [-(-int(widths.max()) // _STRIDES) * _STRIDES + _STRIDES for widths in widths_B.split(number)]
    cuts = [-(-end // _GRAIN) * _GRAIN + frame for end in beyond]
    parts = zip(x_B1YX.split(number), cuts, strict=True)
    return [part[..., :cut].contiguous(memory_format=torch.channels_last) for part, cut in parts]


def _joined(parts: list[torch.Tensor], width: int, room: int) -> list[torch.Tensor]:
    """All lines in one part, where they have become so small that four parts have room: batches then have few shapes."""
    if len(parts) == 1 or 4 * parts[0].numel() * parts[0].element_size() > room:
        return parts
    return [torch.cat(_as_wide(parts, width))]


def _as_wide(parts: Sequence[torch.Tensor], width: int) -> list[torch.Tensor]:
    return [pad(part, (0, short)) if (short := width - part.shape[3]) else part for part in parts]


def _known_mean(norm: nn.BatchNorm2d) -> torch.Tensor:
    """About what the mean will be (C,): subtracted from results before their squares are summed, it keeps the sums exact."""
    assert norm.running_mean is not None
    return norm.running_mean.clone()


def _normed(
    norm: nn.BatchNorm2d, mean_C: torch.Tensor, variance_C: torch.Tensor, count: int, known_C: torch.Tensor | float = 0.0
) -> tuple[torch.Tensor, torch.Tensor]:
    """The norm as a factor and what is to be added, for results of this mean and variance from which `known_C` was subtracted; it
    takes note of both."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.momentum is not None
    assert norm.num_batches_tracked is not None
    with torch.no_grad():
        norm.num_batches_tracked.add_(1)
        norm.running_mean.lerp_(mean_C + known_C, norm.momentum)
        norm.running_var.lerp_(variance_C * (count / max(1, count - 1)), norm.momentum)
    scale_C = norm.weight * (variance_C + norm.eps).rsqrt()
    return scale_C, norm.bias - mean_C * scale_C


class _How(NamedTuple):
    """What a convolution is to know beside its tensors: `offset` (D,) is added to its results, `ends` says where lines end."""

    stride: tuple[int, int]
    padding: Any
    offset: torch.Tensor
    ends: list[list[int]]


class _Convolved(torch.autograd.Function):
    """A convolution of what a norm and a ReLU make of parts (n, C, H, W): the sums of its results (D,), the sums of their squares
    (D,), and the results part by part (n, D, H', W'). The norm is a factor (C,), or kernels (C, 1, k, k) over framed images.

    With the sums as results of their own, the gradient of the norm that comes after is left to PyTorch.
    """

    @staticmethod
    def forward(
        ctx: Any, how: _How, scale: torch.Tensor, shift: torch.Tensor, kernels: torch.Tensor, *parts: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        results, sums_D, squares_D = [], torch.zeros_like(how.offset), torch.zeros_like(how.offset)
        for part, ends in zip(parts, how.ends, strict=True):
            result = conv2d(_entered(part, scale, shift, ends), kernels, how.offset, how.stride, how.padding)
            rows = _rows(result)
            sums_D += _sum(rows, len(sums_D))
            squares_D += _sum(rows * rows, len(sums_D))
            results.append(result)
        ctx.how, ctx.parts = how, len(parts)
        ctx.save_for_backward(scale, shift, kernels, *parts, *results)
        return sums_D, squares_D, *results

    @staticmethod
    def backward(ctx: Any, g_sums: torch.Tensor, g_squares: torch.Tensor, *g_results: torch.Tensor) -> tuple[Any, ...]:
        (scale, shift, kernels), saved = ctx.saved_tensors[:3], ctx.saved_tensors[3:]
        g_scale, g_shift, g_kernels = (torch.zeros_like(each) for each in (scale, shift, kernels))
        g_parts = []
        for part, result, g_result, ends in zip(saved[: ctx.parts], saved[ctx.parts :], g_results, ctx.how.ends, strict=True):
            y = _entered(part, scale, shift, ends)
            g = _with_sums(g_result, result, g_sums, 2 * g_squares)
            g_y, of_kernels, _ = _gradients(g, y, kernels, ctx.how.stride, ctx.how.padding, (True, True, False))
            g_y = torch.ops.aten.threshold_backward(g_y, y, 0)
            of_scale, of_shift, of_part = _of_entry(g_y, part, scale)
            g_scale += of_scale
            g_shift += of_shift
            g_kernels += of_kernels
            g_parts.append(of_part)
        return None, g_scale, g_shift, g_kernels, *g_parts


def _entered(part: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor, ends: list[int]) -> torch.Tensor:
    """What a convolution reads: the part normed, rectified, and zero beyond the end of each line."""
    if scale.ndim > 1:
        y = conv2d(part, scale, shift)
    else:
        rows = _rows(part)
        y = _as_images(torch.addcmul(_along(rows, shift), rows, _along(rows, scale)), part)
    y.relu_()
    for image, end in zip(y, ends, strict=True):
        if end < image.shape[2]:
            image[..., end:].zero_()
    return y


def _of_entry(g: torch.Tensor, part: torch.Tensor, scale: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """The gradients of scale, shift and part, from that of the part normed."""
    if scale.ndim > 1:
        _, of_kernels, of_shift = _gradients(g, part, scale, (1, 1), (0, 0), (False, True, True))
        return of_kernels, of_shift, None
    rows, channels = _rows(g), len(scale)
    of_scale, of_shift = _sum(rows * _rows(part), channels), _sum(rows, channels)
    return of_scale, of_shift, _as_images(rows * _along(rows, scale), part)


def _with_sums(g: torch.Tensor, result: torch.Tensor, g_sums: torch.Tensor, g_twice: torch.Tensor) -> torch.Tensor:
    """The whole gradient of a result, which counts in the sums, and in those of squares, too."""
    rows = _rows(result)
    return _as_images(torch.addcmul(_along(rows, g_sums), rows, _along(rows, g_twice)).add_(_rows(g)), result)


def _gradients(
    g: torch.Tensor, x: torch.Tensor, kernels: torch.Tensor, stride: Any, padding: Any, wanted: tuple[bool, bool, bool]
) -> Any:
    """Of a convolution: those of what it read, of its kernels and of what is added."""
    return torch.ops.aten.convolution_backward(g, x, kernels, [len(kernels)], stride, padding, (1, 1), False, (0, 0), 1, wanted)


def _rows(x_NCHW: torch.Tensor) -> torch.Tensor:
    """The same numbers in rows, each of some neighbouring pixels with all their channels, for short rows are slow to compute
    with; no copy where channels are last."""
    _, channels, _, width = x_NCHW.shape
    return x_NCHW.permute(0, 2, 3, 1).reshape(-1, math.gcd(width, _NEIGHBOURS) * channels)


def _as_images(rows: torch.Tensor, like_NCHW: torch.Tensor) -> torch.Tensor:
    count, channels, height, width = like_NCHW.shape
    return rows.view(count, height, width, channels).permute(0, 3, 1, 2)


def _along(rows: torch.Tensor, values_C: torch.Tensor) -> torch.Tensor:
    """One value for each number of a row."""
    return values_C.repeat(rows.shape[1] // len(values_C))


def _sum(rows: torch.Tensor, channels: int) -> torch.Tensor:
    """Of each channel (channels,)."""
    return rows.sum(0).view(-1, channels).sum(0)
