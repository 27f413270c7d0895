"""Quoting: back to the same arguments."""

from __future__ import annotations

import re
import shlex

from hypothesis import given
from hypothesis import strategies as st

from scheduler.experiments import shell_line

ARGUMENTS = st.lists(st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",))), min_size=1)
AWKWARD = st.lists(st.text(st.sampled_from("\\'\"$`!{} \n#~a")), min_size=1)


@given(ARGUMENTS | AWKWARD)
def test_a_line_is_read_back_as_the_same_arguments(argv):
    """Python's own reader of shell words is the first judge; tests/contract asks real shells."""
    assert shlex.split(shell_line(argv)) == argv


def test_plain_words_stay_plain():
    """People read these lines."""
    assert shell_line(["python", "-m", "a.b", "--gpu=-1", "x y", ""]) == "python -m a.b --gpu=-1 'x y' ''"


FISH = re.compile(r"""(?P<bare>\\.|[^\s'"\\])|'(?P<single>(?:\\[\\']|[^'])*)'|"(?P<double>[^"\\$]*)"|(?P<space> )""", re.DOTALL)


def words_in_fish(line: str) -> list[str]:
    """The words of a line by fish's rules of quoting: https://fishshell.com/docs/current/language.html#quotes."""
    words = [""]
    for part in FISH.finditer(line):
        if part["space"]:
            words.append("")
        elif part["bare"]:
            words[-1] += part["bare"][-1]
        elif part["single"] is not None:
            words[-1] += re.sub(r"\\([\\'])", r"\1", part["single"])
        else:
            words[-1] += part["double"]
    return words


@given(AWKWARD)
def test_fish_reads_the_same_arguments_although_its_single_quotes_have_escapes(argv):
    """Inside single quotes fish reads backslash-quote and backslash-backslash as escapes; other shells do not."""
    assert words_in_fish(shell_line(argv)) == argv
