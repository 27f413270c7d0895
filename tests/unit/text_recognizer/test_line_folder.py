"""Own lines of handwriting from a folder: layouts, splits, and what a slip in them says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")

from PIL import Image  # noqa: E402

from text_recognizer.data.line_folder import find_lines, line_folder, with_splits  # noqa: E402
from text_recognizer.data.line_images import open_grey, prepared, slant_of, with_even_contrast  # noqa: E402
from text_recognizer.data.options import LineFolderOptions  # noqa: E402
from text_recognizer.data.splitting import parted  # noqa: E402
from text_recognizer.errors import DataError  # noqa: E402

HEADER = "image\tsplit\twriter\ttranscript\n"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXT_RECOGNIZER_CACHE", str(tmp_path / "cache"))


def picture(path: Path, width: int = 90, height: int = 40) -> Path:
    """Grey paper with a dark stroke across it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((height, width), 200, np.uint8)
    pixels[height // 2 : height // 2 + 4, 5:-5] = 40
    Image.fromarray(pixels).save(path)
    return path


def table(folder: Path, *rows: str, header: str = HEADER) -> LineFolderOptions:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lines.tsv").write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return LineFolderOptions(folder=str(folder))


def refusal(options: LineFolderOptions) -> str:
    with pytest.raises(DataError) as caught:
        line_folder(options)
    return str(caught.value)


def test_a_table_gives_its_lines_in_their_splits(tmp_path: Path) -> None:
    """Splits that somebody chose with care must not be drawn anew."""
    options = table(tmp_path, "a.png\ttrain\tx\tun deux", "b.png\tval\ty\ttrois", "c.png\ttest\tz\tquatre")
    for name, width in (("a", 90), ("b", 120), ("c", 60)):
        picture(tmp_path / "images" / f"{name}.png", width)
    lines = line_folder(replace(options, fit=False))  # of noise, which has more strokes than any hand
    assert (lines.train.texts, lines.val.texts, lines.test.texts) == (("un deux",), ("trois",), ("quatre",))
    assert [s.images[0].shape for s in (lines.train, lines.val, lines.test)] == [(32, 72), (32, 96), (32, 48)]
    assert lines.classes == " denux"
    assert lines.train.images[0].dtype == np.uint8


def test_a_folder_is_also_looked_for_where_the_data_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of experiments should not hold the paths of one machine."""
    picture(tmp_path / "data" / "mine" / "a.png")
    table(tmp_path / "data" / "mine", "a.png\ttrain\tx\ty", "a.png\tval\tx\ty")
    monkeypatch.setenv("TEXT_RECOGNIZER_DATA", str(tmp_path / "data"))
    assert len(line_folder(LineFolderOptions(folder="mine")).train) == 1


def test_pairs_are_read_with_their_folder_as_the_writer(tmp_path: Path) -> None:
    """The layout of OCRopus, Kraken and Tesseract."""
    for name in ("anna/1", "anna/2", "bert/page_03"):
        picture(tmp_path / f"{name}.png")
        (tmp_path / f"{name}.gt.txt").write_text(f"Text  of\n{name}\n", encoding="utf-8")
    lines = find_lines(tmp_path)
    assert [(line.text, line.writer) for line in lines] == [
        ("Text of anna/1", "anna"),
        ("Text of anna/2", "anna"),
        ("Text of bert/page_03", "bert"),
    ]


def test_without_a_writer_the_page_stands_for_one(tmp_path: Path) -> None:
    """Lines of one page in train and in test flatter the figure as much as those of one writer."""
    for name in ("will_7-1_000", "will_7-1_001", "will_8-1_000"):
        picture(tmp_path / f"{name}.png")
        (tmp_path / f"{name}.gt.txt").write_text("x")
    assert [line.writer for line in find_lines(tmp_path)] == ["will_7-1", "will_7-1", "will_8-1"]


def test_a_writer_is_never_in_two_splits_and_stays_where_it_was(tmp_path: Path) -> None:
    """A new writer that moved the others would make old figures worthless."""
    options = LineFolderOptions(folder="x", val_share=0.3, test_share=0.3)
    places = parted((f"writer {i}" for i in range(300)), 0.3, 0.3, 0)
    counts = [list(places.values()).count(split) for split in ("train", "val", "test")]
    assert all(60 < count < 180 for count in counts)
    rows = [f"{i}.png\twriter {i % 20}\tx" for i in range(100)]
    table(tmp_path, *rows, header="image\twriter\ttranscript\n")
    assert all(line.split == places[line.writer] for line in with_splits(find_lines(tmp_path), options))


def test_transcripts_are_brought_to_one_form(tmp_path: Path) -> None:
    """An e with a combining accent and a precomposed one look alike, and must be one class."""
    options = table(tmp_path, "a.png\ttrain\tx\te\u0301te\u0301", "a.png\tval\tx\t\u00e9t\u00e9", "a.png\ttrain\tx\t")
    picture(tmp_path / "a.png")
    lines = line_folder(options)
    assert lines.train.texts == lines.val.texts == ("été",)
    assert lines.test is lines.val


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        (["a.png\ttrain\tx"], HEADER, "lines.tsv:2: 3 columns where the header has 4"),
        (["a.png\ttrian\tx\ty"], HEADER, "lines.tsv:2: unknown split 'trian'; did you mean \"train\"?"),
        (["a.png\tx"], "picture\ttranscript\n", "lines.tsv:1: no column of the header is called 'image'; "),
        (["a.png,x"], "image,transcript\n", "is called 'image'; columns stand between tabs"),
        (["a.png\ttrain\tx\ty", "gone.png\tval\tx\ty"], HEADER, "gone.png: no such image"),
        (["broken.png\ttrain\tx\ty", "a.png\tval\tx\ty"], HEADER, "broken.png: cannot be read as an image"),
        (["a.png\ttrain\tx\ty"], HEADER, "no line is in split val"),
        (["a.png\ttrain\tx\ty", "\tval\tx\ty"], HEADER, "lines.tsv:3: no image is named"),
        (["a.png\ttrain\tx\ty", "a\0.png\tval\tx\ty"], HEADER, "lines.tsv:3: no image is named"),
    ],
)
def test_a_slip_in_the_table_is_named_with_its_place(tmp_path: Path, rows: list[str], header: str, message: str) -> None:
    """In a table of ten thousand rows nobody finds it otherwise."""
    options = table(tmp_path, *rows, header=header)
    picture(tmp_path / "a.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    assert message in refusal(options)


@pytest.mark.parametrize("mark", ["\u2028", "\x0b", "\x0c", "\x85", "\x1e"])
def test_only_the_end_of_a_line_ends_a_row(tmp_path: Path, mark: str) -> None:
    """Texts pasted from word processors and web pages hold other breaks; they are white space of the transcript."""
    options = table(tmp_path, f"a.png\ttrain\tx\tone{mark}two", "a.png\tval\tx\ttwo")
    picture(tmp_path / "a.png")
    assert line_folder(options).train.texts == ("one two",)


def test_a_transcript_in_another_encoding_is_named(tmp_path: Path) -> None:
    """Old exports are in Latin-1 or UTF-16; a traceback would not say which of ten thousand files it is."""
    options = table(tmp_path)
    (tmp_path / "lines.tsv").write_bytes(HEADER.encode() + b"a.png\ttrain\tx\t\xe9t\xe9\n")
    assert "lines.tsv: not UTF-8" in refusal(options)
    (tmp_path / "lines.tsv").unlink()
    picture(tmp_path / "a.png")
    (tmp_path / "a.gt.txt").write_bytes(b"\xe9t\xe9")
    assert "a.gt.txt: not UTF-8" in refusal(options)


def test_the_endings_of_pictures_may_be_in_capitals(tmp_path: Path) -> None:
    """Cameras and scanners write IMG_1.JPG, and the guide says JPEG."""
    picture(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.PNG")
    (tmp_path / "a.gt.txt").write_text("text", encoding="utf-8")
    assert [line.image.name for line in find_lines(tmp_path)] == ["a.PNG"]


def test_an_empty_and_a_missing_folder_say_so(tmp_path: Path) -> None:
    """The usual slip is the path."""
    (tmp_path / "empty").mkdir()
    assert "neither lines.tsv nor pictures" in refusal(LineFolderOptions(folder=str(tmp_path / "empty")))
    assert "no such folder" in refusal(LineFolderOptions(folder=str(tmp_path / "none")))
    assert "dataset_args.folder is missing" in refusal(LineFolderOptions())


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "I;16", "CMYK", "LA"])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_pictures_of_any_kind_come_out_alike(tmp_path: Path, mode: str, suffix: str) -> None:
    """Scanners deliver all of them; ink must be bright and paper black whatever they say."""
    if suffix == "png" and mode == "CMYK":
        pytest.skip("PNG has no CMYK")
    pixels = np.full((40, 90), 230, np.uint8)
    pixels[18:24, 10:80] = 20
    grey = Image.fromarray(pixels)
    image = Image.fromarray(pixels.astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode, dither=Image.Dither.NONE)
    image.save(tmp_path / f"x.{suffix}")
    line = prepared(open_grey(tmp_path / f"x.{suffix}"), 32, upright=False)
    assert line.shape == (32, 72)
    assert line[16, 20] > 200
    assert line[4].max() == 0


def test_bright_ink_on_dark_paper_is_taken_as_it_is() -> None:
    """Negatives of microfilms, and the lines that are drawn here."""
    dark = np.zeros((32, 60), np.uint8)
    dark[10:14, 5:50] = 250
    assert with_even_contrast(dark)[12, 20] == 255
    assert with_even_contrast(255 - dark)[12, 20] == 255


def test_empty_paper_stays_empty() -> None:
    """Stretching its noise to full contrast would invent writing."""
    noise = np.random.default_rng(0).integers(200, 206, (40, 100), dtype=np.uint8)
    assert with_even_contrast(noise).max() < 60


@pytest.mark.parametrize("slant", [-0.3, 0.0, 0.5, 0.9])
def test_slanted_strokes_are_made_upright(slant: float) -> None:
    """The sign is the part that one gets wrong: then every line leans twice as much."""
    ink = np.zeros((32, 200), np.uint8)
    rows = np.arange(4, 28)
    for start in (60, 90, 120, 150):
        for width in range(3):
            ink[rows, np.rint(start + slant * (15.5 - rows)).astype(int) + width] = 255
    assert slant_of(ink) == pytest.approx(slant, abs=0.11)
    assert abs(slant_of(prepared(255 - ink, 32, upright=True))) < 0.15
