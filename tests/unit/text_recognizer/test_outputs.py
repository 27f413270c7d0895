"""Pages that were read, as ALTO and PAGE: what other programs and our own readers find in them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")

from PIL import Image  # noqa: E402

from text_recognizer.data.line_pages import cut_out, line_images  # noqa: E402
from text_recognizer.data.page_parts import PageLine, box  # noqa: E402
from text_recognizer.data.page_xml import read_page  # noqa: E402
from text_recognizer.data.turns import heading, in_picture, turned  # noqa: E402
from text_recognizer.errors import DataError  # noqa: E402
from text_recognizer.outputs import WRITERS, ReadLine, ReadPage, Word  # noqa: E402
from text_recognizer.sources import found_in  # noqa: E402

NOW = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)
WORDS = (Word("une", 0.5, 0.0, 0.25), Word("ligne", 0.75, 0.5, 1.0))


def line(name: str, top: float, text: str, words: tuple[Word, ...] = ()) -> ReadLine:
    baseline = np.array([[20.0, top + 30], [420, top + 30]])
    return ReadLine(PageLine(name, "", baseline, box(20, top, 420, top + 40)), text, 0.875, words)


def page(*lines: ReadLine) -> ReadPage:
    return ReadPage("p <&> é.png", 1, (600, 400), lines)


def read_back(folder: Path, form: str, written: ReadPage) -> tuple[PageLine, ...]:
    Image.new("L", written.size, 230).save(folder / written.picture)
    (folder / "other.xml").write_text(WRITERS[form](written, NOW), encoding="utf-8")
    return read_page(folder / "other.xml").lines


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("words", [(), WORDS], ids=["lines alone", "words"])
def test_what_is_written_is_read_back(tmp_path: Path, form: str, words: tuple[Word, ...]) -> None:
    """The XML is corrected by people and trained with afterwards."""
    given = [line("l_1", 50, "une ligne", words), line("eSc_line.2", 150, 'a "b" <c> & d\u0301'), line("last", 250, "")]
    found = read_back(tmp_path, form, page(*given))
    assert [each.id for each in found] == ["l_1", "eSc_line.2", "last"]
    assert [each.text for each in found] == ["une ligne", 'a "b" <c> & d\u0301', ""]
    for one, other in zip(given, found, strict=True):
        assert np.array_equal(one.line.baseline, other.baseline)
        assert np.array_equal(one.line.outline, other.outline)


@pytest.mark.parametrize("form", WRITERS)
def test_words_stand_where_they_were_read_and_nowhere_else(form: str) -> None:
    """A search shows the place; one that was made up leads people astray."""
    with_words, without = (WRITERS[form](page(line("l", 50, "une ligne", words)), NOW) for words in (WORDS, ()))
    assert ('CONTENT="ligne" WC="0.750" HPOS="221"' in with_words) is (form == "alto")
    assert (re.search(r'<Word id="l_2">\s*<Coords points="221,50 420,50 ', with_words) is not None) is (form == "page")
    assert without.count("0.875") == 1
    assert "<Word" not in without
    assert without.count("<String") == (form == "alto")


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("turn", [90, 180, 270])
def test_lines_of_a_turned_page_are_read_again_the_right_way_up(tmp_path: Path, form: str, turn: int) -> None:
    """Baselines alone do not say which side of them is up; people correct such files, and train with them."""
    noise = np.random.default_rng(turn).integers(0, 255, (400, 600), dtype=np.uint8)
    upright = line("l", 50, "une ligne", WORDS)
    lies = lying(upright, turn, (600, 400))
    written = ReadPage("p.png", 0, (400, 600) if turn % 180 else (600, 400), (line("level", 150, "x"), lies))
    Image.fromarray(turned(noise, 360 - turn)).save(tmp_path / "p.png")
    (tmp_path / "p.xml").write_text(WRITERS[form](written, NOW), encoding="utf-8")
    level, found = read_page(tmp_path / "p.xml").lines
    assert (level.turn, found.turn, found.text) == (0, turn, "une ligne")
    assert np.array_equal(found.baseline, lies.line.baseline)
    said = {"alto": f'ROTATION="{turn}"', "page": f'orientation="{turn if turn <= 180 else -90}"'}  # PAGE counts from -180 to 180
    assert (tmp_path / "p.xml").read_text(encoding="utf-8").count(said[form]) == 1
    (cut,), (expected,) = cut_out(turned(noise, 360 - turn), [found]), cut_out(noise, [upright.line])
    assert np.abs(cut.astype(int) - expected).max() <= 1


def lying(line: ReadLine, turn: int, size: tuple[int, int]) -> ReadLine:
    """The line of an upright page of that size, where it is in a page that lies otherwise."""
    there = size[::-1] if turn % 180 else size
    baseline, outline = (in_picture(points, turn, there) for points in (line.line.baseline, line.line.outline))
    return replace(line, line=replace(line.line, baseline=baseline, outline=outline, turn=turn))


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_words_of_a_turned_page_stand_where_they_were_read(turn: int) -> None:
    """The first word of a line upside down is on its right."""
    size = (400, 600) if turn % 180 else (600, 400)
    xml = WRITERS["page"](ReadPage("p.png", 0, size, (lying(line("l", 50, "x", WORDS), turn, (600, 400)),)), NOW)
    words = re.findall(r'<Word id="l_\d">\s*<Coords points="([^"]+)"', xml)
    first, second = (np.array([[float(n) for n in pair.split(",")] for pair in word.split()]).mean(axis=0) for word in words)
    assert (second - first) @ heading(turn) > 200


@pytest.mark.parametrize("form", WRITERS)
def test_names_and_texts_that_xml_does_not_allow_are_made_good(tmp_path: Path, form: str) -> None:
    """The file would be one that nobody can open."""
    found = read_back(tmp_path, form, page(line("7", 50, "a\x0bb"), line("7", 150, "c")))
    assert [(each.id, each.text) for each in found] == [("line_1", "a\ufffdb"), ("line_2", "c")]


@pytest.mark.parametrize("form", WRITERS)
def test_places_beyond_the_page_end_at_its_edge(tmp_path: Path, form: str) -> None:
    """Both formats know no negative pixels."""
    outside = ReadLine(PageLine("l", "", np.array([[-9.0, 20], [900, 20]]), box(-9, -5, 900, 30)), "x", 1.0)
    (found,) = read_back(tmp_path, form, page(outside))
    assert found.outline.tolist() == box(0, 0, 600, 30).tolist()


def of_several(folder: Path, form: str, *, described: tuple[int, ...]) -> None:
    """A TIFF with a white, a grey and a dark page, after each a smaller copy of it, and files that describe some of the pages."""
    leaves = [Image.new("L", (600, 400), shade) for shade in (250, 150, 50)]
    copies = [leaf.resize((60, 40)) for leaf in leaves]
    for copy in copies:
        copy.encoderinfo = {"tiffinfo": {254: 1}}
    first, *others = (image for pair in zip(leaves, copies, strict=True) for image in pair)
    first.save(folder / "p.tif", save_all=True, append_images=others)
    for number in described:
        written = ReadPage("p.tif", number, (600, 400), (line(f"of_{number}", 50, "une ligne"),))
        (folder / f"p_page_{number}.xml").write_text(WRITERS[form](written, NOW), encoding="utf-8")


@pytest.mark.parametrize("form", WRITERS)
def test_a_page_of_several_is_cut_out_of_its_own_page(tmp_path: Path, form: str) -> None:
    """The lines of the second page would be read, or learned, from the pixels of the first."""
    of_several(tmp_path, form, described=(1, 2, 3))
    for number, shade in ((1, 250), (2, 150), (3, 50)):
        (cut,) = line_images(read_page(tmp_path / f"p_page_{number}.xml"))
        assert (cut.min(), cut.max()) == (shade, shade)


@pytest.mark.parametrize("form", WRITERS)
def test_a_folder_has_each_page_of_several_once(tmp_path: Path, form: str) -> None:
    """By the file that describes it where there is one, and in the order of the pages; each gets a file of its own again."""
    of_several(tmp_path, form, described=(1, 3))
    found = list(found_in(tmp_path))
    assert [(Path(each.source).name, each.sheet.stem) for each in found] == [
        ("p_page_1.xml#of_1", "p_page_1"),
        ("p.tif#page_2", "p_page_2"),
        ("p_page_3.xml#of_3", "p_page_3"),
    ]


def test_a_number_beyond_the_pages_of_a_picture_is_one_of_something_else(tmp_path: Path) -> None:
    """Many programs write there where the page stands in its book."""
    of_several(tmp_path, "alto", described=(4,))
    assert read_page(tmp_path / "p_page_4.xml").number == 0


def test_a_file_with_several_pages_is_refused(tmp_path: Path) -> None:
    """Programs that read a whole book write it so, and the lines of all would be cut out of its first page."""
    of_several(tmp_path, "alto", described=(1,))
    text = (tmp_path / "p_page_1.xml").read_text(encoding="utf-8")
    (tmp_path / "p_page_1.xml").write_text(text.replace("</Layout>", '<Page ID="page_2" /></Layout>'), encoding="utf-8")
    with pytest.raises(DataError, match=r"p_page_1.xml: it describes 2 pages, .* export a file for each page"):
        read_page(tmp_path / "p_page_1.xml")
