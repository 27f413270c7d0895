"""Which file of a command line its program is."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.experiments.command import program_file
from scheduler.experiments.command.program_file import program_files, settles


def test_the_examples_are_true() -> None:
    """They are what a reader of the module sees first."""
    assert doctest.testmod(program_file).failed == 0


@pytest.mark.parametrize(
    ("command", "program"),
    [
        ("python train.py --config other.py", "train.py"),
        ("/opt/venv/bin/python3.11 -u -W error -X dev src/train.py", "src/train.py"),
        ("bash -eu -o pipefail run.sh train.py", "run.sh"),
        ("env A=1 nice -n 10 python train.py", "train.py"),
        ("uv run train.py", "train.py"),
        ("torchrun --nproc-per-node 2 train.py lr=1", "train.py"),
        ("accelerate launch --num_processes 2 bin/fit.py", "bin/fit.py"),
        ("./train x", "./train"),
        ("bin/train --lr=1", "bin/train"),
        ("/home/me/train --lr=1", "/home/me/train"),
        ("/usr/bin/env python train.py", "train.py"),
        ("Rscript --vanilla fit.R", "fit.R"),
        ("launch --with=/opt/python train", "train"),
    ],
)
def test_the_file_that_a_person_edits_is_found(command: str, program: str) -> None:
    """Each of these ways stands in somebody's file of experiments."""
    assert program_files(command.split()) == (program,)


NOTHING = ["true", "", "python", "python -", "python -c print(1) x.py", "bash -lc ./x.py", "perl -e 1 x.pl", "python -m 3"]


@pytest.mark.parametrize("command", NOTHING)
def test_a_command_without_a_file_of_its_own_has_none(command: str) -> None:
    """A text of the command is part of the experiment, and what is installed is not edited between two runs."""
    assert program_files(command.split()) == ()


def test_a_module_is_a_file_or_a_folder() -> None:
    """`python -m` runs either."""
    assert program_files(["python", "-m", "a.b", "--x=1"]) == ("a/b.py", "a/b/__main__.py")
    assert program_files(["torchrun", "-m", "a"]) == ("a.py", "a/__main__.py")


WORDS = (
    "python",
    "bash",
    "-m",
    "-c",
    "-W",
    "-",
    "--",
    "--x=1",
    "--y=/bin/python",
    "--z=a.py",
    "a.py",
    "a",
    "./a",
    "/bin/env",
    "{}",
    "+a",
    "perl",
)


@given(st.lists(st.sampled_from(WORDS), max_size=6), st.lists(st.sampled_from(WORDS), max_size=3))
def test_what_the_first_words_settle_no_further_words_change(first: list[str], more: list[str]) -> None:
    """For 100,000 experiments of a file it is asked once, and for each of them where it is not settled."""
    if settles(first):
        assert program_files([*first, *more]) == program_files(first)


@given(st.lists(st.sampled_from(WORDS), max_size=6))
def test_one_flag_is_like_another(words: list[str]) -> None:
    """What a grid varies in its flags is no other program: the answer is kept for all of them."""
    assert program_files([f"--other={place}" if word == "--x=1" else word for place, word in enumerate(words)]) == program_files(
        words
    )
