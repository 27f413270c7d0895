"""Pictures as people keep them: turned, in many pages, transparent, broken, in memory."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")

from PIL import Image, features  # noqa: E402

from text_recognizer.data.line_images import prepared  # noqa: E402
from text_recognizer.data.page_xml import read_page  # noqa: E402
from text_recognizer.data.pictures import PICTURES, grey_array, grey_of, open_grey, pages_in, size_of_picture  # noqa: E402
from text_recognizer.errors import DataError  # noqa: E402
from text_recognizer.sources import Choice, Found, found_in  # noqa: E402

LINE = np.full((40, 120), 230, np.uint8)
LINE[18:24, 10:80] = 20
INK = LINE < 128


def turned(image: Image.Image, orientation: int) -> Image.Exif:
    exif = image.getexif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize(("orientation", "turn"), [(6, Image.Transpose.ROTATE_90), (3, Image.Transpose.ROTATE_180)])
def test_a_picture_stands_as_its_camera_noted(tmp_path: Path, suffix: str, orientation: int, turn: Image.Transpose) -> None:
    """A phone keeps what it saw lying on its side, and says so in EXIF; a line read upwards is nonsense."""
    image = Image.fromarray(LINE).transpose(turn)
    image.save(tmp_path / f"x.{suffix}", exif=turned(image, orientation))
    grey = open_grey(tmp_path / f"x.{suffix}")
    assert size_of_picture(tmp_path / f"x.{suffix}") == (120, 40)
    assert grey.shape == LINE.shape
    assert abs(grey.astype(int) - LINE).mean() < 6


@pytest.mark.parametrize(("width", "height", "place"), [(120, 40, 10), (40, 120, 18)])
def test_coordinates_of_a_turned_picture_count_as_its_file_says(tmp_path: Path, width: int, height: int, place: int) -> None:
    """Some programs heed EXIF and some do not; the size that they write tells which it was."""
    image = Image.fromarray(LINE).transpose(Image.Transpose.ROTATE_90)
    image.save(tmp_path / "p.jpg", exif=turned(image, 6))
    line = '<TextLine id="l"><Coords points="1,1 39,1 39,39 1,39"/></TextLine>'
    size = f'imageWidth="{width}" imageHeight="{height}"'
    (tmp_path / "p.xml").write_text(f'<PcGts><Page imageFilename="p.jpg" {size}>{line}</Page></PcGts>')
    grey = open_grey(tmp_path / "p.jpg", turned=read_page(tmp_path / "p.xml").turned)
    assert np.flatnonzero((grey < 128).any(axis=0))[0] == place


def test_all_pages_of_a_tiff_are_read_and_no_thumbnails_of_them(tmp_path: Path) -> None:
    """A scanner with a feeder puts a whole folder into one file."""
    pages = [Image.fromarray(np.roll(LINE, shift, axis=1)) for shift in (0, 5, 9)]
    small = pages[0].resize((30, 10))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    pages[0].save(tmp_path / "x.tif", save_all=True, append_images=[small, *pages[1:]])
    assert [np.flatnonzero((page < 128).any(axis=0))[0] for page in pages_in(tmp_path / "x.tif")] == [10, 15, 19]
    assert [f.source for f in found_in(tmp_path / "x.tif")] == [f"{tmp_path / 'x.tif'}#page_{n}" for n in (1, 2, 3)]


def test_a_broken_page_of_a_tiff_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    """The one sheet that the feeder has torn must not cost its neighbours."""
    pages = [Image.fromarray(LINE)] * 3
    pages[0].save(tmp_path / "x.tif", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    with Image.open(tmp_path / "x.tif") as opened:
        opened.seek(1)
        (start,) = opened.tag_v2[273]
    content = bytearray((tmp_path / "x.tif").read_bytes())
    content[start : start + 40] = b"\xff" * 40
    (tmp_path / "x.tif").write_bytes(content)
    first, second, third = found_in(tmp_path / "x.tif")
    assert f"page 2 of {tmp_path / 'x.tif'}: cannot be read as an image" in second.error
    assert (first.error, third.error) == ("", "")


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("my scan.PDF", "pdftoppm -r 300 -png 'my scan.PDF' 'my scan'"),
        ("x.djvu", "ddjvu -format=tiff x.djvu x.tif"),
        ("IMG_1.HEIC", "heif-convert IMG_1.HEIC IMG_1.jpg"),
    ],
)
def test_what_may_hold_writing_and_is_no_picture_says_how_to_make_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, command: str
) -> None:
    """Archives send PDF, and telephones HEIC; in a folder of pictures such files were passed over without a word."""
    Image.fromarray(LINE).save(tmp_path / "a.png")
    (tmp_path / name).write_bytes(b"%PDF-1.7")
    (tmp_path / f".{name}").touch()
    (named,) = found_in(tmp_path / name)
    assert named.error == f"{tmp_path / name}: is no picture; make pictures of it first: {command}"
    assert [each.source for each in found_in(tmp_path)] == [str(tmp_path / "a.png")]
    told = f"{tmp_path / name}: passed over, for it is no picture; make pictures of it first: {command}\n"
    assert capsys.readouterr().err == told
    (tmp_path / f"z{name}").touch()
    list(found_in(tmp_path))
    assert f"{tmp_path / name} and 1 more like it: passed over" in capsys.readouterr().err


def test_the_content_of_a_file_is_one_source_and_no_picture() -> None:
    """Each of its bytes was a source of its own, with an error of its own."""
    (found,) = found_in(b"\x89PNG\r\n")
    assert found.error == "sources[0]: it is a bytes, and no picture; give a path, an array or an image of Pillow's"


@pytest.mark.parametrize("address", ["https://example.org/a.png", "file:///home/me/a.png", "s3://bucket/a.png"])
def test_an_address_is_said_to_be_none_of_a_file(address: str) -> None:
    """It was looked for as a folder called `https:`, and was `no such image`."""
    (found,) = found_in(address)
    said = "is an address, and nothing is read over a network; save it as a file, and give its path"
    assert (found.source, found.error) == (address, f"{address}: {said}")


def test_a_file_whose_name_looks_like_an_address_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mirrors of web pages are kept in such folders."""
    (tmp_path / "https:").mkdir()
    Image.fromarray(LINE).save(tmp_path / "https:" / "a.png")
    monkeypatch.chdir(tmp_path)
    (found,) = found_in("https://a.png")
    assert found.grey is not None


@pytest.mark.parametrize(
    ("sources", "said"),
    [(3, "3 is nothing"), ({}, "{} is nothing"), ({"a": 1}, "{'a': 1} is nothing"), (None, "None, as OpenCV's imread gives")],
)
def test_what_holds_no_sources_is_told_what_does(sources, said: str) -> None:
    """A whole number was `not iterable`, and of a dictionary nothing was read without a word."""
    with pytest.raises(TypeError) as caught:
        list(found_in(sources))
    assert str(caught.value).startswith(said)
    assert str(caught.value).endswith("give a path, an array or an image of Pillow's, a folder's path, or a list of these")


def test_a_file_of_another_kind_is_said_to_be_one(tmp_path: Path) -> None:
    """The words of Pillow name an object in memory."""
    (tmp_path / "x.png").write_text("a web page that a proxy has sent in its place")
    (found,) = found_in(tmp_path / "x.png")
    expected = "cannot be read as an image (of no kind that is known here); replace it, or leave it out"
    assert found.error == f"{tmp_path / 'x.png'}: {expected}"


@pytest.mark.parametrize("ink", [0, 90, 200, 255])
def test_ink_on_nothing_gets_a_ground_that_it_stands_out_from(ink: int) -> None:
    """White ink on a transparent ground, as tablets save it, was white on white: an empty line."""
    layers = np.dstack([np.full((*LINE.shape, 3), ink, np.uint8), INK.astype(np.uint8) * 255])
    line = prepared(grey_of(Image.fromarray(layers)), 40, upright=False)
    assert line[20, 40] == 255
    assert line[4].max() == 0


@pytest.mark.parametrize("paper", [110, 200])
def test_a_line_that_was_cut_out_with_its_paper_goes_on_with_it(paper: int) -> None:
    """The outline of the scissors must not look like ink."""
    inside = np.fromfunction(lambda y, x: abs(y - 10 - x / 6) < 9, LINE.shape)
    grey = np.where(INK & inside, 40, paper).astype(np.uint8)
    layers = np.dstack([grey, grey, grey, inside.astype(np.uint8) * 255])
    assert grey_of(Image.fromarray(layers))[~inside].tolist() == [paper] * int((~inside).sum())


def test_dark_ink_in_a_dim_photograph_is_dark_ink() -> None:
    """Its paper is darker than the middle of all greys, and was taken for the ground of bright ink."""
    line = prepared(np.where(INK, 30, 105).astype(np.uint8), 40, upright=False)
    assert (line[20, 40], line[4].max()) == (255, 0)


@pytest.mark.parametrize("suffix", PICTURES)
def test_every_ending_that_is_looked_for_can_be_opened(tmp_path: Path, suffix: str) -> None:
    """A folder that is listed and cannot be read is no help."""
    if not features.check({".avif": "avif", ".jp2": "jpg_2000", ".j2k": "jpg_2000", ".jpx": "jpg_2000"}.get(suffix, "zlib")):
        pytest.skip("this Pillow lacks it")
    image = Image.fromarray(LINE).convert("1" if suffix == ".pbm" else "L", dither=Image.Dither.NONE)
    image.save(tmp_path / f"x{suffix}")
    (found,) = found_in(tmp_path)
    assert found.grey is not None
    assert ((found.grey < 128) == INK).mean() > 0.95


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_whatever_is_broken_about_a_picture_is_an_error_with_its_name(tmp_path: Path) -> None:
    """Each kind of damage makes the library that reads it fail in another way; none may end the batch."""
    draw = random.Random(0)  # noqa: S311
    for suffix in sorted({".png", ".jpg", ".tif", ".webp", ".gif", ".bmp", ".pgm"}):
        Image.fromarray(LINE).save(tmp_path / f"good{suffix}")
        content = (tmp_path / f"good{suffix}").read_bytes()
        for number in range(12):
            damaged = bytearray(content[: draw.randrange(len(content))] if number % 2 else content)
            for _ in range(9):
                damaged[draw.randrange(len(damaged)) if damaged else 0 :] = draw.randbytes(4)
            (tmp_path / f"bad{suffix}").write_bytes(damaged)
            for found in found_in(tmp_path / f"bad{suffix}"):
                assert found.grey is not None or f"bad{suffix}" in found.error


RGB = np.dstack([LINE] * 3)


@pytest.mark.parametrize(
    "image",
    [
        LINE,
        RGB,
        LINE[..., None],
        LINE / 255,
        (RGB / 255).astype(np.float32),
        LINE.astype(np.float32),
        LINE.astype(np.int64),
        LINE.astype(np.uint16) * 257,
        ~INK,
        Image.fromarray(RGB),
        np.dstack([RGB, np.full_like(LINE, 255)]),
    ],
    ids=["grey", "rgb", "one channel", "0..1", "rgb 0..1", "0..255 as floats", "integers", "16 bits", "truth", "pillow", "rgba"],
)
def test_images_in_memory_come_as_programs_hold_them(image) -> None:
    """A float array was all black, one with colours an error of shapes."""
    (found,) = found_in([image])
    assert found.grey is not None, found.error
    assert (found.source, found.grey.dtype, found.grey.shape) == ("sources[0]", np.uint8, LINE.shape)
    assert ((found.grey < 128) == INK).all()


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.zeros((0, 80), np.uint8), "it is empty, of shape (0, 80)"),
        (Image.new("L", (0, 9)), "it is empty, of 0 x 9 pixels"),
        ("", "it is an empty text"),
        (None, "it is a NoneType"),
        (np.full((9, 9), np.nan), "no brightness"),
        (np.zeros((3, 9, 9), np.uint8), "shape (3, 9, 9)"),
    ],
)
def test_an_item_that_is_no_picture_is_named_by_its_place(image, said: str) -> None:
    """Of a thousand crops one is empty: which one, and the others are read."""
    first, bad, last = found_in([LINE, image, LINE])
    assert (first.error, last.error) == ("", "")
    assert bad.error.startswith("sources[1]: ")
    assert said in bad.error


def test_one_picture_needs_no_list(tmp_path: Path) -> None:
    """A path was taken for a list of its letters."""
    Image.fromarray(LINE).save(tmp_path / "x.png")
    one: list = [LINE, RGB, Image.fromarray(LINE), tmp_path / "x.png", str(tmp_path / "x.png")]
    assert [len(list(found_in(source))) for source in one] == [1] * 5
    assert len(list(found_in(np.stack([LINE] * 4)))) == 4
    assert [found.source for found in found_in(iter([LINE, LINE]))] == ["sources[0]", "sources[1]"]
    with pytest.raises(DataError):
        grey_array(np.zeros((4, *RGB.shape)))


def names(found: list[Found], folder: Path) -> list[str]:
    return [str(Path(each.source).relative_to(folder)) for each in found]


def test_folders_within_a_folder_are_looked_into_when_that_is_asked_for(tmp_path: Path) -> None:
    """Archives have a folder for each box."""
    for name in ("b/2.png", "a/c/1.png", "3.PNG", ".hidden/4.png", "a/._1.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(LINE).save(tmp_path / name)
    assert names(list(found_in(tmp_path)), tmp_path) == ["3.PNG"]
    assert names(list(found_in(tmp_path, Choice(recursive=True))), tmp_path) == ["3.PNG", "a/c/1.png", "b/2.png"]
    (found,) = found_in(tmp_path / "a")
    assert "no picture in this folder" in found.error
    assert "--recursive" in found.error


def test_a_folder_that_cannot_be_looked_into_is_named(tmp_path: Path) -> None:
    """It would look like an empty one, and half of an archive be missing without a word."""
    (tmp_path / "shut").mkdir()
    Image.fromarray(LINE).save(tmp_path / "x.png")
    looked = found_in(tmp_path, Choice(recursive=True))
    assert next(looked).error == ""
    (tmp_path / "shut").rmdir()  # as good as shut to one who may look into everything
    (found,) = looked
    assert f"{tmp_path / 'shut'}: cannot be looked into" in found.error
