"""Lines from right to left: the order of reading outside, the order of the image inside."""

from __future__ import annotations

import unicodedata

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("bidi")

import numpy as np  # noqa: E402

from text_recognizer.data.directions import as_read, as_seen, runs_right_to_left  # noqa: E402
from text_recognizer.data.line_set import Lines, LineSplit  # noqa: E402
from text_recognizer.models.line_model import LineModelCtc  # noqa: E402

TEXTS = [
    "שלום עולם",
    "בשנת 1914 היה",
    "אבג (דה) וז",
    "12.5 אבג",
    "שָׁלוֹם",
    "الكتاب ٢٣ على",
    "السَّلامُ",
    "א-1914, ב",
    "אבג abc def דה",
    "abc, 12 (def).",
    "עמ' 3-5",
    "",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_comes_back_from_the_order_of_the_image(text: str) -> None:
    """What is lost on the way counts as an error in every line."""
    text = unicodedata.normalize("NFC", text)
    assert as_read(as_seen(text)) == text
    assert sorted(as_seen(text).translate(str.maketrans("()", ")("))) == sorted(text.translate(str.maketrans("()", ")(")))


def test_the_order_of_the_image_is_from_left_to_right() -> None:
    """Numbers run from left to right within such a line, and brackets are drawn as they look there."""
    assert as_seen("אבג (1914) ד.") == ".ד (1914) גבא"
    assert as_seen("abc (1914).") == "abc (1914)."


def test_marks_stay_with_their_letters_and_texts_come_in_nfc() -> None:
    """A point of vocalisation that wanders to the next letter makes another word."""
    pointed = unicodedata.normalize("NFC", "שָׁלוֹם")
    assert [as_read(as_seen(pointed)), as_read(as_seen("e\u0301 א"))] == [pointed, "\u00e9 א"]


@pytest.mark.parametrize(("alphabet", "expected"), [("אב 1", True), ("ءا", True), ("abc 12", False), ("", False)])
def test_only_alphabets_with_such_characters_are_turned(alphabet: str, expected: bool) -> None:
    """All others must not pay for it, nor need the library."""
    assert runs_right_to_left(alphabet) is expected


def model_of(*texts: str) -> LineModelCtc:
    split = LineSplit(tuple(np.zeros((16, 40), np.uint8) for _ in texts), texts)
    return LineModelCtc(torch.nn.Identity(), Lines(split, split, split, "".join(sorted(set("".join(texts))))))


@pytest.mark.parametrize("text", ["אבג 12 דה", "abc 12"])
def test_ctc_learns_the_order_of_the_image_and_reads_in_that_of_the_text(text: str) -> None:
    """With the order of reading, the network had to write the last column first: 83 % of errors where the same images with their
    texts reversed had 9.5 %."""
    model = model_of(text)
    (batch,) = model.batches(LineSplit((np.zeros((16, 40), np.uint8),), (text,)), 1, torch.device("cpu"))
    assert "".join(model.alphabet[k - 1] for k in batch.classes.tolist()) == as_seen(text)
    path = [k for each in batch.classes.tolist() for k in (each, 0)]
    scores = torch.full((1, len(path), 1 + len(model.alphabet)), -20.0)
    scores[0, range(len(path)), path] = -0.01
    (read,) = model.read(batch, (scores, torch.tensor([len(path)])))
    assert (read.prediction, batch.texts) == (text, (text,))
    assert "".join(c.text for c in read.characters) == text
    places = [c.extent for c in read.characters]
    assert all(places)
    assert (places == sorted(places)) is (as_seen(text) == text)
