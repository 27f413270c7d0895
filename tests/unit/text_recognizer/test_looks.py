"""A line is looked at several times, leant otherwise each time, and the looks are joined frame by frame."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from text_recognizer.models.looks import LEANS, STRETCHES, leant, looked_at, stretched  # noqa: E402


class Remembering(torch.nn.Module):
    """A network of four frames and three classes whose logits depend on what it sees; it keeps the images."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[torch.Tensor] = []

    def forward(self, images: torch.Tensor, widths: torch.Tensor) -> tuple[torch.Tensor, None, torch.Tensor]:
        self.seen.append(images)
        height = images.shape[1]
        parts = [images[:, :2].sum(1), images[:, height // 2 - 1 : height // 2 + 1].sum(1), images[:, -2:].sum(1)]
        columns = torch.stack(parts, dim=-1)  # (B, W, 3): top, middle, bottom
        return columns.unflatten(1, (4, -1)).mean(2) * 9, None, widths // 8


def bars() -> torch.Tensor:
    images = torch.zeros(2, 32, 32)
    images[0, :, 12:16] = 1.0
    images[1, 4:28, 20:22] = 1.0
    return images


def test_one_look_is_what_the_network_sees() -> None:
    """It is the default, and must neither cost nor change anything."""
    network, images, widths = Remembering(), bars(), torch.tensor([32, 24])
    scores, frames = looked_at(network, images, widths, 1)
    assert network.seen[0] is images
    assert len(network.seen) == 1
    assert torch.equal(scores, network(images, widths)[0].log_softmax(-1))
    assert frames.tolist() == [4, 3]


def test_several_looks_are_joined_to_their_mean() -> None:
    """A product of probabilities would let one look that is wrong forbid what the others see."""
    network, images, widths = Remembering(), bars(), torch.tensor([32, 24])
    scores, _ = looked_at(network, images, widths, 3)
    alone = torch.stack([network(seen, widths)[0].softmax(-1) for seen in network.seen[:3]])
    assert not torch.allclose(alone[0], alone[1])
    assert torch.allclose(scores.exp(), alone.mean(0), atol=1e-6)


def test_probabilities_of_nothing_stay_finite() -> None:
    """What is summed up later must not become not a number."""

    class Sure(torch.nn.Module):
        def forward(self, images: torch.Tensor, widths: torch.Tensor) -> tuple[torch.Tensor, None, torch.Tensor]:
            return torch.tensor([[[500.0, -500.0]]]), None, widths

    assert looked_at(Sure(), bars()[:1], torch.tensor([32]), 3)[0].isfinite().all()


def test_a_lean_moves_the_top_one_way_the_bottom_the_other_and_the_middle_not() -> None:
    """The frames of the looks belong together only where letters stay in their columns."""
    for lean in LEANS[1:]:
        image = leant(torch.nn.functional.pad(bars(), (0, 64)), lean)[0]
        column = (image * torch.arange(96.0)).sum(1) / image.sum(1)
        moved = column - 13.5
        assert moved[15:17].abs().max() < 0.15
        assert moved[0].item() == pytest.approx(lean * 15.5, abs=0.1)
        assert moved[31].item() == pytest.approx(-lean * 15.5, abs=0.1)
        assert image.sum() == pytest.approx(bars()[0].sum().item(), rel=1e-3)


def test_numbers_of_eight_bits_do_not_blur_a_look() -> None:
    """A place that is rounded to bf16 is off by a pixel or two, and the looks lose more than they find."""
    plain = leant(bars(), 0.12), stretched(bars(), torch.tensor([32, 24]), 1.25)[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = leant(bars(), 0.12), stretched(bars(), torch.tensor([32, 24]), 1.25)[0]
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(plain, rounded, strict=True))


def test_a_stretched_line_has_its_letters_farther_apart() -> None:
    """A dense hand has to come to the width that the network knows."""
    image, widths = stretched(bars(), torch.tensor([32, 24]), 1.5)
    assert image.shape == (2, 32, 64)
    assert widths.tolist() == [48, 36]
    column = (image[0] * torch.arange(64.0)).sum() / image[0].sum()
    assert float(column) + 0.5 == pytest.approx(14 * 1.5, abs=0.1)
    assert float(image[0].sum()) == pytest.approx(float(bars()[0].sum()) * 1.5, rel=0.02)


class Wide(torch.nn.Module):
    """A network of a frame for every eight pixels, sure of the first line where that is 40 wide, and never of padding."""

    def forward(self, images: torch.Tensor, widths: torch.Tensor) -> tuple[torch.Tensor, None, torch.Tensor]:
        frames = widths // 8
        logits = torch.zeros(len(images), images.shape[2] // 8, 2)
        for line, count in enumerate(frames.tolist()):
            logits[line, :count, 1] = 3.0 if (line, int(widths[line])) in ((0, 40), (1, 24)) else 0.5
            logits[line, count:] = 0.0
        return logits, None, frames


def test_every_line_is_taken_at_the_stretch_at_which_it_is_surest() -> None:
    """Lines of one batch are of different hands; and padding, of which there is more or less, says nothing."""
    scores, frames = looked_at(Wide(), bars(), torch.tensor([32, 24]), 9)
    assert STRETCHES[:2] == (1.0, 1.25)
    assert frames.tolist() == [5, 3]
    assert [round(float(scores[line, 0].softmax(-1)[1]), 3) for line in (0, 1)] == [0.953, 0.953]
    assert scores.shape[1] >= 5
