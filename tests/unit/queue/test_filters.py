"""Filters as a text, as a tree, and what they say of values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.errors import UserError
from scheduler.queue.filters import (
    DEEPEST,
    Both,
    Comparison,
    Not,
    Tree,
    Verdict,
    Word,
    is_filter,
    leaves,
    matches,
    parse,
    seconds_of,
    verdict,
)


def shape(tree: Tree) -> Any:
    """The tree as nested lists, without places."""
    if isinstance(tree, Word):
        return tree.text
    if isinstance(tree, Comparison):
        return f"{tree.name}{tree.operator}{tree.value}"
    if isinstance(tree, Not):
        return ["not", shape(tree.of)]
    return ["and" if isinstance(tree, Both) else "or", *map(shape, tree.of)]


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("lr<0.01", "lr<0.01"),
        ("lr < 0.01", "lr<0.01"),
        ("val/cer>=-1e-3", "val/cer>=-1e-3"),
        ("state==failed", "state=failed"),
        ("a=1 or b=2 and c=3", ["or", "a=1", ["and", "b=2", "c=3"]]),
        ("(a=1 or b=2) and c=3", ["and", ["or", "a=1", "b=2"], "c=3"]),
        ("not a=1 and b=2", ["and", ["not", "a=1"], "b=2"]),
        ("not not failed", ["not", ["not", "failed"]]),
        ("failed AND NOT tag:old", ["and", "failed", ["not", "tag:old"]]),
        ("""'val loss'<1 and group="and or" """, ["and", "val loss<1", "group=and or"]),
        ("1-5,9 and name~falcon", ["and", "1-5,9", "name~falcon"]),
        ("note!~'old ('", "note!~old ("),
    ],
)
def test_a_filter_is_read_as_people_mean_it(text: str, tree: Any) -> None:
    """`and` binds closer than `or`, `not` closer than both, and quotes keep what has blanks together."""
    assert shape(parse(text)) == tree
    assert is_filter(text)


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("lr<", 4, "expected a value after lr<"),
        ("lr<0.01 an val<1", 9, 'expected and, or, or the end, not "an"'),
        ("(lr<1", 6, "expected ) for the ( at character 1"),
        ("lr<1)", 5, 'expected and, or, or the end, not ")"'),
        ("lr<fast", 4, 'lr< needs a number or a duration such as 1h30, not "fast"'),
        ("failed and", 11, "expected a comparison such as lr<0.01, or a word such as failed"),
        ("and lr<1", 1, 'or a word such as failed, not "and"'),
        ("a<b<1", 3, "needs a number"),
        ("name='x", 6, "a quote that nothing closes"),
        ("a ! b", 3, '"!" is no operator; operators are'),
        ("<1", 1, 'or a word such as failed, not "<"'),
        ("", 1, "expected a comparison"),
        ("()", 2, "expected a comparison"),
    ],
)
def test_what_is_no_filter_is_said_with_its_place(text: str, at: int, said: str) -> None:
    """Whoever has typed a long one must not look for the letter."""
    with pytest.raises(UserError) as refused:
        parse(text)
    assert f"in the filter '{text}', character {at}: " in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize("text", ["(" * 10_000 + "a=1", "not " * 10_000 + "a=1"])
def test_a_filter_without_an_end_is_refused_and_does_not_break_the_program(text: str) -> None:
    """Python's own limit of recursion would be a traceback."""
    with pytest.raises(UserError, match=f"more than {DEEPEST}"):
        parse(text)


@given(st.text("ab<>=~!()'\" .1notrd", max_size=30))
def test_whatever_is_typed_is_a_filter_or_an_error_for_people(text: str) -> None:
    """Every text that reaches the command line reaches the parser."""
    try:
        tree = parse(text)
    except UserError:
        return
    for each in leaves(tree):
        name = each.text if isinstance(each, Word) else each.name
        assert text[each.at - 1 :].startswith((name, f"'{name}", f'"{name}'))


@pytest.mark.parametrize("word", ["failed", "group:G", "a.yaml", "3f2a9c81", "eager-falcon-12", "1-5", "tag:old", "android"])
def test_words_that_name_jobs_today_are_no_filters(word: str) -> None:
    """They mean what they have meant."""
    assert not is_filter(word)


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("x<1", 0.5, True),
        ("x<1", 1, False),
        ("x<=1", 1.0, True),
        ("x>1h30", 5401, True),
        ("x<1", "0.5", False),
        ("x<2", True, False),
        ("x<1", float("nan"), False),
        ("x!=1", float("nan"), True),
        ("x=1e-3", 0.001, True),
        ("x=3", 3.0, True),
        ("x=3", "3", True),
        ("x=true", True, True),
        ("x=1", True, False),
        ("x=none", None, True),
        ("x=none", "none", True),
        ("x!=none", 0, True),
        ("x=adam", "adam", True),
        ("x=Adam", "adam", False),
        ("x~DAM", "adam", True),
        ("x!~sgd", "adam", True),
        ("x=[1,2]", [1, 2], True),
        ("x~b", {"a": {"b": 1}}, True),
        ("x<inf", 10**400, True),
    ],
)
def test_a_value_is_compared_as_what_it_is(text: str, value: Any, holds: bool) -> None:
    """0.001 is 1e-3, a text has no order, and true is not 1."""
    tree = parse(text)
    assert isinstance(tree, Comparison)
    assert matches(tree, value) is holds


@pytest.mark.parametrize(
    ("text", "seconds"), [("1h30", 5400), ("1h30m", 5400), ("2d", 172800), ("1d12", 129600), ("5m", 300), ("90", 90), ("", None)]
)
def test_a_duration_is_read_as_people_write_it(text: str, seconds: float | None) -> None:
    """1h30 is what a clock shows."""
    assert seconds_of(text) == seconds


TRUTH = {"yes": True, "no": False, "later": None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no and later", False),
        ("later and no", False),
        ("yes and later", None),
        ("yes or later", True),
        ("later or yes", True),
        ("no or later", None),
        ("not later", None),
        ("not (no and later)", True),
        ("yes and yes", True),
        ("no or no", False),
    ],
)
def test_what_is_not_known_yet_counts_only_where_it_decides(text: str, expected: Verdict) -> None:
    """A log is read for those jobs alone that nothing else has decided."""
    tree = parse(text)
    assert verdict(tree, lambda leaf: TRUTH[leaf.text] if isinstance(leaf, Word) else None) is expected
