"""Pages with ALTO and PAGE XML: read, and cut into straight lines."""

from __future__ import annotations

from pathlib import Path

import pytest

np = pytest.importorskip("numpy")

from PIL import Image  # noqa: E402

from tests.conftest import ROOT  # noqa: E402
from text_recognizer.data.baselines import along_baseline, reaches  # noqa: E402
from text_recognizer.data.line_pages import line_images, line_pages  # noqa: E402
from text_recognizer.data.options import LineFolderOptions  # noqa: E402
from text_recognizer.data.page_parts import PageLine  # noqa: E402
from text_recognizer.data.page_xml import read_page  # noqa: E402
from text_recognizer.errors import DataError  # noqa: E402
from text_recognizer.sources import Choice, found_in  # noqa: E402

REAL = ROOT.parent / "shared" / "data" / "handwritten_pages"

ALTO = """<?xml version="1.0" encoding="UTF-8"?>
<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Description><sourceImageInformation><fileName>page.png</fileName>
</sourceImageInformation></Description><Layout><Page><PrintSpace><TextBlock>
<TextLine ID="l1" BASELINE="20 60 180 60"><Shape><Polygon POINTS="20 40 180 40 180 70 20 70"/></Shape>
<String CONTENT="Une &amp;"/><SP/><String CONTENT="ligne"/></TextLine>
<TextLine ID="none"><Shape><Polygon POINTS="1 1 2 2 3 3"/></Shape><String CONTENT="x"/></TextLine>
</TextBlock></PrintSpace></Page></Layout></alto>"""

PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"><Page imageFilename="scans/page.png">
<TextRegion><TextLine id="l1"><Coords points="20,40 180,40 180,70 20,70"/><Baseline points="20,60 180,60"/>
<Word><TextEquiv><Unicode>Une</Unicode></TextEquiv></Word>
<TextEquiv><Unicode>Une &amp; ligne</Unicode></TextEquiv></TextLine></TextRegion></Page></PcGts>"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXT_RECOGNIZER_CACHE", str(tmp_path / "cache"))


def written(folder: Path, xml: str, name: str = "page.xml") -> Path:
    Image.fromarray(np.full((120, 200), 220, np.uint8)).save(folder / "page.png")
    (folder / name).write_text(xml, encoding="utf-8")
    return folder / name


@pytest.mark.parametrize("xml", [ALTO, PAGE], ids=["alto", "page"])
def test_both_formats_give_the_same_lines(tmp_path: Path, xml: str) -> None:
    """What tool an archive exported with should not matter."""
    page = read_page(written(tmp_path, xml))
    (line,) = page.lines
    assert (line.id, line.text, page.image) == ("l1", "Une & ligne", tmp_path / "page.png")
    assert line.baseline.tolist() == [[20, 60], [180, 60]]
    assert line.outline[2].tolist() == [180, 70]


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        ("<html/>", "its root is 'html', neither ALTO nor PAGE"),
        ("<alto>", "page.xml:1:6: not XML"),
        (ALTO.replace("page.png", "other.png"), ""),
    ],
)
def test_what_is_no_page_is_named(tmp_path: Path, xml: str, message: str) -> None:
    """Folders of archives also hold METS files, thumbnails and half uploads."""
    path = written(tmp_path, xml)
    if not message:  # the picture has another name than the file says, but that of the XML file
        assert read_page(path).image.name == "page.png"
        return
    with pytest.raises(DataError) as caught:
        read_page(path)
    assert message in str(caught.value)


def test_a_page_in_an_unknown_encoding_is_named(tmp_path: Path) -> None:
    """Python's own words for it name no file."""
    with pytest.raises(DataError, match=r"page\.xml: not XML .*klingon"):
        read_page(written(tmp_path, '<?xml version="1.0" encoding="klingon"?><alto/>'))


@pytest.mark.parametrize(("near", "far"), [("180 60", "300000 60"), ("180 70", "180 -30000")])
def test_a_point_far_outside_of_the_page_does_not_take_all_memory(tmp_path: Path, near: str, far: str) -> None:
    """A slip of the export (a point in other units) makes a line that no memory holds, and the process is killed."""
    page = read_page(written(tmp_path, ALTO.replace(near, far)))
    (image,) = line_images(page)
    assert max(image.shape) <= 3 * 200


def test_a_page_without_its_picture_says_so(tmp_path: Path) -> None:
    """The usual slip when files are copied."""
    path = written(tmp_path, ALTO)
    (tmp_path / "page.png").unlink()
    with pytest.raises(DataError, match=r"its picture .page\.png. is not beside it"):
        read_page(path)


@pytest.mark.parametrize(("name", "xml"), [("page", PAGE), ("alto", ALTO)])
def test_an_export_whose_pictures_lie_above_its_files_is_read_as_it_is(tmp_path: Path, name: str, xml: str) -> None:
    """As Transkribus exports a document; each picture has one turn, by the lines that are marked."""
    for document in ("1", "2"):
        (tmp_path / document / name).mkdir(parents=True)
        path = written(tmp_path / document / name, xml, f"{document}.xml")
        path.with_name("page.png").rename(tmp_path / document / "page.png")
        (tmp_path / document / "metadata.xml").write_text("<trpDocMetadata/>")
    lines = line_pages(LineFolderOptions(folder=str(tmp_path)))
    assert (*lines.train.texts, *lines.val.texts) == ("Une & ligne", "Une & ligne")
    found = [each.source for each in found_in(tmp_path, Choice(recursive=True)) if not each.source.endswith("#none")]
    assert found == [f"{tmp_path}/{document}/{name}/{document}.xml#l1" for document in ("1", "2")]


def test_of_two_files_of_one_page_the_one_that_is_passed_over_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """ALTO and PAGE of the same page, say, of which one was corrected: which of them has been read must not be a guess."""
    written(tmp_path, PAGE, "a.xml")
    written(tmp_path, ALTO, "b.xml")
    assert [each.source for each in found_in(tmp_path)] == [f"{tmp_path}/a.xml#l1"]
    why = "is of the same page; PAGE comes before ALTO, and of one kind the later name"
    assert capsys.readouterr().err == f"{tmp_path}/b.xml: passed over, for {tmp_path}/a.xml {why}\n"
    (tmp_path / "c.xml").write_text(PAGE, encoding="utf-8")
    assert [each.source for each in found_in(tmp_path)] == [f"{tmp_path}/c.xml#l1"]
    assert f"{tmp_path}/a.xml and 1 more like it: passed over, for {tmp_path}/c.xml" in capsys.readouterr().err


def exported(folder: Path, *names: str) -> None:
    """A document whose pictures lie above the folders `page` and `alto`, which both describe them."""
    for form, xml in (("page", PAGE), ("alto", ALTO)):
        (folder / form).mkdir(parents=True)
        for name in names:
            path = written(folder / form, xml.replace("page.png", f"{name}.png"), f"{name}.xml")
            path.with_name("page.png").rename(folder / f"{name}.png")


def test_an_export_in_both_formats_has_each_line_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A training had them twice, and in different splits where the formats name their files otherwise."""
    exported(tmp_path, "1", "2", "3")
    told = f"{tmp_path}/alto/1.xml and 2 more like it: passed over, for {tmp_path}/page/1.xml is of the same page"
    lines = line_pages(LineFolderOptions(folder=str(tmp_path), val_share=0.4, test_share=0.2))
    assert sum(len(part) for part in (lines.train, lines.val, lines.test)) == 3
    assert told in capsys.readouterr().err
    found = [each.source for each in found_in(tmp_path, Choice(recursive=True))]
    assert found == [f"{tmp_path}/page/{name}.xml#l1" for name in ("1", "2", "3")]
    assert told in capsys.readouterr().err
    found = [each.source for each in found_in(tmp_path / "alto") if not each.error]
    assert found == [f"{tmp_path}/alto/{name}.xml#l1" for name in ("1", "2", "3")]


def test_pages_that_only_one_of_both_formats_describes_are_read_all_the_same(tmp_path: Path) -> None:
    """An export that was broken off, or pages that were exported later."""
    exported(tmp_path, "1", "2")
    (tmp_path / "page" / "2.xml").unlink()
    found = [each.source for each in found_in(tmp_path, Choice(recursive=True)) if not each.error]
    assert found == [f"{tmp_path}/alto/2.xml#l1", f"{tmp_path}/page/1.xml#l1"]


def in_workspace(folder: Path, named: str, *pictures: str) -> Path:
    """A PAGE file as OCR-D keeps it, which names its picture so, and the pictures that are there."""
    for picture in pictures:
        (folder / picture).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((120, 200), 220, np.uint8)).save(folder / picture)
    (folder / "OCR-D-GT-SEG-PAGE").mkdir(exist_ok=True)
    path = folder / "OCR-D-GT-SEG-PAGE" / "0001.xml"
    path.write_text(PAGE.replace("scans/page.png", named), encoding="utf-8")
    return path


@pytest.mark.parametrize("named", ["OCR-D-IMG/0001.tif", "../OCR-D-IMG/0001.tif", "OCR-D-IMG\\0001.tif", "./OCR-D-IMG/0001.tif"])
def test_a_picture_is_found_in_the_folder_that_its_file_names(tmp_path: Path, named: str) -> None:
    """OCR-D counts from the folder of the whole workspace, other programs from that of the file, and some run on Windows."""
    path = in_workspace(tmp_path, named, "OCR-D-IMG/0001.tif", "OCR-D-GT-SEG-PAGE/0001.png")
    assert read_page(path).image == tmp_path / "OCR-D-IMG" / "0001.tif"
    found = [each.source for each in found_in(tmp_path, Choice(recursive=True))]
    assert found == [f"{tmp_path}/OCR-D-GT-SEG-PAGE/0001.png", f"{path}#l1"]


def test_a_picture_is_found_from_within_the_folder_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stands there names the file alone, and the folder above has no name in that."""
    in_workspace(tmp_path, "OCR-D-IMG/0001.tif", "OCR-D-IMG/0001.tif")
    monkeypatch.chdir(tmp_path / "OCR-D-GT-SEG-PAGE")
    assert read_page(Path("0001.xml")).image.samefile(tmp_path / "OCR-D-IMG" / "0001.tif")


@pytest.mark.parametrize(
    "named", ["../../secret/x.png", "a/../../../secret/x.png", "{above}/secret/x.png", "file:{above}/secret/x.png"]
)
def test_a_picture_is_not_looked_for_in_the_rest_of_the_disk(tmp_path: Path, named: str) -> None:
    """A file that came from somewhere does not say what of this machine is read."""
    path = in_workspace(tmp_path / "workspace", named.format(above=tmp_path), "../secret/x.png")
    with pytest.raises(DataError, match=r"x\.png. is not beside it; put it there"):
        read_page(path)


def test_a_missing_picture_is_named_with_where_it_was_looked_for(tmp_path: Path) -> None:
    """The folder beside was not copied, as a rule: which one it must be is half of the way."""
    path = in_workspace(tmp_path, "OCR-D-IMG/0001.tif")
    beside, above = (folder / "OCR-D-IMG" / "0001.tif" for folder in (path.parent, tmp_path))
    with pytest.raises(DataError) as caught:
        read_page(path)
    named = "its picture 'OCR-D-IMG/0001.tif' is not beside it"
    assert str(caught.value) == f"{path}: {named}, nor {beside}, nor {above}; put it there"
    (tmp_path / "page").mkdir()
    path = written(tmp_path / "page", ALTO)
    path.with_name("page.png").unlink()
    with pytest.raises(DataError) as caught:
        read_page(path)
    assert str(caught.value) == f"{path}: its picture 'page.png' is not beside it, nor in {tmp_path}; put it there"


def test_a_picture_above_a_folder_of_another_name_is_not_taken(tmp_path: Path) -> None:
    """The picture of the same name there may be another page."""
    (tmp_path / "volume_2").mkdir()
    path = written(tmp_path / "volume_2", ALTO)
    path.with_name("page.png").rename(tmp_path / "page.png")
    with pytest.raises(DataError, match="is not beside it"):
        read_page(path)


def slanted(angle: float, bend: float = 0.0) -> tuple[np.ndarray, PageLine]:
    """A page with one dark stroke just above a sloping, bent baseline, and a neighbour 30 pixels below it."""
    page = np.full((300, 500), 230, np.uint8)
    x = np.arange(50, 450)
    base = 150 + np.tan(angle) * (x - 250) + bend * ((x - 250) / 200) ** 2
    for column, y in zip(x, base, strict=True):
        page[round(y) - 8 : round(y) - 4, column] = 30
        page[round(y) + 26 : round(y) + 30, column] = 30
    baseline = np.stack([x, base], axis=1)[::40]
    above, below = baseline - np.array([0, 20]), baseline[::-1] + np.array([0, 12])
    return page, PageLine("x", "y", baseline, np.concatenate([above, below]))


@pytest.mark.parametrize(("angle", "bend"), [(0.0, 0.0), (0.15, 0.0), (-0.2, 0.0), (0.0, 25.0)])
def test_a_sloping_or_bent_line_comes_out_straight_and_alone(angle: float, bend: float) -> None:
    """In a box around it lies half of its neighbour; readers of such boxes made half as many errors again."""
    page, line = slanted(angle, bend)
    image = along_baseline(page, line, reaches([line])[0])
    ink = image < 120
    rows = [np.flatnonzero(ink[:, c]) for c in range(10, image.shape[1] - 10)]
    assert all(len(found) for found in rows)
    middles = np.array([found.mean() for found in rows])
    assert middles.max() - middles.min() < 4
    assert ink.sum(axis=0).max() <= 7


def test_what_lies_outside_of_the_outline_becomes_paper() -> None:
    """Descenders of the line above reach into most lines, and are read as letters of this one."""
    page, line = slanted(0.1)
    image = along_baseline(page, line, np.array([20.0, 40.0]))
    assert (image[:20] < 120).any()
    assert image[40:].min() > 200


def test_an_outline_that_is_far_too_wide_is_held_back() -> None:
    """Programs draw some as high as three lines."""
    lines = [slanted(0.0)[1]] * 5
    wide = PageLine("w", "y", lines[0].baseline, (lines[0].outline - (0, 150)) * (1, 4) + (0, 150))
    found = reaches([*lines, wide])
    assert found[-1] == pytest.approx(1.6 * found[0], rel=0.01)


def test_a_baseline_drawn_from_right_to_left_is_read_from_left_to_right() -> None:
    """Otherwise the line stands on its head."""
    page, line = slanted(0.1)
    back = PageLine("x", "y", line.baseline[::-1], line.outline)
    one, other = (along_baseline(page, entry, reaches([entry])[0]) for entry in (line, back))
    assert np.array_equal(one, other)


def test_an_outline_off_its_ink_leaves_a_band_around_the_baseline() -> None:
    """A mask that hides the writing itself is worse than none."""
    page, line = slanted(0.0)
    off = PageLine("x", "y", line.baseline, line.outline - (0, 60))
    assert (along_baseline(page, off, np.array([20.0, 12.0])) < 120).any()


def twelve(folder: Path, xml: str) -> None:
    for i in range(12):
        written(folder, xml.replace("page.png", f"{i}.png"), f"{i}.xml").with_name("page.png").rename(folder / f"{i}.png")


def test_pages_become_lines_in_splits(tmp_path: Path) -> None:
    """Whole pages, never lines of one page on both sides."""
    twelve(tmp_path, ALTO)
    lines = line_pages(LineFolderOptions(folder=str(tmp_path), val_share=0.4, test_share=0.2))
    assert len(lines.train) + len(lines.val) + len(lines.test) == 12
    assert set(lines.val.texts) == {"Une & ligne"}
    assert lines.train.images[0].shape[0] == 32


def test_lines_that_a_training_cannot_use_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A set that has half of its lines trains as well as it can, and nobody knows why that is not well."""
    twelve(tmp_path, ALTO.replace("</TextBlock>", '<TextLine ID="nowhere"/></TextBlock>'))
    line_pages(LineFolderOptions(folder=str(tmp_path), val_share=0.4, test_share=0.2))
    said = capsys.readouterr().err
    assert "24 lines of these pages cannot be used; the first: " in said
    assert "0.xml#none: it is too small" in said


@pytest.mark.skipif(not REAL.is_dir(), reason="needs a folder named shared beside the checkout")
def test_real_pages_give_their_lines_at_the_size_of_writing() -> None:
    """Cut lines must hold ink in the middle and little at their edges, and have the shape of a line."""
    for file in sorted(REAL.glob("*.xml")):
        page = read_page(file)
        images = list(line_images(page))
        assert len(images) == len(page.lines) > 5
        for image, line in zip(images, page.lines, strict=True):
            assert 15 < image.shape[0] < 400
            assert image.shape[1] == pytest.approx(np.hypot(*np.diff(line.baseline, axis=0).T).sum(), abs=2)
        assert sum(len(line.text) for line in page.lines) > 100
