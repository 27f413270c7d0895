"""Pages that lie on their side or upside down: where their lines are, and when they are read turned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("scipy")

from PIL import Image  # noqa: E402

from text_recognizer.data.line_pages import cut_out  # noqa: E402
from text_recognizer.data.segmentation import lines_of  # noqa: E402
from text_recognizer.data.turns import TURNS, quarter, stands, turned, way_up  # noqa: E402
from text_recognizer.errors import ExperimentError  # noqa: E402
from text_recognizer.sources import Choice, Found, found_in  # noqa: E402


def written(lines: int = 5) -> np.ndarray:
    """An upright page whose lines of letters stand on their feet, and are of different lengths."""
    page = np.full((100 + lines * 60 + 60, 700), 225, np.uint8)
    for number in range(lines):
        y = 100 + number * 60
        for x in range(60, 620 - 70 * (number % 3), 14):
            if (x // 14) % 6:
                page[y - (26 if x % 5 == 0 else 16) : y, x : x + 3] = 40
                page[y - 3 : y, x : x + 9] = 40
    return page


def lying(page: np.ndarray, turn: int) -> np.ndarray:
    """The same page as it lies when it has to be turned clockwise by so many degrees."""
    return turned(page, (360 - turn) % 360)


def saying(*sureness: float) -> Callable[[Sequence[np.ndarray]], list[float]]:
    """A reader that is so sure of the lines of the first way up that it is asked about, of the second, and so on, and no more."""
    left = list(sureness)

    def sure(images: Sequence[np.ndarray]) -> list[float]:
        said = left.pop(0)
        return [said] * len(images)

    return sure


@pytest.mark.parametrize("turn", TURNS)
def test_a_line_is_cut_upright_out_of_the_page_as_it_lies(turn: int) -> None:
    """Whoever opens the file sees the picture as it lies: places in the turned one would mark something else there."""
    page = written()
    picture = lying(page, turn)
    lines = lines_of(picture, turn)
    assert [line.turn for line in lines] == [turn] * 5
    for found, expected in zip(cut_out(picture, lines), cut_out(page, lines_of(page)), strict=True):
        assert found.shape == expected.shape
        assert np.abs(found.astype(int) - expected).max() <= 1


@pytest.mark.parametrize(("turn", "runs"), [(0, (1, 0)), (90, (0, -1)), (180, (-1, 0)), (270, (0, 1))])
def test_baselines_run_as_they_are_read(turn: int, runs: tuple[int, int]) -> None:
    """Programs that show a page set its text along them."""
    for line in lines_of(lying(written(), turn), turn):
        run = line.baseline[-1] - line.baseline[0]
        assert run @ np.array(runs) > 300
        assert abs(run @ np.array(runs[::-1])) < 30


@pytest.mark.parametrize(
    ("sureness", "turn"),
    [
        ({0: [0.5] * 8, 90: [0.5] * 8, 180: [0.9] * 8, 270: [0.5] * 8}, 180),
        ({0: [0.4] * 8, 90: [0.8] * 3, 180: [0.3] * 8, 270: [0.6] * 8}, 90),
        ({0: [], 270: [0.9] * 3}, 270),
        ({0: [0.85] * 8, 180: [0.99] * 8}, 0),
        ({0: [0.5] * 8, 180: [0.7] * 8}, 0),
        ({0: [0.2] * 8, 90: [1.0] * 2}, 0),
        ({0: [0.9, 0.7, 0.8], 90: [], 180: [0.6] * 3, 270: [0.9] * 3}, 0),
        ({0: [], 90: [], 180: [], 270: []}, 0),
        ({0: [0.1]}, 0),
    ],
)
def test_a_page_is_turned_only_where_it_is_read_far_more_surely(sureness: dict[int, list[float]], turn: int) -> None:
    """An upright page that is turned is lost; one that lies on its side is lost anyway."""
    assert way_up(sureness) == turn


def test_a_page_that_is_read_well_as_it_lies_needs_no_second_look() -> None:
    """A thousand upright pages would take half as long again; and what stands could never be turned."""
    assert [stands([value] * 8) for value in (0.84, 0.86)] == [False, True]
    assert not stands([])
    assert len(list(found_in(written(), Choice(sure=saying(0.9))))) == 5


@pytest.mark.parametrize(("degrees", "turn"), [(0, 0), (2.5, 0), (-90, 270), (89.6, 90), (180, 180), (-179.9, 180), (1e300, 0)])
def test_angles_that_programs_write_are_the_nearest_quarter(degrees: float, turn: int) -> None:
    """Some say there by how little a sheet lay askew."""
    assert quarter(degrees) == turn


@pytest.mark.parametrize("turn", TURNS)
def test_a_page_is_read_the_way_up_that_a_reader_is_sure_of(tmp_path: Path, turn: int) -> None:
    """Telephones write no EXIF into what an editor has saved, and scanners know of none."""
    Image.fromarray(lying(written(), turn)).save(tmp_path / "x.png")
    seen = saying(*(0.95 if each == turn else 0.4 for each in TURNS))
    found = list(found_in(tmp_path / "x.png", Choice(sure=seen)))
    assert [(each.sheet.turn, each.line and each.line.turn) for each in found] == [(turn, turn)] * 5
    assert shapes_of(found) == shapes_of(list(found_in(written())))


def shapes_of(found: Sequence[Found]) -> list[tuple[int, ...]]:
    return [each.grey.shape for each in found if each.grey is not None]


def test_a_page_nobody_is_surer_of_stays_as_it_lies() -> None:
    """A network that has learned little is as unsure of all turns."""
    found = list(found_in(written(), Choice(sure=saying(0.5, 0.6, 0.6, 0.6))))
    assert [each.sheet.turn for each in found] == [0] * 5


@pytest.mark.parametrize("turn", TURNS)
def test_whoever_says_the_turn_is_obeyed_and_no_reader_is_asked(turn: int) -> None:
    """For pages that no rule gets right, and for those that it would turn wrongly."""
    found = list(found_in(lying(written(), turn), Choice(turn=turn, sure=saying())))
    assert [(each.sheet.turn, each.line and each.line.turn) for each in found] == [(0, turn)] * 5


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_picture_of_one_line_is_turned_as_well_when_that_is_said(turn: int) -> None:
    """Lines that were cut out of pages upside down; its place is that of the whole picture."""
    line = written(1)[60:130]
    (found,) = found_in(lying(line, turn), Choice(turn=turn))
    assert found.grey is not None
    assert found.line is not None
    assert np.array_equal(found.grey, line)
    assert found.line.outline.max(axis=0).tolist() == list(found.sheet.size)
    (again,) = cut_out(lying(line, turn), [found.line])
    assert again.shape[1] == pytest.approx(line.shape[1], abs=2)


def test_a_turn_that_is_none_is_refused() -> None:
    """Of 45 degrees nothing would be read, and of -90 something else than was meant."""
    with pytest.raises(ExperimentError, match=r"turn is 45; give 0, 90, 180 or 270"):
        Choice(turn=45)
