"""IAM in its real layout, made small by the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("numpy")

from tests.fakes.text_recognizer.small_iam import small_iam
from text_recognizer.data.iam import iam_lines, iam_paragraphs, read_lists, split_of
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
    assert [len(s) for s in (aachen.train, aachen.val, aachen.test)] == [4, 2, 2]
    lists = read_lists(iam, "lab2021")
    assert split_of("b02-010-01", "lab2021", lists) == "test"
    places = {split_of(f"{f}-{i:02}", "lab2021", lists) for f in ("a01-003",) for i in range(9)}
    assert len(places) == 1
    assert split_of("z99-999-00", "lwitlrt", read_lists(iam, "lwitlrt")) == ""


def test_a_paragraph_is_all_the_handwriting_of_a_form(iam: Path) -> None:
    """From the first word to the last, lines separated by newlines."""
    data = iam_paragraphs(IamParagraphOptions(folder=str(iam), split="aachen"))
    assert data.train.texts == ('He said "no"\nand left',) * 2
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
