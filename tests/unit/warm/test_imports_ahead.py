"""Which installed modules a program imports, by its text alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scheduler.warm.command import CODE, MODULE, SCRIPT, Program
from scheduler.warm.imports import Import, imports_of


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages, of which `heavy` is one with parts."""
    packages = tmp_path / "venv" / "lib" / "site-packages"
    (packages / "heavy").mkdir(parents=True)
    (packages / "heavy" / "__init__.py").write_text("raise AssertionError('it was run')")
    for name in ("light", "lazy", "wandb"):
        (packages / f"{name}.py").write_text("")
    monkeypatch.setattr(sys, "path", [*sys.path, str(packages)])
    return packages


def names(found: list[Import]) -> list[str]:
    return [".".join([each.module, *each.names]) for each in found]


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/') if not name.startswith('__') else name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_the_imports_of_a_script_and_of_the_modules_beside_it_are_found(installed: Path, tmp_path: Path) -> None:
    """Also those in a function: a program that reads its arguments first imports there. Nothing is run."""
    work = written(
        tmp_path / "work",
        train="import os, heavy.nn as nn\nfrom mine import thing\nfrom pkg import part\ndef main():\n    import lazy\n",
        mine="import light\nthing = 1\n",
    )
    (work / "pkg").mkdir()
    (work / "pkg" / "__init__.py").write_text("from . import other\n")
    (work / "pkg" / "other.py").write_text("from .part import x\nfrom heavy import optim\n")
    (work / "pkg" / "part.py").write_text("import no_such_module\nx = 1\n")
    found = names(imports_of(Program((), SCRIPT, "train.py"), str(work)))
    assert sorted(found) == ["heavy.nn", "heavy.optim", "lazy", "light"]


def test_what_only_a_type_checker_reads_is_not_imported(installed: Path, tmp_path: Path) -> None:
    """It need not even be installed where the program runs."""
    text = "from typing import TYPE_CHECKING\nimport typing\nif TYPE_CHECKING:\n    import heavy\nelse:\n    import light\n"
    text += "if typing.TYPE_CHECKING:\n    import lazy\n"
    work = written(tmp_path / "work", train=text)
    assert names(imports_of(Program((), SCRIPT, "train.py"), str(work))) == ["light"]


def test_a_tracker_is_left_to_each_job(installed: Path, tmp_path: Path) -> None:
    """It reads the environment of one run when it is loaded."""
    work = written(tmp_path / "work", train="import wandb, light\n")
    assert names(imports_of(Program((), SCRIPT, "train.py"), str(work))) == ["light"]


def test_a_module_of_the_program_hides_an_installed_one_of_its_name(installed: Path, tmp_path: Path) -> None:
    """As it does when the program runs."""
    work = written(tmp_path / "work", train="import heavy\n", heavy="import light\n")
    assert names(imports_of(Program((), SCRIPT, "train.py"), str(work))) == ["light"]


def test_modules_and_code_are_read_too(installed: Path, tmp_path: Path) -> None:
    """`-m` looks from the working directory, and runs the `__main__` of a package."""
    work = tmp_path / "work"
    (work / "pkg").mkdir(parents=True)
    (work / "pkg" / "__init__.py").write_text("")
    (work / "pkg" / "__main__.py").write_text("from heavy import nn\nfrom .deep import x\n")
    (work / "pkg" / "deep.py").write_text("import light\n")
    assert sorted(names(imports_of(Program((), MODULE, "pkg"), str(work)))) == ["heavy.nn", "light"]
    assert sorted(names(imports_of(Program((), MODULE, "pkg.deep"), str(work)))) == ["light"]
    assert names(imports_of(Program((), CODE, "import light"), str(work))) == ["light"]


@pytest.mark.parametrize("text", ["x = = 1", "\0", "import", ""])
def test_a_program_that_cannot_be_read_imports_nothing(installed: Path, tmp_path: Path, text: str) -> None:
    """Its jobs say what is wrong with it."""
    work = written(tmp_path / "work", train=text)
    assert imports_of(Program((), SCRIPT, "train.py"), str(work)) == []
    assert imports_of(Program((), SCRIPT, "nowhere.py"), str(work)) == []
