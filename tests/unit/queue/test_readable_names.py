"""Names and tags, before any queue is asked."""

from __future__ import annotations

import pytest

from scheduler.errors import UserError
from scheduler.experiments import remarks
from scheduler.queue import names


def test_the_words_of_a_name_come_from_the_id_alone() -> None:
    """A name that changed with a release would name another job in somebody's notes."""
    assert names.name_of("3f2a9c81" * 4, 12) == "sturdy-ibis-12"
    assert (len(set(names.ADJECTIVES)), len(set(names.NOUNS))) == (128, 160)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("failed", "is a word that names jobs itself"),
        ("Last", "is a word that names jobs itself"),
        ("cafe", "could be the beginning of an id"),
        ("mine.yaml", "looks like a file"),
        ("eager-falcon-12", "has the form of the names that the queue gives itself"),
        ("tag:mine", "begins with a letter"),
        ("a..b", "begins with a letter"),
        ("two words", "begins with a letter"),
        ("3rd", "begins with a letter"),
        ("", "begins with a letter"),
        ("x" * 65, "at most 64"),
    ],
)
def test_what_means_something_else_is_no_name(text: str, why: str) -> None:
    """A job that is called `failed` would be cancelled with all that failed, or could never be named at all."""
    with pytest.raises(UserError, match=why):
        names.new_name(text)


@pytest.mark.parametrize("text", ["baseline", "lr-too-high", "run_2.1", "Grundlinie-ä", "eager-falcon"])
def test_what_people_call_a_run_is_a_name(text: str) -> None:
    """Whatever can be typed in a shell without quotes, in their own letters."""
    assert names.new_name(text) == text


@pytest.mark.parametrize("text", ["two words", "", "-x", "+x", "a,b", "y" * 65])
def test_a_tag_is_one_word(text: str) -> None:
    """Tags are typed after `tag:`, and kept with spaces between them."""
    with pytest.raises(UserError, match="a tag begins with a letter or a digit"):
        remarks.tag(text)
