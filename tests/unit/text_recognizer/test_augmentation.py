"""The random changes to lines, the average of weights, and the course of a training."""

from __future__ import annotations

import itertools

import pytest

torch = pytest.importorskip("torch")

from text_recognizer.models.augmentation import (  # noqa: E402
    Augmentation,
    _bicubic,
    _largest_around,
    distorted,
    recoloured,
    with_blank_spans,
)
from text_recognizer.training.averaging import averaged  # noqa: E402
from text_recognizer.training.course import Course  # noqa: E402


def lines(count: int = 64, height: int = 32, width: int = 256, ink: int = 200) -> tuple[torch.Tensor, torch.Tensor]:
    """Upright bars every 16 pixels up to `ink`, then padding; and the true widths."""
    images = torch.zeros(count, height, width)
    images[:, 8:24, 8:ink:16] = 1.0
    return images, torch.full((count,), ink)


def test_no_strength_changes_nothing() -> None:
    """`augment: 0` is the default, and must cost nothing."""
    images, widths = lines()
    same, as_wide = Augmentation().of(images, widths)
    assert torch.equal(same, images)
    assert torch.equal(as_wide, widths)


def test_every_line_is_changed_in_its_own_way_and_stays_a_picture() -> None:
    """One distortion for a whole batch is hardly any."""
    torch.manual_seed(0)
    images, widths = lines()
    changed, _ = Augmentation(1.0, 0.5).of(images, widths)
    assert changed.shape == images.shape
    assert all(not torch.allclose(a, b) for a, b in itertools.pairwise(changed))
    assert changed.min() >= 0
    assert changed.max() <= 1.2
    assert changed.isfinite().all()


def test_a_line_never_outgrows_its_padding_and_its_ink_stays_within_its_width() -> None:
    """A width that does not fit the ink makes the network read letters that are not there, or lose some."""
    torch.manual_seed(0)
    images, widths = lines()
    changed, new = distorted(images, widths, 1.0)
    assert new.min() < 180 < 220 < new.max() <= 256
    for image, width in zip(changed, new.tolist(), strict=True):
        beyond = image[12:20, min(256, width + 8) :]
        assert beyond.sum() < 1.0
        columns = image[14:18].amax(dim=0)
        bars = int(((columns[1:] > 0.5) & (columns[:-1] <= 0.5)).sum())
        assert bars >= 9


def test_strength_scales_the_distortion() -> None:
    """A grid over it must mean something."""
    images, widths = lines()

    def moved(strength: float) -> float:
        torch.manual_seed(1)
        return (distorted(images, widths, strength)[0] - images).abs().mean().item()

    assert moved(0.02) < moved(0.2) < moved(1.0)
    assert moved(0.0) == pytest.approx(0, abs=1e-6)


def test_strokes_get_thicker_and_thinner() -> None:
    """A pen of one width is the commonest way in which a new writer differs."""
    torch.manual_seed(0)
    images, _ = lines()
    ink = recoloured(images, 1.0).sum(dim=(1, 2)) / images.sum(dim=(1, 2))
    assert ink.min() < 0.9
    assert ink.max() > 1.2


def test_strokes_grow_and_shrink_by_the_pixels_around_each() -> None:
    """What is computed by other means, for its speed, must be the same."""
    images = torch.rand(3, 9, 14)
    pooled = torch.nn.functional.max_pool2d(images[:, None], 3, stride=1, padding=1)[:, 0]
    assert torch.equal(_largest_around(images), pooled)


@pytest.mark.parametrize(("before", "after"), [(3, 32), (26, 416), (2, 8)])
def test_the_field_that_shakes_a_line_is_bicubic(before: int, after: int) -> None:
    """Linear in between it would have edges, which no hand has."""
    coarse = torch.rand(1, 1, 1, before)
    smooth = torch.nn.functional.interpolate(coarse, size=(1, after), mode="bicubic", align_corners=True)
    assert torch.allclose(coarse[0, 0] @ _bicubic(before, after, torch.device("cpu")), smooth[0, 0], atol=1e-5)


def test_spans_are_blanked_as_often_as_asked_for() -> None:
    """Whole columns, only within the line, and for each line others."""
    torch.manual_seed(0)
    images, widths = torch.ones(400, 32, 640), torch.full((400,), 320)
    masked = with_blank_spans(images, widths, 2.0)
    blank = masked.amin(dim=1) == 0
    assert torch.equal(blank, masked.amax(dim=1) == 0)
    starts = blank.clone()
    starts[:, 1:] &= ~blank[:, :-1]
    assert 1.2 < starts.sum(dim=1).float().mean() < 2.0  # two in ten heights, some of which touch
    assert torch.equal(with_blank_spans(images, widths, 0.0), images)


def test_the_changes_fade_in_and_out() -> None:
    """At the beginning they keep a network from seeing anything; at the end the weights shall settle on real lines."""
    full = Augmentation(1.0, 0.5)
    strengths = [full.at(share / 20).strength for share in range(21)]
    assert strengths[0] == pytest.approx(0.2)
    assert max(strengths) == 1.0
    assert strengths[-1] == 0.0


def test_the_average_follows_the_weights_and_forgets_its_start() -> None:
    """A plain decay of 0.999 would still be mostly random weights after a short training."""
    network = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    torch.nn.init.constant_(network[0].weight, 100.0)
    average = averaged(network, 0.999)
    for _ in range(100):
        torch.nn.init.constant_(network[0].weight, 1.0)
        network[1].num_batches_tracked += 1
        average.update_parameters(network)
    assert torch.allclose(average.module[0].weight, torch.ones(2, 2), atol=0.01)
    assert average.module[1].num_batches_tracked == 100


def test_the_average_lags_by_its_decay() -> None:
    """Otherwise it would be the last weights, or the first."""
    network = torch.nn.Linear(1, 1)
    torch.nn.init.constant_(network.weight, 0.0)
    average = averaged(network, 0.5)
    for _ in range(9):
        average.update_parameters(network)
    torch.nn.init.constant_(network.weight, 1.0)
    average.update_parameters(network)
    assert average.module.weight.item() == pytest.approx(0.5)


def test_a_course_counts_lines_or_cpu_time() -> None:
    """The learning rate, the augmentation and the end of the training all follow it."""
    course = Course(total=200)
    course.seen = 50
    assert (course.share, course.over) == (0.25, False)
    course.seen = 200
    assert (course.share, course.over) == (1.0, True)
    timed = Course(total=200, cpu_seconds=1e9, seen=200, spent=5e8)
    assert 0.5 < timed.share < 0.51
    assert not timed.over
