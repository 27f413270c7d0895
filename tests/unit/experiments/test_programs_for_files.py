"""A program in the place of a file of experiments."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.experiments.document.document import open_document
from scheduler.experiments.document.scripts import way_of_command


@pytest.mark.parametrize(
    ("name", "text", "way"),
    [
        ("train.py", "print(1)\n", "exec -- python train.py"),
        ("fit model.R", "print(1)\n", "exec -- Rscript 'fit model.R'"),
        ("train", "#!/usr/bin/env python3\nprint(1)\n", "exec -- ./train"),
        ("train.py", "import: 1\n", "exec -- python train.py"),  # it would be YAML
    ],
)
def test_a_script_gets_the_way_to_run_it(name: str, text: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`run train.py` is what many type first, and "expected a mapping" tells them nothing."""
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(text)
    with pytest.raises(UserError, match="this is a program") as refused:
        open_document(name)
    assert way in refused.value.next_step
    assert f"program: {name}" in refused.value.next_step


def test_a_file_of_experiments_is_no_program(tmp_path: Path) -> None:
    """A comment is not a first line of a script."""
    for name, text in (("a.yaml", "# !/bin/sh\na: 1\n"), ("a.json", '{"a": 1}'), ("a", "a: 1\n")):
        (tmp_path / name).write_text(text)
        assert open_document(str(tmp_path / name)).value == {"a": 1}


def test_the_name_of_a_program_gets_the_way_of_commands(tmp_path: Path) -> None:
    """`exp-queue run python train.py` names no file at all."""
    with pytest.raises(UserError, match="no such file; for a command of your own: `exp-queue exec -- sh"):
        open_document("sh")
    assert way_of_command("sh/x") == way_of_command("no-such-program") == ""
