"""EMNIST in all its published forms, made small by the tests; and the lines that are set from its glyphs."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")

from tests.conftest import ROOT  # noqa: E402
from tests.fakes.text_recognizer.small_emnist import glyph, idx, idx_files, some, unpacked  # noqa: E402
from text_recognizer.data.emnist import CLASSES, balanced_choice, emnist, find, read_idx  # noqa: E402
from text_recognizer.data.emnist_lines import LINES, LINES2, bare, emnist_lines2, phrase, set_line  # noqa: E402
from text_recognizer.data.options import EmnistLines2Options, EmnistOptions  # noqa: E402
from text_recognizer.errors import DataError  # noqa: E402

DIGITS = ROOT.parent / "shared" / "data" / "mnist_t10k"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXT_RECOGNIZER_CACHE", str(tmp_path / "cache"))


def packed(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, data in idx_files().items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(data))


def zipped(folder: Path) -> None:
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "gzip.zip", "w") as archive:
        for name, data in idx_files().items():
            archive.writestr(f"gzip/{name}.gz", gzip.compress(data))


def matlab(folder: Path) -> None:
    savemat = pytest.importorskip("scipy.io").savemat
    folder.mkdir(parents=True)
    dataset = {}
    for split, number in (("train", 10), ("test", 3)):
        images, labels = some(number)
        by_columns = images.swapaxes(1, 2).reshape(len(images), -1)
        dataset[split] = {"images": by_columns, "labels": labels[:, None], "writers": labels[:, None]}
    savemat(folder / "emnist-byclass.mat", {"dataset": {**dataset, "mapping": np.zeros((62, 2))}})


@pytest.mark.parametrize("form", [unpacked, packed, zipped, matlab])
def test_every_published_form_is_read_upright_with_its_labels(tmp_path: Path, form) -> None:
    """EMNIST's images lie on their side in the files; letters that stay so are learned, and never read again."""
    form(tmp_path / "emnist")
    data = emnist(EmnistOptions(folder=str(tmp_path / "emnist"), balanced=False))
    assert (len(data.train), len(data.val), len(data.test), data.classes) == (496, 124, 186, CLASSES)
    for split in (data.train, data.val, data.test):
        assert all(np.array_equal(image, glyph(k)) for image, k in zip(split.images, split.labels, strict=True))
    assert not set(map(int, data.train.labels)) - set(range(62))


def test_a_limit_takes_from_all_classes(tmp_path: Path) -> None:
    """The files may be sorted by class; the first images would all be zeros, and every figure perfect."""
    unpacked(tmp_path / "emnist")
    data = emnist(EmnistOptions(folder=str(tmp_path / "emnist"), limit=60))
    assert all(len(split) == 60 and len(set(split.labels.tolist())) > 20 for split in (data.train, data.val, data.test))


def test_torchvisions_folder_is_found(tmp_path: Path) -> None:
    """Many have it on their disk already."""
    unpacked(tmp_path / "EMNIST" / "raw")
    assert find(tmp_path).parent == tmp_path / "EMNIST" / "raw"


def test_what_is_missing_is_said_with_where_to_get_it(tmp_path: Path) -> None:
    """On a machine without a network this line is all that a user has."""
    with pytest.raises(DataError, match=r"download matlab\.zip .*GeneratedCharacters") as caught:
        emnist(EmnistOptions(folder=str(tmp_path)))
    assert str(tmp_path) in str(caught.value)


def test_damaged_downloads_are_named(tmp_path: Path) -> None:
    """Half a file is what a broken connection leaves."""
    packed(tmp_path / "e")
    labels = tmp_path / "e" / "emnist-byclass-test-labels-idx1-ubyte.gz"
    labels.write_bytes(labels.read_bytes()[:-9])
    with pytest.raises(DataError, match="download it again"):
        emnist(EmnistOptions(folder=str(tmp_path / "e")))
    (tmp_path / "matlab.zip").write_bytes(b"PK")
    pytest.importorskip("scipy.io")
    with pytest.raises(DataError, match="SHA-256 is not that of the published file"):
        emnist(EmnistOptions(folder=str(tmp_path)))


@pytest.mark.parametrize("content", ["noise", "zip"])
@pytest.mark.parametrize("name", ["gzip.zip", "emnist-byclass.mat"])
def test_a_download_that_is_something_else_is_named(tmp_path: Path, name: str, content: str) -> None:
    """A login page, half a file, another archive: what the libraries say to them names no file."""
    pytest.importorskip("scipy.io")
    (tmp_path / name).write_bytes(b"<html>" * 99)
    if content == "zip":
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("notes.txt", "nothing")
    with pytest.raises(DataError, match=rf"{name}: damaged, or another file .*; download it again"):
        emnist(EmnistOptions(folder=str(tmp_path)))


@pytest.mark.parametrize("data", [b"", b"\x00\x00\x0d\x01", idx(np.zeros((3, 4), np.uint8))[:-1]])
def test_what_is_no_idx_file_is_refused(data: bytes) -> None:
    """Read on regardless, it would be noise with labels."""
    with pytest.raises(DataError, match="download it again"):
        read_idx(data, "x")


@pytest.mark.skipif(not DIGITS.is_dir(), reason="needs a folder named shared beside the checkout")
def test_real_digits_are_read() -> None:
    """MNIST's published files have the same format; a digit's ink lies in the middle of its image."""
    images = read_idx((DIGITS / "t10k-images-idx3-ubyte.gz").read_bytes(), "images")
    labels = read_idx((DIGITS / "t10k-labels-idx1-ubyte.gz").read_bytes(), "labels")
    assert (images.shape, labels.shape) == ((10000, 28, 28), (10000,))
    assert np.bincount(labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert images[:, 8:20, 8:20].mean() > 8 * images[:, :, :4].mean()
    ones, zeros = images[labels == 1].mean(axis=0), images[labels == 0].mean(axis=0)
    assert ones[13:15, 13:15].mean() > 5 * zeros[13:15, 13:15].mean()


def test_large_classes_come_down_to_the_mean_count() -> None:
    """The labs' recipe: as many draws with replacement as the mean count, each image once; it must not move."""
    labels = np.repeat(np.arange(62), [1000, 10] + [50] * 60)
    chosen = balanced_choice(labels)
    number = len(labels) // 66
    counts = np.bincount(labels[chosen], minlength=62)
    assert len(set(chosen)) == len(chosen)
    assert 0.9 * number < counts[0] <= number
    assert counts[1] == pytest.approx(10, abs=1)
    assert np.array_equal(chosen, balanced_choice(labels))


def glyphs(value: int) -> dict[str, np.ndarray]:
    return {c: np.full((2, 28, 28), value, np.uint8) for c in CLASSES}


def test_overlapping_strokes_end_at_full_black() -> None:
    """In eight bits 200 and 200 made 144: the labs' lines have holes where letters touch."""
    line = set_line("ab", glyphs(200), LINES2, np.random.default_rng(0))
    assert line.dtype == np.uint8
    assert set(np.unique(line)) == {0, 200, 255}


@pytest.mark.parametrize(("recipe", "left", "height"), [(LINES, 0, 28), (LINES2, 28, 56)])
def test_a_line_has_one_overlap_and_its_glyphs_in_the_middle(recipe, left: int, height: int) -> None:
    """The geometry is what makes results comparable with those of the labs."""
    rng, advances = np.random.default_rng(0), set()
    for _ in range(200):
        line = set_line("abcde", glyphs(10), recipe, rng)
        assert line.shape[0] == height
        assert (line.any(axis=1).nonzero()[0][[0, -1]] == [(height - 28) // 2, (height + 28) // 2 - 1]).all()
        assert line.any(axis=0).argmax() == left
        advances.add((line.shape[1] - 2 * left - 28) / 4)
    assert advances == {28 - n for n in (range(10) if recipe is LINES else range(5, 14))}


def test_a_distinct_character_is_one_glyph_and_a_space_is_none() -> None:
    """A person writes an e like an e; the labs draw one glyph per character and line."""
    rng = np.random.default_rng(0)
    varied = {c: np.stack([np.full((28, 28), v, np.uint8) for v in range(1, 100)]) for c in "ab"}
    for _ in range(20):
        line = set_line("a a", varied, LINES2, rng)[28]
        assert line[28] == line[-29]
        assert len(np.unique(line[29:-29])) <= 2 + (line[28] * 2 in line)


def test_lines_are_never_wider_than_the_sheet() -> None:
    """43 characters at the smallest overlap would need 1,013 columns; longer texts are cut, not an error."""
    assert set_line("a" * 60, glyphs(10), LINES2, np.random.default_rng(0)).shape[1] <= 1024


def test_texts_fit_and_have_no_punctuation() -> None:
    """EMNIST has no glyph for a comma."""
    assert bare("It's 3 p.m., isn't  it?") == "Its 3 pm isnt it"
    rng = np.random.default_rng(0)
    words = ["the", "quick", "brown", "fox", "jumps", "over", "a", "incomprehensibilities"]
    found = [phrase(words, 12, rng) for _ in range(300)]
    assert all(1 <= len(text) <= 12 for text in found)
    assert {"the", "the quick", "quick brown", "incomprehens"} <= set(found)


def test_lines_are_set_from_the_glyphs_of_their_own_split(tmp_path: Path) -> None:
    """Glyphs of the test set in training would be a leak."""
    unpacked(tmp_path / "emnist")
    small = EmnistLines2Options(folder=str(tmp_path / "emnist"), train_size=12, val_size=4, test_size=5)
    lines = emnist_lines2(small)
    assert [len(s) for s in (lines.train, lines.val, lines.test)] == [12, 4, 5]
    assert all(image.shape[0] == 56 and image.shape[1] <= 1024 for image in lines.train.images)
    assert set("".join(lines.train.texts)) <= set(lines.classes)
    again = emnist_lines2(small)
    assert all(np.array_equal(a, b) for a, b in zip(lines.test.images, again.test.images, strict=True))
