"""The tool that tries the tests, tried itself: it finds a planted survivor, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutation.__main__ import ROOT, TESTS, survivors
from tests.mutation.mutants import mutants
from tests.mutation.trial import Copy

MODULE = '''
def halves(numbers: list[int], most: int = 3) -> list[int]:
    """Half of each positive number."""
    found = []
    while numbers and len(found) < most:
        number = numbers.pop()
        if not number > 0:
            continue
        found.append(number / 2 if f"{number + 1}" else None)
    return found
'''


def found(source: str) -> set[tuple[str, str]]:
    return {(mutant.was, mutant.now) for mutant in mutants(source)}


def test_each_kind_of_fault_is_planted() -> None:
    """A kind that is never planted is a promise that nobody checks."""
    assert found(MODULE) >= {
        ("len(found) < most", "(len(found) <= most)"),
        ("len(found) < most", "(len(found) >= most)"),
        ("numbers and len(found) < most", "(numbers or len(found) < most)"),
        ("numbers and len(found) < most", "(len(found) < most)"),
        ("not number > 0", "(number > 0)"),
        ("number / 2", "(number * 2)"),
        ("2", "(3)"),
        ("continue", "break"),
        ("return found", "return None"),
        ('found.append(number / 2 if f"{number + 1}" else None)', "pass"),
    }
    assert found("x.y = any(z for z in w)\nif x.ok: raise KeyError\n") == {
        ("x.y = any(z for z in w)", "pass"),
        ("any(z for z in w)", "all((z for z in w))"),
        ("if x.ok: raise KeyError", "if not x.ok:\n    raise KeyError"),
        ("raise KeyError", "pass"),
    }


@pytest.mark.parametrize("module", TESTS)
def test_the_tests_that_are_named_for_a_module_are_there(module: str) -> None:
    """Files move; a name that leads nowhere must not be noticed only after an hour of mutants."""
    assert [name for tier in TESTS[module] for name in tier if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("module", TESTS)
def test_every_mutant_is_python_with_one_fault(module: str) -> None:
    """One that cannot be compiled would be noticed by every test, and so would say nothing about them."""
    source = (ROOT / module).read_text()
    made = list(mutants(source))
    assert len(made) > 5
    for mutant in made:
        ast.parse(mutant.source)
        assert mutant.source != source


SMALL = """
import time

def counted_down(number):
    while number > 0:
        time.sleep(0.001)
        number -= 1
    return number
"""


def test_a_planted_survivor_is_found_and_the_tree_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """The planted test looks at a 1 alone, so it cannot tell `> 0` from `>= 0`; it notices all the rest."""
    (tmp_path / "module.py").write_text("def positive(number):\n    return number > 0\n")
    (tmp_path / "test_module.py").write_text("from module import positive\n\ndef test_one():\n    assert positive(1)\n")
    assert survivors(tmp_path, "module.py", (["test_module.py"],)) == 1
    assert capsys.readouterr().out == "module.py:2: number > 0 -> (number >= 0)\n"
    assert (tmp_path / "module.py").read_text() == "def positive(number):\n    return number > 0\n"


@pytest.mark.slow
def test_tests_that_never_end_count_as_having_noticed(tmp_path: Path) -> None:
    """A mutant that counts in the wrong direction must not stop the whole run."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "module.py").write_text(SMALL)
    (tmp_path / "root" / "test_module.py").write_text("from module import counted_down\n\ndef test_two():\n    counted_down(2)\n")
    (endless,) = [mutant for mutant in mutants(SMALL) if mutant.now == "number += 1"]
    copy = Copy(tmp_path / "root", tmp_path / "tree", [["test_module.py"]], patience=0)
    assert copy.notices("module.py", endless)


def test_tests_that_fail_anyway_are_refused(tmp_path: Path) -> None:
    """They would notice every mutant."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "test_module.py").write_text("def test_nothing():\n    assert False\n")
    with pytest.raises(RuntimeError, match="mend them first"):
        Copy(tmp_path / "root", tmp_path / "tree", [["test_module.py"]])


LEAVES = """
import os, subprocess

def test_it_leaves_a_process():
    with open("pid", "w") as file:
        file.write(str(subprocess.Popen(["sleep", "600"], start_new_session=True).pid))
"""


def test_what_a_mutant_leaves_running_is_ended(tmp_path: Path, until) -> None:
    """Hours of mutants leave hundreds of launchers, and some of these never rest: the machine became useless to others."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "test_module.py").write_text(LEAVES)
    Copy(tmp_path / "root", tmp_path / "tree", [["test_module.py"]])
    left = Path("/proc", (tmp_path / "tree" / "pid").read_text())
    until(lambda: not left.exists() or ") Z " in (left / "stat").read_text())
