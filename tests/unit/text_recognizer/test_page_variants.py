"""ALTO and PAGE as different programs write them: boxes, words, units, orders."""

from __future__ import annotations

from pathlib import Path

import pytest

np = pytest.importorskip("numpy")

from PIL import Image  # noqa: E402

from text_recognizer.data.line_pages import line_images  # noqa: E402
from text_recognizer.data.page_parts import baseline_within  # noqa: E402
from text_recognizer.data.page_xml import Page, read_page  # noqa: E402
from text_recognizer.data.turns import heading  # noqa: E402
from text_recognizer.errors import DataError  # noqa: E402

BOX = 'HPOS="50" VPOS="80" WIDTH="250" HEIGHT="50"'
SHAPE = '<Shape><Polygon POINTS="50 80 300 80 300 130 50 130"/></Shape>'
COORDS = '<Coords points="50,80 300,80 300,130 50,130"/>'
BON = "<TextEquiv><Unicode>bon</Unicode></TextEquiv>"
BASE = '<Baseline points="50,120 300,120"/>'


def alto(lines: str, page: str = "", unit: str = "pixel") -> str:
    return (
        f"<alto><Description><MeasurementUnit>{unit}</MeasurementUnit></Description><Layout><Page {page}>"
        f"<PrintSpace><TextBlock>{lines}</TextBlock></PrintSpace></Page></Layout></alto>"
    )


def prima(inside: str, page: str = "") -> str:
    return f'<PcGts xmlns="urn:page"><Page imageFilename="p.png" {page}>{inside}</Page></PcGts>'


def text_line(name: str, text: str, index: int | None = None) -> str:
    custom = f'custom="structure {{type:x;}} readingOrder {{index:{index};}}"' if index is not None else ""
    return f'<TextLine id="{name}" {custom}>{COORDS}{BASE}<TextEquiv><Unicode>{text}</Unicode></TextEquiv></TextLine>'


def page_of(folder: Path, xml: str, size: tuple[int, int] = (600, 400)) -> Page:
    Image.new("L", size, 230).save(folder / "p.png")
    (folder / "p.xml").write_text(xml, encoding="utf-8")
    return read_page(folder / "p.xml")


@pytest.mark.parametrize(
    ("line", "baseline", "outline"),
    [
        (f"<TextLine {BOX}/>", [[50, 120], [300, 120]], [[50, 80], [300, 130]]),
        (f'<TextLine BASELINE="118" {BOX}/>', [[50, 118], [300, 118]], [[50, 80], [300, 130]]),
        (f'<TextLine BASELINE="50,115 300,117" {BOX}/>', [[50, 115], [300, 117]], [[50, 80], [300, 130]]),
        (f'<TextLine BASELINE="99 99 99 99">{SHAPE}</TextLine>', [[50, 120], [300, 120]], [[50, 80], [300, 130]]),
        (
            f'<TextLine><String {BOX}/><String HPOS="310" VPOS="70" WIDTH="90" HEIGHT="60"/></TextLine>',
            [[50, 118], [400, 118]],
            [[50, 70], [400, 130]],
        ),
    ],
    ids=["a box", "a height", "a box and a baseline", "a baseline of one point", "boxes of words"],
)
def test_a_line_of_alto_is_found_by_what_it_has(tmp_path: Path, line: str, baseline: list, outline: list) -> None:
    """Programs for print write boxes; such pages were read as empty, without a word."""
    page = page_of(tmp_path, alto(line))
    (found,) = page.lines
    assert found.baseline.tolist() == [pytest.approx(point) for point in baseline]
    assert [found.outline.min(axis=0).tolist(), found.outline.max(axis=0).tolist()] == outline
    (image,) = line_images(page)
    assert image.shape[1] == pytest.approx(outline[1][0] - outline[0][0], abs=2)


def test_a_line_of_page_without_a_baseline_is_found(tmp_path: Path) -> None:
    """Segmenters of regions draw outlines alone."""
    (line,) = page_of(tmp_path, prima(f'<TextRegion><TextLine id="l">{COORDS}</TextLine></TextRegion>')).lines
    assert line.baseline.tolist() == [pytest.approx([50, 120]), pytest.approx([300, 120])]


def test_a_baseline_lies_as_its_outline_does() -> None:
    """A level one would cut a sloping line in two; of a short one nobody knows how it slopes."""
    outline = np.array([[0, 0], [200, 20], [200, 60], [0, 40]])
    assert baseline_within(outline).tolist() == [pytest.approx([0, 32], abs=0.5), pytest.approx([200, 52], abs=0.5)]
    assert np.ptp(baseline_within(np.array([[0, 0], [30, 9], [30, 40], [0, 31]]))[:, 1]) == 0


@pytest.mark.parametrize(
    ("xml", "why"),
    [
        (alto('<TextLine ID="a"><String CONTENT="x"/></TextLine>'), "neither an outline nor a box"),
        (alto('<TextLine ID="a" BASELINE="50 120 300 120"/>'), "a baseline but neither an outline nor a box"),
        (alto('<TextLine ID="a" HPOS="5" VPOS="5" WIDTH="300" HEIGHT="2"/>'), "too small"),
        (prima('<TextRegion><TextLine id="a"><TextEquiv><Unicode>x</Unicode></TextEquiv></TextLine></TextRegion>'), "neither"),
    ],
)
def test_a_line_that_is_nowhere_is_named(tmp_path: Path, xml: str, why: str) -> None:
    """A page that lacks lines in silence is the worst of its errors."""
    page = page_of(tmp_path, xml)
    ((name, said),) = page.left_out
    assert (page.lines, name) == ((), "a")
    assert why in said


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ('<String CONTENT="bon"/><HYP CONTENT="-"/>', "bon-"),
        ('<String CONTENT="bon"/><HYP CONTENT="¬"/>', "bon¬"),
        ('<String CONTENT="bon"/><HYP CONTENT="\u00ad"/>', "bon-"),
        ('<String CONTENT="bon"/><SP/><String CONTENT="jour"/>', "bon jour"),
    ],
)
def test_a_broken_word_keeps_its_hyphen(tmp_path: Path, parts: str, text: str) -> None:
    """It stands on the page, so a network has to read it."""
    (line,) = page_of(tmp_path, alto(f"<TextLine {BOX}>{parts}</TextLine>")).lines
    assert line.text == text


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (f"<Word>{BON}</Word><Word><TextEquiv><Unicode>jour</Unicode></TextEquiv></Word>", "bon jour"),
        (
            "<Word><Glyph><TextEquiv><Unicode>o</Unicode></TextEquiv></Glyph>"
            "<Glyph><TextEquiv><Unicode>k</Unicode></TextEquiv></Glyph></Word>",
            "ok",
        ),
        (
            '<TextEquiv index="1"><Unicode>worse</Unicode></TextEquiv><TextEquiv index="0"><Unicode>best</Unicode></TextEquiv>',
            "best",
        ),
        (f"<TextEquiv><Unicode/></TextEquiv><Word>{BON}</Word>", "bon"),
        ("<TextEquiv><PlainText>plain</PlainText><Unicode>whole</Unicode></TextEquiv>", "whole"),
    ],
)
def test_the_text_of_a_line_of_page_is_its_main_one(tmp_path: Path, parts: str, text: str) -> None:
    """Programs give alternatives, or texts of words alone; a network trained on the wrong one learns mistakes."""
    (line,) = page_of(tmp_path, prima(f'<TextRegion><TextLine id="l">{COORDS}{BASE}{parts}</TextLine></TextRegion>')).lines
    assert line.text == text


def test_lines_come_in_the_order_of_reading(tmp_path: Path) -> None:
    """The file's own order is often that in which somebody drew them."""
    order = (
        '<ReadingOrder><OrderedGroup><RegionRefIndexed index="1" regionRef="left"/>'
        '<OrderedGroupIndexed index="0" regionRef="top"><RegionRefIndexed index="0" regionRef="title"/>'
        "</OrderedGroupIndexed></OrderedGroup></ReadingOrder>"
    )
    regions = (
        f'<TextRegion id="loose">{text_line("5", "e", 0)}</TextRegion>'
        f'<TextRegion id="left"><TextRegion id="inner">{text_line("4", "d", 10)}</TextRegion>'
        f"{text_line('3', 'c', 2)}</TextRegion>"
        f'<TextRegion id="top">{text_line("1", "a")}<TextRegion id="title">{text_line("2", "b")}</TextRegion></TextRegion>'
    )
    assert [line.text for line in page_of(tmp_path, prima(order + regions)).lines] == list("abcde")


TEXT = f'<TextLine id="l">{COORDS}</TextLine>'


@pytest.mark.parametrize(
    ("xml", "turn"),
    [
        (prima(f'<TextRegion orientation="-90.0">{TEXT}</TextRegion>'), 270),
        (prima(f"<TextRegion>{TEXT}</TextRegion>", 'orientation="178.5"'), 180),
        (prima(f'<TextRegion orientation="0">{TEXT}</TextRegion>', 'orientation="90"'), 0),
        (prima(f'<TextRegion orientation="-2.5">{TEXT}</TextRegion>'), 0),
        (prima(f'<TextRegion orientation="">{TEXT}</TextRegion>', 'orientation="90"'), 90),
        (alto(f"<TextLine {BOX}/>", 'ROTATION="90"'), 90),
        (alto(f'<TextLine ROTATION="180" {BOX}/>', 'ROTATION="90"'), 180),
    ],
)
def test_lines_are_turned_as_their_page_or_region_says(tmp_path: Path, xml: str, turn: int) -> None:
    """Both formats can say it: ALTO how far the text was turned against the clock, PAGE how far it has to be turned with it."""
    (line,) = page_of(tmp_path, xml).lines
    assert line.turn == turn
    assert (line.baseline[-1] - line.baseline[0]) @ heading(turn) > 0


WIDE, HIGH = [[50, 80], [300, 80], [300, 130], [50, 130]], [[50, 80], [100, 80], [100, 330], [50, 330]]


@pytest.mark.parametrize(
    ("turn", "outline", "baseline"),
    [(90, HIGH, [[90, 330], [90, 80]]), (180, WIDE, [[300, 90], [50, 90]]), (270, HIGH, [[60, 80], [60, 330]])],
)
def test_a_baseline_is_made_on_the_lower_side_of_the_letters(turn: int, outline: list, baseline: list) -> None:
    """In the picture that is to the right of a line that runs upwards."""
    assert baseline_within(np.array(outline, float), turn).tolist() == [pytest.approx(point, abs=0.5) for point in baseline]


@pytest.mark.parametrize(
    "xml",
    [
        alto(f"<TextLine {BOX}/>", 'WIDTH="1200" HEIGHT="800"', "mm10"),
        alto(f"<TextLine {BOX}/>", 'WIDTH="1200" HEIGHT="800"'),
        prima(f"<TextRegion><TextLine>{COORDS}</TextLine></TextRegion>", 'imageWidth="1200" imageHeight="800"'),
    ],
    ids=["tenths of a millimetre", "a picture made smaller", "a picture made smaller, PAGE"],
)
def test_coordinates_are_those_of_the_picture_at_hand(tmp_path: Path, xml: str) -> None:
    """Cut out at twice the place, a line shows something else, and is read with confidence."""
    (line,) = page_of(tmp_path, xml, (600, 400)).lines
    assert [line.outline.min(axis=0).tolist(), line.outline.max(axis=0).tolist()] == [[25, 40], [150, 65]]


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (alto(f"<TextLine {BOX}/>", 'WIDTH="800" HEIGHT="1200"'), "800 x 1200, and its picture p.png has 600 x 400 pixels"),
        (alto(f"<TextLine {BOX}/>", "", "mm10"), "its unit is mm10, and it does not say how large its page is"),
    ],
)
def test_a_picture_that_cannot_be_that_of_the_file_is_said(tmp_path: Path, xml: str, message: str) -> None:
    """A page turned by a viewer, or another one of the same name."""
    with pytest.raises(DataError) as caught:
        page_of(tmp_path, xml)
    assert message in str(caught.value)


def test_a_picture_that_is_none_is_named(tmp_path: Path) -> None:
    """A half upload beside a whole file."""
    (tmp_path / "p.png").write_bytes(b"\x89PNG\r\n")
    (tmp_path / "p.xml").write_text(alto(f"<TextLine {BOX}/>", 'WIDTH="800" HEIGHT="1200"'), encoding="utf-8")
    with pytest.raises(DataError, match=r"p\.png: cannot be read as an image"):
        read_page(tmp_path / "p.xml")
