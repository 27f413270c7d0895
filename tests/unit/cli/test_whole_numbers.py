"""Options that take a whole number, in the words of files."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from scheduler.cli import main
from scheduler.cli.numbers import SlotsType, Whole


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (Whole(1), "0", "expected a whole number of 1 or more, found 0"),
        (Whole(0), "x", 'expected a whole number of 0 or more, found "x"'),
        (Whole(1, 65535), "65536", "expected a whole number from 1 to 65,535, found 65536"),
        (SlotsType(), "all", 'expected a whole number of 1 or more, found "all"; or write `auto`'),
    ],
)
def test_what_is_none_is_refused_with_what_would_be_one(kind: click.ParamType, text: str, said: str) -> None:
    """`0 is not in the range x>=1`, and `'x' is not a valid integer range`, are sentences of a library."""
    with pytest.raises(click.BadParameter) as refused:
        kind.convert(text, None, None)
    assert refused.value.message == said


def test_one_is_a_number() -> None:
    """Its bounds are among them."""
    assert [Whole(1, 64).convert(text, None, None) for text in ("1", "64")] == [1, 64]
    assert SlotsType().convert("auto", None, None) == "auto"


def options() -> Iterator[tuple[str, click.Parameter]]:
    """Of every command, with its name."""
    for name in main.COMMANDS:
        command = main.commands.get_command(click.Context(main.commands), name)
        assert command
        yield from ((name, each) for each in command.params)


def test_every_option_with_a_number_says_so_in_these_words() -> None:
    """One that is added next year would bring the library's sentence back."""
    numbers = (click.IntRange, click.types.IntParamType)
    kinds = [(name, each.name, each.type) for name, each in options() if isinstance(each.type, numbers)]
    assert [(name, called) for name, called, kind in kinds if not isinstance(kind, Whole)] == []


def test_that_an_option_may_be_given_again_is_said_in_one_word() -> None:
    """It was told in four ways. Two say something else of it."""
    several = [(name, each) for name, each in options() if isinstance(each, click.Option) and each.multiple]
    others = [(name, each.name) for name, each in several if not (each.help or "").endswith("Repeatable.")]
    assert others == [("ui", "hosts"), ("compare", "by")]
