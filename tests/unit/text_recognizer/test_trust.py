"""Confidences that mean what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

np = pytest.importorskip("numpy")

from text_recognizer.metrics import Character, edit_distance, matched, words_of  # noqa: E402
from text_recognizer.models.trust import Scale, Trust, calibration_error, fitted  # noqa: E402

WORDS = st.text("ab ", max_size=7)


def test_the_calibration_error_is_that_of_a_sum_done_by_hand() -> None:
    """Four at 0.9 of which two are right, one at 0.2 that is wrong: (|3.6 - 2| + |0.2 - 0|) / 5."""
    assert calibration_error([0.9, 0.9, 0.9, 0.9, 0.2], [True, True, False, False, False]) == pytest.approx(0.36)
    assert calibration_error([], []) == 0.0


def test_a_network_that_boasts_is_brought_down() -> None:
    """Right as often as it says is what a confidence promises."""
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.05, 0.95, 5000)
    right = (rng.random(5000) < truth).tolist()
    boasts = [Scale(0.4, 0.5).of(p) for p in truth]
    scale = fitted(boasts, right)
    assert calibration_error(boasts, right) > 0.1
    assert calibration_error([scale.of(p) for p in boasts], right) < 0.03
    assert scale.temperature == pytest.approx(2.5, rel=0.1)


def test_a_handful_of_characters_changes_little() -> None:
    """Three right letters do not make a network infallible, and none at all change nothing."""
    assert fitted([], []) == Scale()
    scale = fitted([0.8, 0.9, 0.8], [True, True, True])
    assert 0.7 < scale.of(0.8) < 0.97


@given(WORDS, WORDS)
def test_what_matches_is_in_both_and_the_rest_are_edits(a: str, b: str) -> None:
    """A letter counted as right that is an insertion would make every confidence look better than it is."""
    found = matched(a, b)
    kept = [c for c, right in zip(a, found, strict=True) if right]
    places = iter(b)
    assert all(c in places for c in kept)
    assert len(a) - len(kept) <= edit_distance(a, b)
    assert max(len(a), len(b)) - len(kept) <= edit_distance(a, b)


def test_a_word_is_as_sure_as_all_of_its_letters() -> None:
    """Words are what people search for."""
    letters = [Character(c, 0.9 if c != "d" else 0.5) for c in "ab cd"]
    trust = Trust(Scale(), Scale())
    assert [trust.word(word) for word in words_of(letters)] == pytest.approx([0.81, 0.45])
