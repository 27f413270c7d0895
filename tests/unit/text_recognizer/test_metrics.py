"""The figures by which recognisers are compared."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from text_recognizer.metrics import Prediction, accuracy, character_error_rate, edit_distance, word_error_rate

WORDS = st.text("ab ", max_size=6)


def recursive_distance(a: str, b: str) -> int:
    """Straight from the definition, exponential: an oracle for short words."""
    if not a or not b:
        return len(a) + len(b)
    same = recursive_distance(a[1:], b[1:]) + (a[0] != b[0])
    return min(same, 1 + recursive_distance(a[1:], b), 1 + recursive_distance(a, b[1:]))


@given(WORDS, WORDS)
def test_the_edit_distance_agrees_with_its_definition(a: str, b: str) -> None:
    """Every CER rests on it."""
    assert edit_distance(a, b) == recursive_distance(a, b)


def test_long_lines_weigh_more_in_the_error_rate() -> None:
    """Averaging over lines instead would let one short line hide or make a bad figure."""
    predictions = [Prediction("x", "y", 1.0), Prediction("abcdefghi", "abcdefghi", 1.0)]
    assert character_error_rate(predictions) == 0.1


def test_the_error_rate_may_pass_one() -> None:
    """A model that babbles is worse than one that is silent, and must look it."""
    assert character_error_rate([Prediction("a", "bbb", 1.0)]) == 3.0


def test_no_predictions_are_no_success() -> None:
    """An empty set must not win a sweep."""
    assert character_error_rate([]) == 1.0
    assert accuracy([]) == 0.0


def test_accuracy_is_the_share_of_right_answers() -> None:
    """The figure of the character models."""
    assert accuracy([Prediction("a", "a", 0.9), Prediction("b", "a", 0.9)]) == 0.5


def test_words_are_counted_over_the_whole_set() -> None:
    """A mean over lines would let a one-word line weigh as much as a whole sentence."""
    rows = [Prediction("one", "won", 1.0), Prediction("a b c d", "a b d", 1.0), Prediction("x  y", "x y", 1.0)]
    assert word_error_rate(rows) == (1 + 1 + 0) / (1 + 4 + 2)
    assert word_error_rate([]) == word_error_rate([Prediction(" ", "x", 1.0)]) == 1.0
