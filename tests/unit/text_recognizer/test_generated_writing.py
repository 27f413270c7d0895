"""The generated handwriting: repeatable, held out honestly, and readable in principle."""

from __future__ import annotations

import hashlib
import itertools

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("HersheyFonts")

from text_recognizer.data.characters import CHARACTERS, CLASSES, class_of, generated_characters  # noqa: E402
from text_recognizer.data.drawing import draw  # noqa: E402
from text_recognizer.data.line_set import Lines  # noqa: E402
from text_recognizer.data.lines import cut, generated_lines  # noqa: E402
from text_recognizer.data.options import CharacterOptions, LineOptions  # noqa: E402
from text_recognizer.data.strokes import Ink  # noqa: E402
from text_recognizer.data.styles import BAND_COUNT, BANDS, RANGES, draw_style  # noqa: E402

SMALL = LineOptions(train_size=60, val_size=20, test_size=40)


def fingerprint(lines: Lines) -> str:
    """A hash of all images and texts."""
    splits = (lines.train, lines.val, lines.test)
    parts = [p for s in splits for i, t in zip(s.images, s.texts, strict=True) for p in (i.tobytes(), t.encode())]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def test_the_same_seed_gives_the_same_lines() -> None:
    """Figures compare only when two jobs of a grid see the same data."""
    assert fingerprint(generated_lines(SMALL)) == fingerprint(generated_lines(SMALL))


def test_another_seed_gives_other_lines() -> None:
    """A seed that does nothing would make repetitions worthless."""
    other = LineOptions(train_size=60, val_size=20, test_size=40, seed=1)
    assert fingerprint(generated_lines(SMALL)) != fingerprint(generated_lines(other))


def test_the_test_set_does_not_depend_on_the_size_of_the_training_set() -> None:
    """A study of training sizes must be judged on one test set."""
    more = LineOptions(train_size=70, val_size=20, test_size=40)
    first, second = generated_lines(SMALL).test, generated_lines(more).test
    assert first.texts == second.texts
    assert all(np.array_equal(a, b) for a, b in zip(first.images, second.images, strict=True))


def test_the_same_seed_gives_the_same_characters() -> None:
    """As for lines."""
    options = CharacterOptions(train_size=90, val_size=10, test_size=10)
    a, b = generated_characters(options), generated_characters(options)
    assert np.array_equal(a.train.images, b.train.images)
    assert np.array_equal(a.test.labels, b.test.labels)


def band_of(name: str, value: float) -> int:
    """The band in which a property's value lies, 0 to 10."""
    low, high = RANGES[name]
    return min(int((value - low) / (high - low) * BAND_COUNT), BAND_COUNT - 1)


@pytest.mark.parametrize("split", BANDS)
@pytest.mark.parametrize("name", RANGES)
def test_every_style_keeps_to_the_bands_of_its_split(split: str, name: str) -> None:
    """The claim `unseen slants, pens and jitter` rests on it."""
    rng = np.random.default_rng(0)
    drawn = {band_of(name, getattr(draw_style(split, rng), name)) for _ in range(300)}
    assert drawn == set(BANDS[split])


def test_the_bands_of_the_splits_do_not_touch_each_other() -> None:
    """One band in two splits would let the test see trained styles."""
    for a, b in itertools.combinations(BANDS.values(), 2):
        assert not set(a) & set(b)


def test_the_test_set_lies_beyond_all_bands_of_training() -> None:
    """Gaps alone would only ask for interpolation."""
    assert min(BANDS["test"]) < min(BANDS["train"])
    assert max(BANDS["test"]) > max(BANDS["train"])


def test_a_line_is_wide_enough_for_its_text() -> None:
    """CTC needs a frame per letter and one between equal neighbours; a line below that could never be learned."""
    lines = generated_lines(LineOptions(train_size=300, val_size=1, test_size=1)).train
    for image, text in zip(lines.images, lines.texts, strict=True):
        doubled = sum(a == b for a, b in itertools.pairwise(text))
        assert image.dtype == np.uint8
        assert image.shape[0] == 32
        assert -(-image.shape[1] // 4) >= len(text) + doubled


def test_no_ink_touches_the_upper_or_lower_edge() -> None:
    """Descenders cut off by the frame would make g look like a."""
    lines = generated_lines(LineOptions(train_size=200, val_size=1, test_size=100))
    assert all(image[0].max() < 128 and image[-1].max() < 128 for image in (*lines.train.images, *lines.test.images))


def test_a_cut_is_whole_words_of_its_sentence() -> None:
    """Real language helps a reader only while it stays real."""
    sentence = "When a name is not bound, an attempt to evaluate it raises an exception."
    rng = np.random.default_rng(3)
    for _ in range(200):
        piece = cut(sentence, 20, rng)
        assert 0 < len(piece) <= 20
        assert f" {piece} " in f" {sentence} "


def test_a_word_longer_than_the_line_is_cut() -> None:
    """Otherwise one odd word would break the promised longest text."""
    assert cut("Incomprehensibilities", 10, np.random.default_rng(0)) == "Incomprehe"


def test_all_letters_and_digits_have_a_class() -> None:
    """A letter without a class would only fail in the middle of a generation."""
    assert {CLASSES[class_of(c)] for c in CHARACTERS} == set(CLASSES)
    assert len(CLASSES) == 45


def test_classes_are_equally_frequent() -> None:
    """Accuracy is only then comparable to chance, 1 in 45."""
    labels = generated_characters(CharacterOptions(train_size=450, val_size=1, test_size=1)).train.labels
    assert set(np.bincount(labels)) == {10}


def test_a_wider_pen_leaves_more_ink() -> None:
    """Pens of whole pixels would merge the bands that are to be kept apart."""
    stroke = Ink(np.array([[4.0, 6.0], [30.0, 26.0], [60.0, 6.0]]), np.array([0, 3]))
    ink = [int(draw(stroke, 32, 64, pen).sum()) for pen in (1.0, 1.2, 1.4, 1.6, 1.8, 2.0)]
    assert ink == sorted(set(ink))
