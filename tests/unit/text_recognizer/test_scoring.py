"""Error rates with their intervals, by writer, and what is taken for what."""

from __future__ import annotations

import pytest

pytest.importorskip("numpy")

from text_recognizer.metrics import Prediction, character_error_rate, edit_distance, word_error_rate
from text_recognizer.scoring import Line, by_writer, confusions, mistakes, rate_of, worst


def line(written: str, read: str, writer: str = "anna", source: str = "x") -> Line:
    return Line(source, writer, Prediction(written, read, 0.5))


SOME = [
    line("a line", "a lime"),
    line("of two", "of two", "bert"),
    line("and three", "ad tree", "bert"),
    line("four", "", "carl"),
]


def test_the_figures_are_those_of_a_training() -> None:
    """Two programs that count differently cannot be compared."""
    predictions = [x.prediction for x in SOME]
    assert rate_of(SOME, lambda x: x.characters, 10, 0).figure == pytest.approx(character_error_rate(predictions))
    assert rate_of(SOME, lambda x: x.words, 10, 0).figure == pytest.approx(word_error_rate(predictions))


def test_an_interval_is_that_of_writers_and_not_of_lines() -> None:
    """Hundred lines of a hand that is always read wrongly say no more about hands than one does."""
    few = [line("abcd", "abxx" if writer else "abcd", f"w{writer}-{i}") for writer in range(2) for i in range(2)]
    many = [
        line("abcd", "abxx" if writer else "abcd", f"w{writer}-{i}") for writer in range(2) for i in range(2) for _ in range(50)
    ]
    one, other = (rate_of(lines, lambda x: x.characters, 2000, 0) for lines in (few, many))
    assert (one.figure, one.low, one.high) == (other.figure, other.low, other.high)
    assert one.low < one.figure < one.high
    alone = rate_of(many[:50], lambda x: x.characters, 100, 0)
    assert alone.low == alone.figure == alone.high


def test_the_same_seed_draws_the_same_interval() -> None:
    """A figure in a paper must come out again."""
    assert rate_of(SOME, lambda x: x.characters, 3, 0) == rate_of(SOME[::-1], lambda x: x.characters, 3, 0)
    assert rate_of(SOME, lambda x: x.characters, 3, 0) != rate_of(SOME, lambda x: x.characters, 3, 1)


def test_no_line_at_all_is_wrong_throughout() -> None:
    """As in a training; a division by nothing would end the command."""
    assert rate_of([], lambda x: x.characters, 10, 0).figure == 1.0


def test_writers_come_with_the_worst_first() -> None:
    """That is whose lines one looks at."""
    hands = by_writer(SOME)
    assert [hand.writer for hand in hands] == ["carl", "anna", "bert"]
    assert [(hand.lines, hand.characters) for hand in hands] == [(1, 4), (1, 6), (2, 15)]
    assert hands[2].cer == pytest.approx(2 / 15)


def test_the_worst_lines_are_those_with_the_most_edits_for_their_length() -> None:
    """Five edits of five letters are worse than six of fifty."""
    long = line("a long line of which a part is lost", "a long line of which")
    assert [x.prediction.target for x in worst([long, *SOME], 3)] == ["four", long.prediction.target, "and three"]


def test_what_is_taken_for_what_is_counted() -> None:
    """It says which letters a writer's hand lacks, or a network."""
    assert confusions([line("nun", "nnn"), line("un", "nn"), line("a b", "ab")], 2) == [("u", "n", 2), (" ", "", 1)]


@pytest.mark.parametrize(("read", "written"), [("kitten", "sitting"), ("", "ab"), ("ab", ""), ("flaw", "lawn"), ("same", "same")])
def test_as_many_mistakes_are_named_as_there_are_edits(read: str, written: str) -> None:
    """One that is left out or told twice would send people after the wrong letter."""
    found = mistakes(read, written)
    assert len(found) == edit_distance(read, written)
    assert sum(bool(there) for there, taken in found if not taken) - sum(not there for there, _ in found) == len(written) - len(
        read
    )
