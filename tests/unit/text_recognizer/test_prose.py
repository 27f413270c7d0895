"""The text of generated lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from text_recognizer.data.prose import ALPHABET, prose, sentences_of, split_of
from text_recognizer.errors import ExperimentError


def test_no_sentence_is_in_two_splits() -> None:
    """A test on sentences that were trained on would flatter the figure."""
    splits = prose()
    train, val, test = (set(splits[name]) for name in ("train", "val", "test"))
    assert len(train) > 500
    assert val
    assert test
    assert not train & val | train & test | val & test


def test_spelling_variants_of_a_sentence_share_a_split() -> None:
    """Documentation repeats itself with other quotes and commas; such twins must not lie on two sides."""
    for sentence in prose()["test"]:
        assert split_of(sentence.upper().replace(",", " ").replace('"', "'")) == "test"


def test_every_sentence_is_written_in_the_alphabet() -> None:
    """A character without a class would stop the training in its middle."""
    assert not {c for sentences in prose().values() for s in sentences for c in s} - set(ALPHABET)


def test_programs_and_tables_are_no_prose() -> None:
    """They stand indented in the documentation, and nobody writes them by hand."""
    assert sentences_of("Real words are here.\n\n    Indented code is here.\n\nMore words are here.") == [
        "Real words are here.",
        "More words are here.",
    ]


def test_a_sentence_with_a_strange_character_is_left_out_whole() -> None:
    """Cutting the character out would leave words that nobody wrote."""
    assert sentences_of("The value of x_1 is known. The rest is plain.") == ["The rest is plain."]


def test_the_user_may_bring_the_text(tmp_path: Path) -> None:
    """People have their own language and their own archive."""
    numbers = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    path = tmp_path / "own.txt"
    path.write_text(" ".join(f"A sentence about {a} and {b}." for a in numbers for b in numbers))
    assert sum(map(len, prose(str(path)).values())) == 100


def test_a_text_too_short_for_three_splits_is_refused(tmp_path: Path) -> None:
    """Otherwise the figure would come from an empty test."""
    path = tmp_path / "short.txt"
    path.write_text("Only one sentence here.")
    with pytest.raises(ExperimentError, match=r"short\.txt: 1 usable sentences .* dataset_args\.text_file"):
        prose(str(path))


def test_a_missing_text_names_the_key_to_mend(tmp_path: Path) -> None:
    """The path may be deep inside a grid."""
    with pytest.raises(ExperimentError, match=r"nowhere\.txt: cannot be read .* dataset_args\.text_file"):
        prose(str(tmp_path / "nowhere.txt"))
