"""Nothing of what is held out has been trained on: every data set with every one of its splits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")

from PIL import Image  # noqa: E402

from tests.conftest import ROOT  # noqa: E402
from tests.fakes.text_recognizer.small_emnist import unpacked  # noqa: E402
from tests.fakes.text_recognizer.small_iam import small_iam  # noqa: E402
from text_recognizer.catalog import DATASETS, LINES  # noqa: E402
from text_recognizer.data.doubts import doubts  # noqa: E402
from text_recognizer.data.emnist_lines import glyphs_of  # noqa: E402
from text_recognizer.data.line_set import Lines, LineSplit  # noqa: E402
from text_recognizer.data.prose import split_of  # noqa: E402
from text_recognizer.data.splitting import parted  # noqa: E402
from text_recognizer.options import read  # noqa: E402

REAL = ROOT.parent / "shared" / "data" / "handwritten_pages"
FEW = {"train_size": 30, "val_size": 10, "test_size": 10}
PAGE = """<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"><Page imageFilename="{0}.png">
<TextRegion>{1}</TextRegion></Page></PcGts>"""
LINE = """<TextLine id="l{0}"><Coords points="20,{1} 180,{1} 180,{2} 20,{2}"/>
<TextEquiv><Unicode>{3} {0}</Unicode></TextEquiv></TextLine>"""


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXT_RECOGNIZER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TEXT_RECOGNIZER_DATA", str(tmp_path / "data"))


def writers(folder: Path, number: int, lines: int = 3) -> dict[str, str]:
    """A folder of pairs, each text the name of its writer and a number; the first line of all has no text."""
    for writer in range(number):
        place = folder / f"writer{writer}"
        place.mkdir(parents=True)
        for line in range(lines):
            Image.fromarray(np.random.default_rng([writer, line]).integers(0, 255, (32, 60), np.uint8)).save(
                place / f"{line}.png"
            )
            (place / f"{line}.gt.txt").write_text("" if lines > 1 and line == 0 else f"writer{writer} {line}")
    return {"folder": str(folder)}


def pages(folder: Path, number: int, lines: int = 2) -> dict[str, str]:
    """Pages whose lines have the page's name and a number for a text; an empty page beside them."""
    folder.mkdir(parents=True)
    for page in range(number + 1):
        Image.fromarray(np.random.default_rng(page).integers(0, 255, (120, 200), np.uint8)).save(folder / f"page{page}.png")
        marked = "".join(LINE.format(i, 20 + 40 * i, 50 + 40 * i, f"page{page}") for i in range(lines)) if page < number else ""
        (folder / f"page{page}.xml").write_text(PAGE.format(f"page{page}", marked))
    return {"folder": str(folder)}


def iam(folder: Path) -> dict[str, str]:
    return {"folder": str(small_iam(folder, telling=True))}


MADE: dict[str, Callable[[Path], dict[str, str]]] = {
    "LineFolder": lambda folder: writers(folder, 5),
    "LinePages": lambda folder: pages(folder, 4),
    "IAMLines": iam,
    "IAMParagraphs": iam,
    "IAMOriginalAndSyntheticParagraphs": iam,
}
IAM = DATASETS.find("IAMLines").options.__dataclass_fields__["split"].metadata["choices"]
CASES = [("LineFolder", ""), ("LinePages", ""), *((name, split) for name in MADE if name.startswith("IAM") for split in IAM)]


def loaded(name: str, **given: object) -> Lines:
    entry = DATASETS.find(name)
    return entry.load()(read(entry.options, given, "dataset_args"))


def homes(data: Lines) -> Iterator[set[str]]:
    """Of each split the words that name its writers, forms and pages."""
    for part in (data.train, data.val, data.test):
        yield {word for text in part.texts for word in re.findall(r"[\w-]{3,}", text)}


@pytest.mark.parametrize(("name", "split"), CASES)
def test_no_writer_form_or_page_is_in_two_splits(tmp_path: Path, name: str, split: str) -> None:
    """Of a writer that it was trained on a network reads ten points better, and of a form it may know the very words."""
    given = MADE[name](tmp_path / "made")
    data = loaded(name, **given, **({"split": split} if split else {}))
    train, val, test = homes(data)
    assert train
    assert val
    assert test
    assert not train & val
    assert not train & test
    assert not val & test


def test_every_data_set_of_writers_is_looked_at() -> None:
    """A new one must be entered above. What is drawn or set from glyphs is looked at below."""
    drawn = {"GeneratedLines", "EMNISTLines", "EMNISTLines2"}
    assert {entry.name for entry in DATASETS.entries if entry.reads == LINES} == {*MADE, *drawn}


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("count", [2, 3, 4, 5, 10])
@pytest.mark.parametrize("shares", [(0.1, 0.1), (0.9, 0.9), (0.5, 0.0)])
def test_no_split_is_empty_however_few_the_writers(count: int, seed: int, shares: tuple[float, float]) -> None:
    """Four pages of a real archive failed with five seeds of six, ten writers now and then."""
    places = parted([f"w{i}" for i in range(count)], *shares, seed)
    assert {"train", "val"} | ({"test"} if count > 2 and shares[1] else set()) == set(places.values())


def test_few_names_move_no_further_than_they_must() -> None:
    """Old figures are worth something only as long as most of the writers stay where they were."""
    names = [f"w{i}" for i in range(200)]
    before = parted(names[:190], 0.1, 0.1, 3)
    assert parted(names, 0.1, 0.1, 3).items() >= before.items()
    few = parted(names[:5], 0.1, 0.1, 3)
    assert sum(few[name] != before[name] for name in few) <= 2


@pytest.mark.skipif(not REAL.is_dir(), reason="needs a folder named shared beside the checkout")
def test_four_real_pages_fill_all_splits() -> None:
    """They are what somebody has who has just begun."""
    for seed in range(6):
        data = loaded("LinePages", folder=str(REAL), seed=seed)
        assert min(len(data.train), len(data.val), len(data.test)) > 5
        assert data.test is not data.val


def test_one_writer_alone_is_shared_out_line_by_line_and_people_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever adapts a network to one hand has no other; the figure says nothing about others, so that must be said."""
    data = loaded("LineFolder", **writers(tmp_path / "one", 1, lines=21))
    told = capsys.readouterr().err
    assert "all 20 lines are of one writer or page (writer0)" in told
    assert len(data.train) + len(data.val) + len(data.test) == 20
    assert not set(data.train.texts) & (set(data.val.texts) | set(data.test.texts))
    loaded("LinePages", **pages(tmp_path / "page", 1))
    assert "all 2 lines are of one writer or page (page0)" in capsys.readouterr().err


def test_a_table_without_val_takes_it_from_the_writers_of_train(tmp_path: Path) -> None:
    """Published sets often have train and test alone; who chooses the epoch by the test has no test."""
    given = writers(tmp_path / "w", 6)
    rows = [f"writer{w}/{i}.png\t{'test' if w == 5 else 'train'}\twriter{w}\twriter{w} {i}" for w in range(6) for i in (1, 2)]
    (tmp_path / "w" / "lines.tsv").write_text("\n".join(["image\tsplit\twriter\ttranscript", *rows]))
    train, val, test = homes(loaded("LineFolder", **given))
    assert test == {"writer5"}
    assert val
    assert not val & train


def test_glyphs_of_emnist_are_for_one_split_alone() -> None:
    """Lines of val were set from the very glyphs of train: reading them by heart looked like reading."""
    labels = np.repeat(np.arange(62), 7)
    images = np.arange(len(labels), dtype=np.uint16)[:, None, None] + np.zeros((1, 2, 2), np.uint16)
    arrays = {"train_images": images, "train_labels": labels, "test_images": images, "test_labels": labels}
    train, val, test = ({int(i) for g in glyphs_of(s, arrays, 42).values() for i in g[:, 0, 0]} for s in ("train", "val", "test"))
    assert not train & val
    assert (len(train), len(val), len(test)) == (62 * 6, 62, 62 * 7)
    one = {**arrays, "train_images": images[::7], "train_labels": labels[::7]}
    assert all(len(glyphs_of(s, one, 42)) == 62 for s in ("train", "val"))


@pytest.mark.parametrize("name", ["GeneratedLines", "EMNISTLines", "EMNISTLines2"])
def test_sentences_are_for_one_split_alone(tmp_path: Path, name: str) -> None:
    """The texts of lines are runs of words; of each split its own sentences are taken."""
    sentences = [f"Sentence {c}{c}{d} {d}{c}{d} ends here." for c in "abcdefghijklmnop" for d in "abcdefgh"]
    (tmp_path / "text").write_text(" ".join(sentences))
    unpacked(tmp_path / "data" / "emnist")
    data = loaded(name, text_file=str(tmp_path / "text"), **FEW)
    owner = {word: split_of(s) for s in sentences for word in s.split()[1:3]}
    for split, part in (("train", data.train), ("val", data.val), ("test", data.test)):
        assert {owner[word] for text in part.texts for word in text.split() if word in owner} <= {split}


def test_an_image_of_emnist_is_in_one_split_alone(tmp_path: Path) -> None:
    """Val is a part of the training set, and no other part may overlap it."""
    unpacked(tmp_path / "data" / "emnist")
    data = DATASETS.find("EMNIST").load()(read(DATASETS.find("EMNIST").options, {"balanced": False}, ""))
    assert len(data.train) + len(data.val) == 620


def lines(*parts: tuple[str, ...]) -> Lines:
    """Lines with these texts in train, val and test, every picture different."""
    made, number = [], 0
    for texts in parts:
        images = tuple(np.full((4, 9), number + i, np.uint8) for i in range(len(texts)))
        made.append(LineSplit(images, texts))
        number += len(texts)
    return Lines(*made, "".join(sorted(set("".join(parts[0])))))


def test_characters_that_cannot_be_read_are_told() -> None:
    """They are errors in every figure, and nobody sees why it does not fall any further."""
    (said,) = doubts(lines(("abc",), ("abœ",), ("œ€ a",)))
    assert said.startswith("characters of val and test that train lacks: 4; they cannot be read")
    assert said.endswith("'œ' (2), U+0020 SPACE (1), '€' (1)")
    many = list(doubts(lines(("a",), ("bcdefghijklm",), ("a",))))
    assert many[0].endswith("'i' (1) and 4 others")


def test_classes_that_nobody_sees_are_told() -> None:
    """A byte order mark or a zero-width space from a web page becomes a class that can only be guessed."""
    (said,) = doubts(lines(("a\ufeffb\u200b", "\u200b\n"), ("a",), ("b",)))
    assert "U+200B ZERO WIDTH SPACE (2), U+FEFF ZERO WIDTH NO-BREAK SPACE (1); take them out" in said


def test_pictures_that_are_there_twice_are_told() -> None:
    """A copy of a training line in the test is read by heart."""
    data = lines(("a", "b", "c"), ("a",), ("b",))
    assert list(doubts(data)) == []
    doubled = Lines(
        LineSplit((*data.train.images[:2], data.train.images[0]), ("a", "b", "a")), data.val, data.train.first(2), "ab"
    )
    assert list(doubts(doubled)) == [
        "pictures in two of train, val and test: 2; they flatter the figures, so take them out of one"
    ]
    twice = Lines(LineSplit((data.train.images[0],) * 2, ("a", "a")), data.val, data.val, "a")
    assert list(doubts(twice)) == ["pictures that are there twice or more: 1; they count as often"]


def test_what_is_doubtful_is_said_when_the_data_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, with the folder; the training goes on."""
    given = writers(tmp_path / "w", 3)
    (tmp_path / "w" / "lines.tsv").write_text(
        "image\tsplit\ttranscript\nwriter0/1.png\ttrain\tab\nwriter1/1.png\tval\tœ\nwriter2/1.png\ttest\ta\n", encoding="utf-8"
    )
    loaded("LineFolder", **given)
    assert f"{tmp_path / 'w'}: characters of val and test that train lacks: 1;" in capsys.readouterr().err
