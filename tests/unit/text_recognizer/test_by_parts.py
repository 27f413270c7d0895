"""Convolutions that learn a few lines at a time: the same numbers as a whole batch at once gives."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")

from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from text_recognizer.models import by_parts  # noqa: E402
from text_recognizer.models.columns import without_padding  # noqa: E402
from text_recognizer.models.line_cnn import Windows  # noqa: E402
from text_recognizer.models.options import LineCnnOptions  # noqa: E402
from text_recognizer.models.pixels import as_channel  # noqa: E402


def windows(**changes) -> Windows:
    """With norms that are no longer as they begin."""
    torch.manual_seed(0)
    network = Windows(LineCnnOptions(**{"conv_dim": 16, "fc_dim": 8, "fc_dropout": 0.0, **changes}), 28)
    for norm in norms(network):
        torch.nn.init.uniform_(norm.weight, -1.0, 1.5)
        torch.nn.init.uniform_(norm.bias, -0.5, 0.5)
        torch.nn.init.uniform_(norm.running_mean, -0.5, 0.5)
    return network.to(memory_format=torch.channels_last).train()


def norms(network: torch.nn.Module) -> list[torch.nn.BatchNorm2d]:
    return [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]


def lines(*widths: int, wide: int, height: int = 28) -> tuple[torch.Tensor, torch.Tensor]:
    images = torch.rand(len(widths), 1, height, wide, generator=torch.Generator().manual_seed(1))
    ends = torch.tensor(widths)
    return without_padding(images, ends)[:, 0], ends


def learned(network: Windows, images: torch.Tensor, ends: torch.Tensor) -> dict[str, torch.Tensor]:
    """Features, gradients and what the norms remember after one step, in float64."""
    features, counts = network(images, ends)
    weights = torch.linspace(-1, 1, features.numel(), dtype=features.dtype).view_as(features).cos()
    (features * weights).sum().backward()
    gradients = {f"gradient of {name}": p.grad for name, p in network.named_parameters()}
    found = {"features": features, "windows": counts} | gradients | dict(network.named_buffers())
    return {name: value.double() for name, value in found.items()}


def apart(found: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> dict[str, float]:
    """How far each lies from what is right, as a share of it, by their lengths as vectors."""
    assert found.keys() == right.keys()
    return {name: ((found[name] - value).norm() / value.norm().clamp(min=1e-6)).item() for name, value in right.items()}


def both_ways(network: Windows, images: torch.Tensor, ends: torch.Tensor) -> dict[str, float]:
    """How far a step by parts lies from one for the whole batch, computed in float64."""
    exact = copy.deepcopy(network).double()
    stages = list(network.convolutions)
    assert by_parts.pays(stages, images[:, None])
    assert not by_parts.pays(list(exact.convolutions), images[:, None].double())
    return apart(learned(network, images, ends), learned(exact, images.double(), ends))


def agree(differences: dict[str, float]) -> bool:
    """On which side of a ReLU a result near zero lies, rounding decides: gradients may differ a little, and nothing else."""
    return all(apart < (2e-2 if name.startswith("gradient") else 2e-5) for name, apart in differences.items())


@pytest.mark.parametrize(
    ("widths", "wide", "height", "changes"),
    [
        ((75, 130, 201), 224, 28, {}),
        ((64, 64), 64, 28, {}),
        ((33, 8, 57, 1), 57, 27, {}),
        ((90, 61), 96, 28, {"window_width": 28, "window_stride": 18}),
        ((90, 61), 96, 28, {"window_width": 27, "window_stride": 9}),
        ((300,), 320, 28, {"conv_dim": 32}),
    ],
)
def test_a_step_by_parts_is_the_step_of_the_whole_batch(widths, wide: int, height: int, changes) -> None:
    """Features, gradients and what the norms remember: a network that learns faster and otherwise would be another one."""
    differences = both_ways(windows(**changes), *lines(*widths, wide=wide, height=height))
    assert agree(differences), differences


@pytest.mark.parametrize("room", [1, 400_000, 1 << 30])
def test_it_does_not_matter_how_large_the_parts_are(room: int) -> None:
    """One line at a time, or all of them: parts are joined where the images have become small."""
    network, (images, ends) = windows(), lines(75, 130, 201, 9, 160, wide=224)
    exact, x = copy.deepcopy(network.convolutions).double(), as_channel(images)
    found, widths = by_parts.convolved(list(network.convolutions), x, ends, room)
    whole = x.double(), ends
    for stage in exact:
        whole = stage(*whole)
    assert torch.equal(widths, whole[1])
    assert (found - whole[0]).abs().max() < 2e-4 * whole[0].max()


class Shapes(TorchDispatchMode):
    """Notes the shapes of all convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[torch.Size, torch.Size]] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten.convolution.default:
            self.found.add((args[0].shape, args[1].shape))
        return func(*args, **(kwargs or {}))


def test_lines_of_all_widths_meet_few_shapes() -> None:
    """Each shape has code of its own, made when it is met: with hundreds of them a training spends its time on that."""
    network, generator = windows(), torch.Generator().manual_seed(3)
    with Shapes() as shapes:
        for _ in range(20):
            ends = torch.randint(129, 201, (6,), generator=generator)
            by_parts.convolved(list(network.convolutions), torch.rand(6, 1, 28, 256), ends, 500_000)
    alone = {160, 192, 224}  # columns of a line while it has a part to itself; later all lines are one part
    first, second, third, fourth = ({x[3] for x, kernels in shapes.found if kernels[:2] == size} for size in SIZES)
    assert first <= {width + 2 for width in alone}
    assert second <= alone | {width // 2 for width in alone} | {128}
    assert third | fourth <= {128, 64, 32}


SIZES = ((16, 1), (16, 16), (32, 16), (32, 32))
"""Channels of the first convolutions, results and images."""


def test_a_step_by_parts_keeps_half_as_much() -> None:
    """What is kept for the way back is what the memory of a training is: of each stage the results of its convolution alone."""
    images, ends = lines(75, 130, 201, wide=224)
    by, whole = windows(), windows().double()
    assert kept(by, images, ends) < 0.5 * kept(whole, images.double(), ends) / 2


def kept(network: Windows, images: torch.Tensor, ends: torch.Tensor) -> int:
    """Bytes of all tensors, each counted once, that the way back needs."""
    seen: dict[int, int] = {}

    def look(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(look, lambda tensor: tensor):
        features = network(images, ends)[0]
    assert features.requires_grad
    return sum(seen.values())


def test_parts_are_for_learning_in_float32_on_a_cpu() -> None:
    """Elsewhere a whole batch at once does as well; narrow convolutions are not safe with channels last; and an image that wants
    a gradient would get none."""
    network, images = windows(), torch.rand(2, 1, 28, 64)
    stages = list(network.convolutions)
    assert by_parts.pays(stages, images)
    assert not by_parts.pays(stages, images.double())
    assert not by_parts.pays(stages, images.clone().requires_grad_())
    assert not by_parts.pays(list(windows(conv_dim=8).convolutions), images)
    with torch.no_grad():
        assert not by_parts.pays(stages, images)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert not by_parts.pays(stages, images)
    assert not by_parts.pays(list(network.eval().convolutions), images)
