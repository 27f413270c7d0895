"""A network with CTC as bytes that other programs read: ONNX, or the format of `torch.export`; checked against PyTorch.

Inputs: `images` float32 (batch, height, width), `widths` int64 (batch,). Outputs: `logits` float32 (batch, T, classes) and
`frames` int64 (batch,). Batch and width are free. `about` says the rest: metadata of the model in ONNX, about.json in the other.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from text_recognizer.errors import CheckpointError
from text_recognizer.models.line_model import LineModelCtc
from text_recognizer.recognizer import Recognizer

TOLERANCE = 1e-4
_BATCHES = (1, 7, 12)
_EXAMPLE = (3, 229)
"""Lines and width that the network is traced with: neither is a multiple of a stride, which would be taken for a rule."""

Seen = tuple[torch.Tensor, torch.Tensor]
Read = Callable[[torch.Tensor, torch.Tensor], Seen]


@dataclass(frozen=True)
class Exported:
    """What is to be written; the greatest difference of a probability from PyTorch's, on so many lines."""

    content: bytes
    apart: float
    lines: int = sum(_BATCHES)


def exported(checkpoint: Path, to: str) -> Exported:
    """The network of the checkpoint as `onnx` or `torch`, after its answers were compared.

    Raises CheckpointError where the network is none with CTC, cannot be written so, or answers otherwise than before.
    """
    reader = Recognizer(checkpoint)
    if not isinstance(reader.model, LineModelCtc):
        raise CheckpointError(
            f"{checkpoint}: its model is {reader.experiment.model}, which is no CTC; networks that write token by token or "
            f"read windows cannot be exported: read with Recognizer"
        )
    network = _Answering(reader.model.network).eval()
    lines = list(drawn_lines(reader.height))
    try:
        content, read = _onnx(network, reader) if to == "onnx" else _torch(network, reader)
        apart = difference(network, read, lines)
    except Exception as error:  # whatever the tracers of PyTorch and ONNX meet
        if isinstance(error, CheckpointError | ModuleNotFoundError):
            raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{checkpoint}: its network cannot be written as {to} ({reason}); try the other --to") from error
    return checked(checkpoint, Exported(content, apart))


def checked(checkpoint: Path, made: Exported) -> Exported:
    """The same. Raises CheckpointError where its answers are not PyTorch's."""
    if not made.apart <= TOLERANCE:
        raise CheckpointError(
            f"{checkpoint}: what was made of it gives probabilities that are up to {made.apart:.1g} from PyTorch's, where "
            f"{TOLERANCE:g} is let pass; nothing is written: try the other --to, or other versions of PyTorch and ONNX"
        )
    return made


def about(reader: Recognizer, least_width: int) -> dict[str, Any]:
    """What a program must know that reads with the file."""
    return {
        "made_by": "text_recognizer.export 1",
        "network": reader.experiment.network,
        "height": reader.height,
        "least_width": least_width,
        "range": "0 (paper) to 1 (ink), zeros on the right of shorter lines",
        "prepared": reader.preparation,
        "alphabet": reader.model.alphabet,
        "blank": 0,
        "classes": "the blank, then the characters of the alphabet in its order",
        "order": "from left to right on the paper",
    }


def difference(network: nn.Module, read: Read, lines: Iterable[Seen]) -> float:
    """The greatest difference of a probability in the true frames of these images and widths; infinite where the frames are not
    as many."""
    worst = 0.0
    for images_BHW, widths_B in lines:
        with torch.no_grad():
            (wanted_BTC, wanted_B), (found_BTC, found_B) = network(images_BHW, widths_B), read(images_BHW, widths_B)
        if not torch.equal(wanted_B, found_B):
            return float("inf")
        for wanted_TC, found_TC, frames in zip(wanted_BTC, found_BTC, wanted_B.tolist(), strict=True):
            apart = (wanted_TC[:frames].softmax(-1) - found_TC[:frames].softmax(-1)).abs()
            worst = max(worst, float(apart.max().nan_to_num(float("inf"))))
    return worst


class _Answering(nn.Module):
    """The network with its logits and frames alone for an answer."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor, widths: torch.Tensor) -> Seen:
        logits_BTC, _, frames_B = self.network(images, widths)
        return logits_BTC, frames_B


@torch.library.custom_op("text_recognizer::lstm", mutates_args=())
def _lstm(
    input: torch.Tensor,
    hx: list[torch.Tensor],
    params: list[torch.Tensor],
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """`aten::lstm.input`, word for word: that itself is written out frame by frame, for the one length that it is traced with."""
    return torch.ops.aten.lstm.input(input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)


@_lstm.register_fake
def _(input: torch.Tensor, hx: list[torch.Tensor], *_rest: object) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return input.new_empty(*input.shape[:2], hx[0].shape[2]), torch.empty_like(hx[0]), torch.empty_like(hx[1])


class _Recurrent(nn.Module):
    """An LSTM of one layer and direction, as `_lstm`."""

    def __init__(self, lstm: nn.LSTM) -> None:
        super().__init__()
        self.weights, self.size = nn.ParameterList(lstm.all_weights[0]), lstm.hidden_size

    def forward(self, x_TBD: torch.Tensor) -> tuple[torch.Tensor, ...]:
        zeros = x_TBD.new_zeros(1, x_TBD.shape[1], self.size)
        return torch.ops.text_recognizer.lstm(x_TBD, [zeros, zeros], list(self.weights), True, 1, 0.0, False, False, False)


def _traced(network: nn.Module, height: int) -> torch.export.ExportedProgram:
    # With gradients on, for without them the networks work in place; of weights that want none.
    fit, free = copy.deepcopy(network).requires_grad_(False), torch.export.Dim.DYNAMIC
    _replace_lstms(fit)
    count, width = _EXAMPLE
    example = torch.rand(count, height, width), torch.tensor([width, width * 2 // 3, width // 3])
    shapes = {"images": {0: free, 2: free}, "widths": {0: free}}
    with torch.enable_grad():
        return torch.export.export(fit, example, dynamic_shapes=shapes, strict=False)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """What PyTorch says here of its own inside is nothing that a user could mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _replace_lstms(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.LSTM):
            setattr(module, name, _Recurrent(child))
        else:
            _replace_lstms(child)


def _least_width(program: torch.export.ExportedProgram) -> int:
    """What PyTorch has found out about the width: at least the least of its range."""
    image = next(node for node in program.graph.nodes if node.op == "placeholder" and node.name == "images")
    symbol = image.meta["val"].shape[2].node.expr
    return int(program.range_constraints[symbol].lower)


def _torch(network: nn.Module, reader: Recognizer) -> tuple[bytes, Read]:
    with _silence():
        program = _traced(network, reader.height)
        for node in program.graph.nodes:
            if node.target is torch.ops.text_recognizer.lstm.default:
                node.target = torch.ops.aten.lstm.input
        program.graph_module.recompile()
        buffer = io.BytesIO()
        said = json.dumps(about(reader, _least_width(program)), ensure_ascii=False)
        torch.export.save(program, buffer, extra_files={"about.json": said})
        read = torch.export.load(io.BytesIO(buffer.getvalue())).module()
    return buffer.getvalue(), read


def _onnx(network: nn.Module, reader: Recognizer) -> tuple[bytes, Read]:
    from onnxscript.function_libs.torch_lib.ops.core import aten_lstm

    with _silence():
        program = _traced(network, reader.height)
        made = torch.onnx.export(
            program,
            dynamo=True,
            verbose=False,
            output_names=["logits", "frames"],
            custom_translation_table={torch.ops.text_recognizer.lstm.default: aten_lstm},
        )
    assert made is not None
    model = made.model_proto
    for key, value in about(reader, _least_width(program)).items():
        model.metadata_props.add(key=key, value=value if isinstance(value, str) else json.dumps(value))
    _describe(model.graph)
    content = model.SerializeToString()
    return content, _reading(content)


def _describe(graph: Any) -> None:
    """Names for the free sizes, and what each input and output is."""
    sizes = {"images": ("batch", "", "width"), "widths": ("batch",), "logits": ("batch", "T", ""), "frames": ("batch",)}
    words = {
        "images": "lines of writing: ink 1, paper 0, zeros on the right of shorter ones",
        "widths": "the true width of each line",
        "logits": "of every frame, the blank first; softmax gives probabilities",
        "frames": "how many frames of each line count",
    }
    for value in (*graph.input, *graph.output):
        value.doc_string = words[value.name]
        for dim, name in zip(value.type.tensor_type.shape.dim, sizes[value.name], strict=True):
            if name:
                dim.dim_param = name
    del graph.value_info[:]  # they speak of these sizes by other names


def _reading(content: bytes) -> Read:
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    def read(images_BHW: torch.Tensor, widths_B: torch.Tensor) -> Seen:
        logits, frames = session.run(["logits", "frames"], {"images": images_BHW.numpy(), "widths": widths_B.numpy()})
        return torch.from_numpy(logits), torch.from_numpy(frames)

    return read


def drawn_lines(height: int) -> Iterator[Seen]:
    """Twenty drawn lines in three batches, padded as little as can be: float (B, H, W), and the widths."""
    from text_recognizer.data.line_images import prepared
    from text_recognizer.data.lines import generated_lines
    from text_recognizer.data.options import LineOptions

    drawn = generated_lines(LineOptions(train_size=sum(_BATCHES), val_size=1, test_size=1)).train.images
    left = iter([prepared(255 - image, height, upright=False, fit=False) for image in drawn])
    for count in _BATCHES:
        images = [next(left) for _ in range(count)]
        batch = np.zeros((count, height, max(image.shape[1] for image in images)), np.float32)
        for row, image in zip(batch, images, strict=True):
            row[:, : image.shape[1]] = image / 255
        yield torch.from_numpy(batch), torch.tensor([image.shape[1] for image in images])
