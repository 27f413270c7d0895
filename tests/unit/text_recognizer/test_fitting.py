"""The writing in a picture of a line is found, levelled and brought to one size and density."""

from __future__ import annotations

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("PIL")
pytest.importorskip("HersheyFonts")

from PIL import Image  # noqa: E402

from text_recognizer.data.fitting import band_of, fit_of, slope_of  # noqa: E402
from text_recognizer.data.line_images import prepared, with_even_contrast  # noqa: E402
from text_recognizer.data.lines import write  # noqa: E402
from text_recognizer.data.spoiling import Spoiling  # noqa: E402
from text_recognizer.data.styles import draw_style  # noqa: E402

PAPER = 210


def scan(text: str = "the quick brown fox jumps over it", seed: int = 0) -> np.ndarray:
    """A drawn line as a scan 64 pixels high, dark on grey."""
    rng = np.random.default_rng(seed)
    ink = write(text, draw_style("train", rng), "futural", rng)
    large = Image.fromarray(ink).resize((2 * ink.shape[1], 64), Image.Resampling.BILINEAR)
    return (PAPER - np.asarray(large, np.float32) * 0.7).astype(np.uint8)


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    """The correlation of two lines once they have one width."""
    same = np.asarray(Image.fromarray(b).resize((a.shape[1], a.shape[0]), Image.Resampling.BOX))
    return float(np.corrcoef(a.ravel(), same.ravel())[0, 1])


def ready(grey: np.ndarray) -> np.ndarray:
    return prepared(grey, 32, upright=False, fit=True)


@pytest.mark.parametrize(
    "spoiling",
    [
        Spoiling(margin=16),
        Spoiling(margin=40),
        Spoiling(rotate=2),
        Spoiling(rotate=-3),
        Spoiling(squeeze=0.6),
        Spoiling(0.7, 1.5, 20),
    ],
    ids=["margin", "wide margin", "falling", "rising", "narrow", "all"],
)
def test_a_line_looks_alike_however_it_was_scanned(spoiling: Spoiling) -> None:
    """A margin of half a line, or two degrees, made a reader twice as wrong; and dense hands are read worst of all."""
    plain, spoilt = ready(scan()), ready(spoiling.of(scan()))
    assert spoilt.shape[0] == 32
    assert spoilt.shape[1] == pytest.approx(plain.shape[1], rel=0.12)
    assert likeness(plain, spoilt) > 0.7


def test_the_same_picture_gives_the_same_line_to_the_last_bit() -> None:
    """A reading that changes from call to call can be neither tested nor cited."""
    assert np.array_equal(ready(scan()), ready(scan().copy()))


@pytest.mark.parametrize("shape", [(64, 600), (1, 1), (3, 900), (900, 3)], ids=str)
def test_an_empty_picture_stays_empty(shape: tuple[int, int]) -> None:
    """Pages have lines without writing, and broken crops; neither may end a reading of a thousand lines."""
    line = ready(np.full(shape, PAPER, np.uint8))
    assert line.shape[0] == 32
    assert line.shape[1] >= 8
    assert not line.any()


def test_a_single_speck_is_no_line_that_fills_the_picture() -> None:
    """What is hardly there must not be blown up without limit: the memory of a scan is finite."""
    grey = np.full((64, 900), PAPER, np.uint8)
    grey[30:33, 400:403] = 20
    assert ready(grey).shape[1] <= 64


def test_the_slope_is_found_to_half_a_degree() -> None:
    """Half a degree moves the end of a line of twenty heights by a sixth of its height."""
    slopes = [slope_of(with_even_contrast(Spoiling(rotate=degrees).of(scan()))) for degrees in (0.0, -3.0, 2.0)]
    level, falling, rising = (float(np.degrees(np.arctan(slope))) for slope in slopes)
    assert abs(level) < 1  # the hand itself is not quite straight
    assert [falling - level, rising - level] == pytest.approx([3.0, -2.0], abs=0.5)


def test_a_short_word_is_left_as_it_lies() -> None:
    """Of one or two letters the fullest rows are those of a slanted stroke."""
    ink = np.zeros((64, 100), np.uint8)
    ink[10:50, 20:22] = 255
    for x in range(24, 84):
        ink[30 + x // 15, x] = 255  # a dash that falls by four degrees, after a stroke
    assert slope_of(ink) == 0.0
    ink[:, :22] = 0
    assert slope_of(ink) == pytest.approx(1 / 15, abs=0.02)  # alone it is as long as it needs to be


def test_writing_in_the_margin_is_not_taken_for_the_line() -> None:
    """Crops of lines hold feet and heads of those above and below."""
    grey = np.pad(scan(), ((60, 0), (0, 0)), constant_values=PAPER)
    middle, spread = band_of(with_even_contrast(grey))
    grey[2:6, 100:160:9] = 40
    beside, wider = band_of(with_even_contrast(grey))
    assert beside == pytest.approx(middle, abs=2)
    assert wider == pytest.approx(spread, rel=0.15)


def test_a_column_of_the_line_is_found_in_the_picture() -> None:
    """Who shows where a letter stands needs its place in the scan, not in what a network reads."""
    grey = np.pad(scan(), 30, constant_values=PAPER)
    fit = fit_of(with_even_contrast(grey))
    inked = np.flatnonzero((grey < 120).any(axis=0))
    assert fit.column(0.0) < inked[0] < inked[-1] < fit.column(1.0)
    assert fit.column(0.0) > inked[0] - 20
    assert fit.column(1.0) < inked[-1] + 20
