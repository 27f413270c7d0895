"""Muon beside PyTorch's own, which takes matrices only, and what it does with kernels and with all that is neither."""

import pytest
import torch
from torch import nn

from text_recognizer.training.muon import Muon, orthogonal, parted

TALL, WIDE = (40, 12), (12, 40)


def stepped(optimizer: torch.optim.Optimizer, weight: nn.Parameter, steps: int = 3) -> torch.Tensor:
    """The weight after some steps down the same slopes."""
    draw = torch.Generator().manual_seed(1)
    for _ in range(steps):
        weight.grad = torch.randn(weight.shape, generator=draw).to(memory_format=torch.preserve_format)
        optimizer.step()
    return weight.detach()


def weight(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.randn(shape, generator=torch.Generator().manual_seed(0)))


@pytest.mark.parametrize("shape", [TALL, WIDE])
def test_a_matrix_takes_the_steps_of_pytorch_s_own(shape: tuple[int, int]) -> None:
    ours, theirs = weight(*shape), weight(*shape)
    at_first = ours.detach().clone()
    mine = Muon([{"params": [ours], "orthogonal": True, "weight_decay": 0.5}], lr=0.01)
    peer = torch.optim.Muon([theirs], lr=0.01, weight_decay=0.5, momentum=0.95, adjust_lr_fn="match_rms_adamw")
    change, expected = stepped(mine, ours) - at_first, stepped(peer, theirs) - at_first
    assert (change - expected).norm() < 0.02 * expected.norm()  # both round to bf16, in another order


@pytest.mark.parametrize("shape", [TALL, WIDE])
def test_nearly_orthogonal_is_what_comes_out_whatever_the_size_of_the_gradient(shape: tuple[int, int]) -> None:
    for size in (1e-6, 1.0, 1e6):
        found = torch.linalg.svdvals(orthogonal(size * weight(*shape).detach()))
        assert 0.6 < found.min() <= found.max() < 1.3


def test_a_gradient_of_zeros_changes_nothing() -> None:
    assert torch.equal(orthogonal(torch.zeros(TALL)), torch.zeros(TALL))


def test_a_kernel_is_a_matrix_of_its_outputs_however_it_lies_in_memory() -> None:
    kernel, matrix = weight(12, 4, 3, 3), weight(12, 36)
    turned = nn.Parameter(kernel.detach().clone(memory_format=torch.channels_last))
    three = [stepped(Muon([{"params": [w], "orthogonal": True}], lr=0.1), w).reshape(12, 36) for w in (kernel, turned, matrix)]
    assert torch.allclose(three[0], three[2])
    assert torch.allclose(three[1], three[2])


def test_what_is_not_to_be_orthogonal_takes_the_steps_of_adamw() -> None:
    ours, theirs, beside = weight(7), weight(7), weight(*TALL)
    mine = Muon([{"params": [beside], "orthogonal": True}, {"params": [ours], "weight_decay": 0.1}], lr=0.1)
    assert torch.equal(stepped(mine, ours), stepped(torch.optim.AdamW([theirs], lr=0.1, weight_decay=0.1), theirs))


def test_a_weight_that_got_no_gradient_stays_as_it_is() -> None:
    idle, used = weight(*TALL), weight(*WIDE)
    stepped(Muon([{"params": [idle, used], "orthogonal": True}], lr=0.1), used)
    assert torch.equal(idle, weight(*TALL))


def test_what_sees_pixels_and_what_stands_for_characters_is_left_to_adamw() -> None:
    pixels, inside, embedding, alike, head = weight(8, 1, 3, 3), weight(*TALL), weight(5, 12), weight(*WIDE), weight(5, 40)
    vectors = {"params": [weight(7)], "weight_decay": 0.0}
    weights = {"params": [pixels, inside, embedding, alike, head], "weight_decay": 0.5}
    hidden, outer, rest = parted(weights, vectors)
    assert [id(each) for each in hidden["params"]] == [id(inside), id(alike)]
    assert [id(each) for each in outer["params"]] == [id(pixels), id(embedding), id(head)]
    assert (hidden["weight_decay"], outer["weight_decay"], rest) == (0.5, 0.5, vectors)
    assert [bool(group.get("orthogonal")) for group in (hidden, outer, rest)] == [True, False, False]
