"""Which command lines start a Python program that a kept interpreter can become."""

from __future__ import annotations

import pytest

from scheduler.warm.command import CODE, MODULE, SCRIPT, Program, behind_env, program_of


@pytest.mark.parametrize(
    ("argv", "program"),
    [
        (["python", "train.py", "--lr", "1"], Program((), SCRIPT, "train.py", ("--lr", "1"))),
        (["/usr/bin/python3.11", "-u", "-O", "a/b.py"], Program(("-u", "-O"), SCRIPT, "a/b.py")),
        (["python3", "-m", "pkg.train", "-v"], Program((), MODULE, "pkg.train", ("-v",))),
        (["python3", "-um", "pkg.train", "x"], Program(("-u",), MODULE, "pkg.train", ("x",))),
        (["python3", "-mpkg"], Program((), MODULE, "pkg")),
        (["python", "-c", "print(1)", "x"], Program((), CODE, "print(1)", ("x",))),
        (["/usr/bin/env", "python3", "-u", "train.py"], Program(("-u",), SCRIPT, "train.py")),
        (["python", "-uBcpass"], Program(("-uB",), CODE, "pass")),
    ],
)
def test_a_program_is_found_behind_the_options_of_its_interpreter(argv: list[str], program: Program) -> None:
    """The interpreter that is kept begins with the same options."""
    assert program_of(argv) == program


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["python"],
        ["python", "-"],
        ["python", ""],
        ["python", "--version"],
        ["python", "-V"],
        ["python", "-i", "train.py"],
        ["python", "-X", "importtime", "train.py"],
        ["python", "-W", "error", "train.py"],
        ["python", "-m"],
        ["python2", "train.py"],
        ["pypy3", "train.py"],
        ["ipython", "train.py"],
        ["uv", "run", "train.py"],
        ["./train.py"],
        ["env", "A=b", "python", "train.py"],
        ["env", "-S", "python train.py"],
        ["sh", "-c", "python train.py"],
    ],
)
def test_all_that_begins_in_another_way_begins_from_nothing(argv: list[str]) -> None:
    """What an option asks of the start of an interpreter can be had from a new one alone."""
    assert program_of(argv) is None


@pytest.mark.parametrize("kind", [list, tuple])
def test_env_becomes_what_it_starts(kind: type) -> None:
    """A job has its words in a tuple, an order in a list."""
    assert list(behind_env(kind(["/usr/bin/env", "python", "a.py"]))) == ["python", "a.py"]
    assert list(behind_env(kind(["python", "env"]))) == ["python", "env"]
    assert list(behind_env(kind([]))) == []


def test_people_read_the_program_without_its_arguments() -> None:
    """They know it by that name; code would fill the screen."""
    found = [program_of(argv) for argv in (["python", "train.py", "x"], ["python", "-m", "pkg"], ["python", "-c", "import x"])]
    assert [each.words for each in found if each] == ["train.py", "-m pkg", "-c ..."]
