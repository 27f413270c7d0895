"""Pictures are made harder in known ways."""

from __future__ import annotations

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("PIL")

from text_recognizer.data.spoiling import Spoiling  # noqa: E402


def bars() -> np.ndarray:
    """Dark bars on grey paper, 64 high."""
    grey = np.full((64, 400), 200, np.uint8)
    grey[20:44, 20:380:20] = 30
    return grey


def test_nothing_asked_for_changes_nothing() -> None:
    """The plain figure of a table must be that of the plain lines."""
    assert not Spoiling()
    assert np.array_equal(Spoiling().of(bars()), bars())


def test_a_squeezed_line_is_as_much_narrower_as_was_said() -> None:
    """A table over the width is read as one."""
    assert Spoiling(squeeze=0.55).of(bars()).shape == (64, 220)
    ink, squeezed = 200.0 - bars(), 200.0 - Spoiling(squeeze=0.5).of(bars())
    assert squeezed.sum() == pytest.approx(ink.sum() / 2, rel=0.02)  # averaged: no stroke is picked or lost


def test_a_margin_counts_for_sixty_four_pixels_of_height_and_is_paper() -> None:
    """A scan of a higher resolution has as much paper around it."""
    assert Spoiling(margin=16).of(bars()).shape == (96, 432)
    large = Spoiling(margin=16).of(np.repeat(bars(), 2, axis=0))
    assert large.shape == (192, 464)
    assert (large[:32] == 200).all()


def test_bright_writing_gets_dark_paper() -> None:
    """Bright paper around it would be read as ink."""
    board = np.full((64, 100), 55, np.uint8)
    board[:, :40] = 230
    assert Spoiling(margin=8).of(board)[0, 0] == 55


def test_a_turned_line_keeps_all_of_its_ink() -> None:
    """Letters cut off would count as letters read wrongly."""
    turned = Spoiling(rotate=3).of(bars())
    assert turned.shape[0] > 64 + 15
    assert (200 - turned.astype(int)).sum() == pytest.approx((200 - bars().astype(int)).sum(), rel=0.03)
    left, right = (np.flatnonzero((turned[:, part] < 100).any(axis=1)).mean() for part in (slice(0, 60), slice(-60, None)))
    assert left > right + 10  # against the clock: the right end goes up
