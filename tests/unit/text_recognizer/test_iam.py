"""IAM in its real layout, made small by the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("numpy")

from tests.fakes.text_recognizer.small_iam import small_iam
from text_recognizer.data.iam import iam_lines
from text_recognizer.data.iam_paragraphs import iam_paragraphs
from text_recognizer.data.iam_splits import read_lists, splits_of, writers_in_two
from text_recognizer.data.options import IamOptions, IamParagraphOptions
from text_recognizer.errors import DataError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXT_RECOGNIZER_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def iam(tmp_path: Path) -> Path:
    return small_iam(tmp_path / "iam")


def test_lines_are_cut_by_their_words_with_their_texts(iam: Path) -> None:
    """The entities are escaped twice in the files, and boxes are those of the full resolution."""
    lines = iam_lines(IamOptions(folder=str(iam)))
    assert lines.train.texts == ('He said "no"', "and left")
    assert lines.val.texts == lines.test.texts == lines.train.texts
    full, half = lines.val.images[0], lines.train.images[0]
    assert full.shape[0] == half.shape[0] == 56
    assert full.shape[1] == pytest.approx(56 * 176 / 46, abs=2)
    assert half.shape[1] == pytest.approx(full.shape[1], rel=0.05)
    for image in (full, half):
        assert image[28].max() > 200
        assert image[:6].max() < 60


def test_each_published_split_is_its_own(iam: Path) -> None:
    """Figures across them do not compare, so a mixture would be worth nothing."""
    aachen = iam_lines(IamOptions(folder=str(iam), split="aachen"))
    assert [len(s) for s in (aachen.train, aachen.val, aachen.test)] == [6, 2, 2]
    lists = read_lists(iam, "lwitlrt")
    assert splits_of([("b02-010-01", "002"), ("z99-999-00", "9")], "lwitlrt", lists) == ["test", ""]


def test_a_form_is_where_its_lines_are_and_held_out_where_they_are_in_two() -> None:
    """The lists of one split name lines, those of another forms; a paragraph with a line of the test is not for training."""
    lists = {"train": frozenset({"a-1-00", "b-2-00"}), "val": frozenset({"c-3-00"}), "test": frozenset({"b-2-01"})}
    forms = [("a-1", "x"), ("b-2", "y"), ("c-3", "z"), ("d-4", "w")]
    assert splits_of(forms, "lwitlrt", lists) == ["train", "test", "val", ""]
    assert splits_of([("b-2-00", "y"), ("b-2-01", "y"), ("b-2-02", "y")], "lwitlrt", lists) == ["train", "test", ""]


def test_the_split_of_the_lab_keeps_writers_apart() -> None:
    """The lab drew lines, and what writers of the test had written beside it was trained on."""
    lists = {"train": frozenset(), "val": frozenset(), "test": frozenset({"t-1-00"})}
    units = [("t-1-00", "tester"), ("t-2-00", "tester")] + [(f"f-{i}-00", f"writer {i // 3}") for i in range(60)]
    splits = splits_of(units, "lab2021", lists)
    assert splits[:2] == ["test", ""]
    assert not list(writers_in_two(units, splits))
    assert 3 <= splits.count("val") <= 24
    assert splits_of([(id[:3], writer) for id, writer in units[:2]], "lab2021", lists) == ["test", ""]


def test_a_writer_in_two_lists_is_told(iam: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The lists are somebody else's; their figures are then better than they should be."""
    iam_lines(IamOptions(folder=str(iam)))
    assert "writers in two" not in capsys.readouterr().err
    (iam / "aachen" / "val.txt").write_text("d04-001")
    (iam / "aachen" / "train.txt").write_text("b02-010")
    iam_lines(IamOptions(folder=str(iam), split="aachen"))
    assert "writers in two of train, val and test: 1, the first 002; that flatters the figures" in capsys.readouterr().err


def test_a_paragraph_is_all_the_handwriting_of_a_form(iam: Path) -> None:
    """From the first word to the last, lines separated by newlines."""
    data = iam_paragraphs(IamParagraphOptions(folder=str(iam), split="aachen"))
    assert data.train.texts == ('He said "no"\nand left',) * 3
    assert data.train.images[0].shape[0] == 576
    assert "\n" in data.classes


def test_what_is_missing_of_iam_is_named(iam: Path, tmp_path: Path) -> None:
    """The archives come in many parts, and one is always forgotten."""
    with pytest.raises(DataError, match="register at"):
        iam_lines(IamOptions(folder=str(tmp_path / "nowhere")))
    (iam / "formsA-D" / "a01-003.png").unlink()
    with pytest.raises(DataError, match=r"the picture a01-003\.png"):
        iam_lines(IamOptions(folder=str(iam)))
    (iam / "aachen" / "test.txt").unlink()
    with pytest.raises(DataError, match=r"test\.txt of the split aachen"):
        iam_lines(IamOptions(folder=str(iam), split="aachen"))


@pytest.mark.parametrize("form", ["<form", "<form/>", '<form width="0" height="9"/>', '<form width="wide" height="9"/>'])
def test_a_damaged_form_is_named(iam: Path, form: str) -> None:
    """One of 1,539 files; without its size its lines cannot be cut out."""
    (iam / "xml" / "a01-000u.xml").write_text(form)
    with pytest.raises(DataError, match=r"a01-000u\.xml: .*; unpack it again"):
        iam_lines(IamOptions(folder=str(iam)))
