"""The lines of pages that nobody has marked, and what is taken for a page."""

from __future__ import annotations

from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("scipy")

from PIL import Image  # noqa: E402

from tests.conftest import ROOT  # noqa: E402
from text_recognizer.data.page_xml import read_page  # noqa: E402
from text_recognizer.data.pictures import open_grey  # noqa: E402
from text_recognizer.data.segmentation import lines_of  # noqa: E402
from text_recognizer.sources import Choice, found_in  # noqa: E402

REAL = ROOT.parent / "shared" / "data" / "handwritten_pages"


def written(lines: int, apart: int = 60, slope: float = 0.0, dark: bool = True) -> np.ndarray:
    """A page whose lines of words of letters stand `apart`, the first baseline at 100."""
    page = np.full((100 + lines * apart + 60, 700), 225 if dark else 20, np.uint8)
    for number in range(lines):
        for x in range(60, 620 - 40 * (number % 3), 14):
            y = round(100 + number * apart + slope * (x - 60))
            if (x // 14) % 6:
                page[y - (26 if x % 5 == 0 else 16) : y, x : x + 3] = 40 if dark else 240
                page[y - 3 : y, x : x + 9] = 40 if dark else 240
    return page


@pytest.mark.parametrize("lines", [1, 2, 5, 12])
@pytest.mark.parametrize("apart", [40, 60, 110])
def test_every_line_of_a_clean_page_is_found_at_its_baseline(lines: int, apart: int) -> None:
    """A page of a few lines as well as a full one: what a user tries first."""
    found = lines_of(written(lines, apart))
    assert [line.id for line in found] == [f"line_{n}" for n in range(1, lines + 1)]
    for number, line in enumerate(found):
        assert abs(line.baseline[:, 1].mean() - (100 + number * apart)) < 0.12 * apart
        assert (abs(line.baseline[0, 0] - 60) < 30, line.baseline[-1, 0] > 500) == (True, True)


@pytest.mark.parametrize("slope", [-0.04, 0.04])
def test_a_sheet_that_lies_askew_has_the_same_lines(slope: float) -> None:
    """Nobody lays a sheet straight on the glass."""
    found = lines_of(written(8, slope=slope))
    assert len(found) == 8
    measured = [np.polyfit(line.baseline[:, 0], line.baseline[:, 1], 1)[0] for line in found]
    assert np.abs(np.array(measured) - slope).max() < 0.02


def test_bright_ink_rules_and_the_edge_of_the_sheet_do_not_confuse_it() -> None:
    """Negatives of microfilms, ruled paper, and the black of a scanner around the sheet."""
    assert len(lines_of(written(6, dark=False))) == 6
    page = written(6)
    page[112::60, 20:680] = 150
    assert len(lines_of(np.pad(page, 40, constant_values=0))) == 6


def test_words_far_apart_are_one_line_and_columns_are_two() -> None:
    """As far as a wide space goes; a gutter between columns must be wider."""
    page = written(5)
    spaced, columns = page.copy(), page.copy()
    spaced[:, 250:390] = 225
    columns = np.hstack([page, np.full((len(page), 120), 225, np.uint8), page])
    assert (len(lines_of(spaced)), len(lines_of(columns))) == (5, 10)


@pytest.mark.parametrize(
    "page", [np.full((600, 500), 220, np.uint8), np.zeros((300, 300), np.uint8), np.full((1, 1), 9, np.uint8)]
)
def test_an_empty_page_has_no_lines(page: np.ndarray) -> None:
    """The back of a sheet; noise must not be stretched until it is writing."""
    assert lines_of(page) == ()


def test_noise_alone_costs_no_minutes_and_no_error() -> None:
    """A cover of marbled paper lies in every folder."""
    lines_of(np.random.default_rng(0).integers(0, 255, (300, 400), dtype=np.uint8))


def test_a_picture_is_a_page_where_it_has_the_shape_of_one(tmp_path: Path) -> None:
    """A page read as one line was an answer without sense; a line cut into pieces would be one as well."""
    Image.fromarray(written(4)).save(tmp_path / "page.png")
    Image.fromarray(written(4)).resize((96, 64)).save(tmp_path / "line.png")
    assert len(list(found_in(tmp_path / "page.png"))) == 4
    assert next(found_in(tmp_path / "page.png", Choice(pages=True))).source == f"{tmp_path / 'page.png'}#line_1"
    assert [f.source for f in found_in(tmp_path, Choice(pages=False))] == [str(tmp_path / n) for n in ("line.png", "page.png")]
    assert [f.source for f in found_in(tmp_path / "line.png")] == [str(tmp_path / "line.png")]


def test_a_large_picture_of_one_line_is_that_line() -> None:
    """A word in a photograph is as high as a page of a small scan."""
    (found,) = found_in(written(1, 110))
    assert found.grey is not None
    assert (found.source, found.grey.shape, found.sheet.guessed) == ("sources[0]", (270, 700), False)


@pytest.mark.parametrize("pages", [True, None])
def test_a_page_without_a_line_is_an_error(pages: bool | None) -> None:
    """Exit status 0 and no row looked like a page that was read."""
    (found,) = found_in(np.full((600, 500), 220, np.uint8), Choice(pages=pages))
    assert "no line is found on it" in found.error


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared pages are not on this machine")
def test_most_lines_of_real_pages_are_found() -> None:
    """Wills of 1898 to 1918, with stamps, notes and folds: 58 lines, marked by people."""
    hit = count = 0
    for file in sorted(REAL.glob("*.xml")):
        page = read_page(file)
        found = lines_of(open_grey(page.image))
        for line in page.lines:
            count += 1
            hit += any(is_same(line.baseline, other.baseline) for other in found)
    assert count == 58
    assert hit >= 54


def is_same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two baselines share more than half of their length, less than 45 pixels apart."""
    left, right = max(one[:, 0].min(), other[:, 0].min()), min(one[:, 0].max(), other[:, 0].max())
    x = np.linspace(left, right, 20)
    apart = abs(np.interp(x, *one.T) - np.interp(x, *other.T)).mean()
    longest = max(np.ptp(one[:, 0]), np.ptp(other[:, 0]))
    return bool(right - left > longest / 2 and apart < 45)
