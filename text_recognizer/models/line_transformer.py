"""The labs' readers that write a line token by token: windows or a ResNet as the memory, a Transformer decoder before it."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from text_recognizer.errors import ExperimentError
from text_recognizer.models.decoder import Decoder, DecoderSize
from text_recognizer.models.fusion import Fusion
from text_recognizer.models.line_cnn import Windows
from text_recognizer.models.options import LineCnnTransformerOptions, ResnetTransformerOptions
from text_recognizer.models.positions import inside, positions, positions_2d
from text_recognizer.models.search import beam, greedy

_RESNET_SHRINK, _RESNET_CHANNELS = 32, 512


class WritingNetwork(nn.Module):
    """Lines (B, H, W), float in 0..1, with their widths (B,), and the tokens (B, L) so far -> logits (B, L, tokens).

    Subclasses say what the memory is: `memory(x, widths)` gives (B, S, dim) and the true places in it, bool (B, S).
    """

    decoder: Decoder

    def forward(self, x_BHW: torch.Tensor, widths_B: torch.Tensor, tokens_BL: torch.Tensor) -> torch.Tensor:
        memory_BSD, there_BS = self.memory(x_BHW, widths_B)
        return self.decoder(tokens_BL, memory_BSD, there_BS)

    def write(
        self, memory_BSD: torch.Tensor, there_BS: torch.Tensor, longest: int, beams: int = 1, fusion: Fusion | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Of a memory: tokens (B, L), `longest` at most, and how likely each was, as logarithms (B, L) with 0 for PAD: greedily,
        or the best of several beams, beside a language model where there is one."""
        writing = self.decoder.begin(memory_BSD, there_BS, longest, beams)
        return greedy(writing) if beams == 1 and not fusion else beam(writing, fusion)

    def memory(self, x_BHW: torch.Tensor, widths_B: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        raise NotImplementedError

    def middles(self, places: int) -> np.ndarray | None:
        """Where the middles of so many places of the memory are, in pixels of the line from its left (S,); nothing where they do
        not stand beside one another, or too far apart to tell characters."""
        return None


class LineCnnTransformer(WritingNetwork):
    """Windows of columns as the memory. 3.9 M parameters at 28 pixels, 4.3 M at 56 (the lab's: 3.8 and 4.3 M)."""

    def __init__(self, options: LineCnnTransformerOptions, classes: int, height: int) -> None:
        super().__init__()
        self.options = options
        self.windows = Windows(options, height)
        self.narrow = nn.Linear(options.fc_dim, options.tf_dim)
        self.decoder = Decoder(_size(options, classes))

    def memory(self, x_BHW: torch.Tensor, widths_B: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x_BTF, windows_B = self.windows(x_BHW, widths_B)
        x_BTD = self.narrow(x_BTF)
        length, size = x_BTD.shape[1:]
        return x_BTD + positions(length, size, x_BTD.device), inside(windows_B, length)

    def middles(self, places: int) -> np.ndarray | None:
        return np.arange(places) * self.options.window_stride + self.options.window_width / 2


class ResnetTransformer(WritingNetwork):
    """A ResNet-18 (He et al. 2016) as the memory, for lines and for paragraphs. 15.6 M parameters.

    Its norms do not know where a line ends: what is read may depend a little on how far the line is padded.
    """

    def __init__(self, options: ResnetTransformerOptions, classes: int, height: int) -> None:
        from torchvision.models import resnet18

        super().__init__()
        whole = resnet18(weights=None)
        self.resnet = nn.Sequential(*list(whole.children())[:-2])
        self.narrow = nn.Conv2d(_RESNET_CHANNELS, options.tf_dim, 1)
        self.decoder = Decoder(_size(options, classes))

    def memory(self, x_BHW: torch.Tensor, widths_B: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x_BCHW = x_BHW[:, None].expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
        x_BDhw = self.narrow(self.resnet(x_BCHW))
        _, size, height, width = x_BDhw.shape
        there_Bw = inside(-(-widths_B // _RESNET_SHRINK), width)
        memory_BSD = x_BDhw.flatten(2).transpose(1, 2) + positions_2d(height, width, size, x_BHW.device)
        return memory_BSD, there_Bw.repeat(1, height)


def _size(options: LineCnnTransformerOptions | ResnetTransformerOptions, classes: int) -> DecoderSize:
    if options.tf_dim % 4 or options.tf_dim % options.tf_nhead:
        raise ExperimentError(
            f"network_args.tf_dim is {options.tf_dim}; give a multiple of 4 and of tf_nhead ({options.tf_nhead})"
        )
    return DecoderSize(classes, options.tf_dim, options.tf_fc_dim, options.tf_nhead, options.tf_layers, options.tf_dropout)
