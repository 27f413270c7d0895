"""Programs that read their arguments with argparse: what is said where they do not take `--gpu=-1` and JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.experiments import read
from scheduler.report.log_view import advice

HEAD = "import argparse\np = argparse.ArgumentParser()\n"
ORDINARY = HEAD + "p.add_argument('--lr', type=float)\np.add_argument('-s', '--seed')\nargs = p.parse_args()\n"


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The notes of a file whose program has this source."""
    monkeypatch.chdir(tmp_path)

    def reading(source: str, text: str = "program: train.py", **asked: str) -> tuple:
        (tmp_path / "train.py").write_text(source)
        (tmp_path / "grid.yaml").write_text(f"grid: {{lr: [1, 2]}}\n{text}\n")
        return read("grid.yaml", **asked).notes

    return reading


@pytest.mark.parametrize("text", ["program: train.py", "program: python train.py", "command: [python, train.py, '${args_json}']"])
def test_an_ordinary_script_is_said_not_to_take_json(notes, text: str) -> None:
    """Every job would end at "unrecognized arguments", which says nothing of how to go on."""
    (note,) = notes(ORDINARY, text)
    assert "train.py reads its arguments with argparse and" in note
    assert "--style flags" in note
    assert "${args}" in note


def test_what_it_does_not_know_is_named(notes) -> None:
    """One may be mended where the other is not."""
    assert "knows no --gpu and takes no JSON" in notes(ORDINARY)[0]
    with_gpu = ORDINARY.replace("args =", "p.add_argument('--gpus')\nargs =")
    assert "argparse and takes no JSON" in notes(with_gpu)[0]
    assert "argparse and knows no --gpu, so" in notes(ORDINARY.replace("'-s', '--seed'", "'config'"))[0]


@pytest.mark.parametrize(
    "source",
    [
        ORDINARY.replace("'-s', '--seed'", "'config'").replace("--lr", "--gpu"),
        ORDINARY.replace("parse_args", "parse_known_args"),
        ORDINARY.replace("parse_args()", "parse_args(mine)"),
        ORDINARY.replace("'--lr'", "*names"),
        HEAD.replace("()", "(parents=[base])") + "p.parse_args()",
        HEAD + "s = p.add_subparsers()\np.parse_args()",
        "import sys, json\nprint(json.loads(sys.argv[2]))  # no argparse\n",
        "import argparse\np = argparse.ArgumentParser(\n",
    ],
)
def test_a_script_that_takes_it_or_may_is_left_alone(notes, source: str) -> None:
    """A warning that is false teaches people to read none."""
    assert notes(source) == ()


def test_a_style_that_it_takes_is_no_reason_to_speak(notes) -> None:
    """Who has followed the advice hears no more of it."""
    assert notes(ORDINARY, style="flags") == ()
    assert notes(ORDINARY, "command: [python, train.py, '${args}']") == ()


@pytest.mark.parametrize(
    ("line", "known"),
    [
        ('train.py: error: unrecognized arguments: --gpu=-1 {"lr": 0.1}', True),
        ("Error: No such option: --gpu", True),
        ("train.py: error: unrecognized arguments: --lrr=1", False),
        ("ValueError: --gpu must be a number", False),
    ],
)
def test_the_end_of_a_log_that_tells_of_a_wrong_style_gets_the_way_out(line: str, known: bool) -> None:
    """Programs that could not be looked into beforehand fail with these words."""
    assert ("--style flags" in advice(["usage: train.py", line])) is known
